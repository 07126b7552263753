"""What is asked of a cluster before the first write, where it may not be asked.

Matrix: the operator's Deployment that may not be looked for, with and without --adopt; other refusals. Left out: an
operator that is there (tests/cluster/test_adopt.py), and stale nodes (test_surveying.py).
"""

from __future__ import annotations

import pytest
from kube_double import Double, lacking

from sro_apply.checking import check_operator
from sro_apply.kube.errors import PermanentError


@pytest.mark.parametrize("adopts", [True, False])
def test_who_may_not_look_for_the_operator_is_told_what_it_lacks(adopts: bool) -> None:
    refused = lacking("read Deployment//", "list", "deployments")
    (finding,) = check_operator(Double(lambda *_: refused), adopts=adopts)
    assert (finding.code, finding.message, finding.hint) == (
        "operator-unseen",
        f"whether the Special Resource Operator works here cannot be seen: {refused.finding.message}",
        refused.finding.hint,
    )


def test_any_other_refusal_is_an_error() -> None:
    error = PermanentError("server-unauthorized", "read Deployment//: log in")
    error.status = 401
    with pytest.raises(PermanentError, match="log in"):
        check_operator(Double(lambda *_: error), adopts=False)
