"""The page of a diff as text: what a browser need not be asked.

Matrix: the policy and its hashes, escaping and nesting as Python's own HTML parser reads them, sameness of
bytes, what is beside what for each form of value, and what is cut. What the page does is tested in
tests/browser.
"""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import diff_samples
import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from sro_render.diff.records import BundleShape, ChangeKind, Diff
from sro_render.edges.page_assets import page_assets
from sro_render.model.objects import JsonValue
from sro_render.review.diff_html import html_report
from sro_render.review.page.markup import raw, tag
from sro_render.review.page.tally import tally
from sro_render.review.page.values import MAX_LINES, sides

VOID = {"meta", "input"}
SAMPLES = {"upgrade": diff_samples.upgrade, "hostile": diff_samples.hostile}


class Reader(HTMLParser):
    """Notes every element and attribute, and every end that does not fit."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}>")


def page(diff: Diff) -> str:
    return html_report(diff, page_assets())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_element_ends_where_it_should(name: str) -> None:
    assert Reader(page(SAMPLES[name]())).faults == []


def test_a_hostile_name_makes_no_element_and_no_attribute_that_others_do_not() -> None:
    calm, hostile = Reader(page(diff_samples.upgrade())), Reader(page(diff_samples.hostile()))
    assert set(hostile.tags) <= set(calm.tags)
    names = {name for name, _ in hostile.attributes}
    assert names <= {name for name, _ in calm.attributes}
    assert not any(name.startswith("on") or name in {"src", "style"} for name in names)


@pytest.mark.parametrize("name", SAMPLES)
def test_links_lead_to_places_of_the_page_and_ids_are_there_once(name: str) -> None:
    reader = Reader(page(SAMPLES[name]()))
    ids = [value for key, value in reader.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = {value for key, value in reader.attributes if key == "href"}
    assert links <= {f"#{each}" for each in ids}
    for key in ("aria-labelledby", "aria-describedby", "for"):
        named = {each for name, value in reader.attributes if name == key for each in value.split()}
        assert named <= set(ids)


def test_nothing_that_cannot_be_seen_is_left_in_a_page() -> None:
    text = page(diff_samples.hostile())
    assert (
        re.search("[\x00-\x09\x0b-\x1f\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
        is None
    )
    text.encode()


def test_the_policy_allows_the_page_s_own_script_and_style_and_nothing_else() -> None:
    text = page(diff_samples.upgrade())
    (policy,) = re.findall(r'Security-Policy" content="([^"]*)"', text)
    hashes = []
    for element in ("script", "style"):
        (inner,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = b64encode(sha256(inner.encode()).digest()).decode()
        hashes.append(f"{element}-src &#39;sha256-{digest}&#39;")
    assert (
        policy
        == f"default-src &#39;none&#39;; {hashes[0]}; {hashes[1]}; base-uri &#39;none&#39;; form-action &#39;none&#39;"
    )


def test_script_and_style_load_nothing() -> None:
    assets = page_assets()
    assert re.search(r"url\(|@import|src:", assets.style) is None
    assert (
        re.search(r"fetch|XMLHttp|import|WebSocket|EventSource|sendBeacon|innerHTML|eval", assets.script)
        is None
    )


PROGRAM = """
import sys
import diff_samples
from sro_render.edges.page_assets import page_assets
from sro_render.review.diff_html import html_report
sys.stdout.buffer.write(html_report(diff_samples.upgrade(), page_assets()).encode())
"""


def test_the_same_diff_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    folder = Path(diff_samples.__file__).parent
    pages = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert pages == {page(diff_samples.upgrade()).encode()}


def text_of(markup: str) -> str:
    """Markup without its elements, `|` in their place; the line break that `pre` begins with is no text."""
    return re.sub(r"(?:<(?!del|/del|ins|/ins)[^>]*>)+", "|", str(markup).replace("<pre>\n", "<pre>")).strip(
        "|"
    )


# Before, after -> what stands beside each other, `|` between its parts.
VALUES: list[tuple[JsonValue | UnsetType, JsonValue | UnsetType, str]] = [
    ("a:1", "a:2", "before|a:<del>1</del>|after|a:<ins>2</ins>"),
    ("driver:2.4.1", "driver:2.5.0", "before|driver:2.<del>4.1</del>|after|driver:2.<ins>5.0</ins>"),
    ("a b", "a new b", "before|a b|after|a <ins>new </ins>b"),
    ("abc", "abcd", "before|abc|after|abcd"),
    (8, "8", "before|8|after|&#34;8&#34;"),
    (True, False, "before|true|after|false"),
    (UNSET, None, "before|not set|after|null\n"),
    ("aa.aa", "aa.aa.aa", "before|aa.aa|after|aa.aa<ins>.aa</ins>"),
    # A string is no mapping, however alike they are written.
    ({"a": 1}, "a: 1", "before|a: 1|after|&#34;a: 1&#34;"),
    ("x\ny", "x\ny\n", "before|x\ny\n|after|x\ny\n|\n"),
    ("x\ny", "x\nz", "before|x\n|after|x\n|y\n|z\n"),
]


@pytest.mark.parametrize(("before", "after", "shown"), VALUES)
def test_what_differs_is_marked(
    before: JsonValue | UnsetType, after: JsonValue | UnsetType, shown: str
) -> None:
    assert text_of(sides(before, after)) == shown


def test_a_difference_far_down_a_long_text_is_shown_with_what_is_around_it() -> None:
    lines = [f"line {number}" for number in range(5_000)]
    changed = [*lines[:4_000], "another line", *lines[4_001:]]
    shown = text_of(sides("\n".join(lines), "\n".join(changed)))
    assert "… 3,997 equal lines" in shown
    assert "line 4000" in shown
    assert "another line" in shown
    assert "line 3997" in shown
    assert "line 4003" in shown
    assert "line 4004" not in shown


def test_of_texts_that_differ_throughout_so_many_lines_are_shown_and_the_others_counted() -> None:
    shown = sides("\n".join(["a"] * 1_000), "\n".join(["b"] * 900))
    assert f"… {1_000 - MAX_LINES} more lines" in shown
    assert f"… {900 - MAX_LINES} more lines" in shown


def test_a_difference_in_a_very_long_line_is_shown_with_what_is_around_it() -> None:
    shown = text_of(sides("x" * 10_000 + "a" + "y" * 10_000, "x" * 10_000 + "b" + "y" * 10_000))
    assert "<del>a</del>" in shown
    assert "… 9,800 equal characters" in shown
    assert len(shown) < 2_000


def test_a_rollover_counts_in_both_kernels_and_once_in_its_state() -> None:
    counted = tally(diff_samples.upgrade())
    assert counted.changed_in("orion", "1000-build") == 1
    for kernel in (diff_samples.OLD, diff_samples.NEW):
        assert counted.changes["orion", "1000-build", kernel] == {ChangeKind.ROLLED_OVER: 1}
    assert sum(counted.states.values()) == len(diff_samples.upgrade().changes)


def test_many_nodes_are_all_in_the_page() -> None:
    text = page(diff_samples.large(40))
    assert all(node.name in text for node in diff_samples.large(40).touched)


def test_nodes_that_no_lock_tells_are_not_said_to_be_none() -> None:
    diff = diff_samples.upgrade()
    plain = replace(diff, before=BundleShape(name="a.yaml"), touched=(), losses=())
    text = page(plain)
    assert "Which nodes this touches is not known" in text
    assert "would lose a driver" not in text
    assert "No node" not in text


def test_a_style_or_script_that_ends_its_element_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="ends where its element does"):
        raw("</SCRIPT>")


def test_an_attribute_shows_what_cannot_be_seen() -> None:
    assert tag("a", "x", title='\u202e"') == '<a title="&lt;U+202E&gt;&#34;">x</a>'


def test_when_the_page_is_full_marked_changes_still_unfold_and_the_others_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sro_render.review.page.changes.MAX_DETAILS", 1)
    text = page(diff_samples.upgrade())
    first_marked = text.split('id="c2"')[1].split("</article>")[0]
    others = [text.split(f'id="c{number}"')[1].split("</article>")[0] for number in (1, 3, 4, 5, 6, 7)]
    full = "No room for its fields on this page. -o json has everything."
    assert full not in first_marked
    assert all(full in each for each in others)


def test_fields_objects_and_names_beyond_the_limits_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_FIELDS", "MAX_OBJECTS"):
        monkeypatch.setattr(f"sro_render.review.page.changes.{name}", 2)
    text = page(diff_samples.upgrade())
    assert "1 field more, not shown. -o json has everything." in text
    assert "1 object more, not shown. -o json has everything." in text


def test_kernels_beyond_the_columns_of_the_matrix_are_counted_and_changed_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sro_render.review.page.matrix.MAX_KERNELS", 2)
    text = page(diff_samples.upgrade())
    assert "3 kernels more, not shown here: the filter below has all of them." in text


def test_special_resources_beyond_the_drawing_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sro_render.review.page.graph.MAX_RESOURCES", 1)
    assert "1 SpecialResource more, only in the list." in page(diff_samples.upgrade())


def test_a_folded_change_says_where_its_kernels_have_digests_of_their_own() -> None:
    diff = diff_samples.upgrade()
    folded = tuple(replace(each, has_digests=len(each.changes) > 1) for each in diff.folded)
    text = page(replace(diff, folded=folded))
    assert text.count("The same in 3 objects; digests differ from kernel to kernel;") == 1
