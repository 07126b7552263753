"""Registries that answer wrongly or with malice.

Matrix: redirected blobs, digests and sizes that differ, manifests of other things, lists over several pages
and lists that lead away, challenges (realm on http, none, a redirect's, unknown), token answers, who gets
credentials and tokens. Left out: registries that answer well (tests/helm/test_vendor.py).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sro_render.charts.oci import parse_challenges, parse_reference
from sro_render.edges.oci_registry import Registry
from sro_render.edges.web import Credentials, Patience, Web
from sro_render.errors import InputError, SroError
from sro_render.limits import Limits

FAST = Patience(attempts=2, first_pause_s=0.01, connect_s=2, silence_s=2, request_s=5)
ANN = Credentials(username="ann", password="s3cret")
DATA = b"an archive"
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
MANIFEST = "/v2/charts/kmod/manifests/1.0.0"
BLOB = f"/v2/charts/kmod/blobs/{DIGEST}"
TOKEN = "/token?service=s&scope=repository%3Acharts%2Fkmod%3Apull"
Ask = Callable[..., Registry]


def manifest(**more: Any) -> bytes:
    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": DIGEST}
    return json.dumps(
        {
            "schemaVersion": 2,
            "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"},
            "layers": [{**layer, "size": len(DATA), **more.pop("layer", {})}],
            **more,
        }
    ).encode()


def challenge(text: str) -> dict[str, Any]:
    return {"status": 401, "headers": (("WWW-Authenticate", text),)}


@pytest.fixture
def server(serve: Any) -> Any:
    made = serve()
    made.answer(MANIFEST, manifest())
    made.answer(BLOB, DATA)
    return made


@pytest.fixture
def ask(server: Any, certificates: Any) -> Ask:
    def make(credentials: Credentials | None = ANN, *, plain_http: bool = False) -> Registry:
        # The registry has TLS whatever the option says: that is for other addresses here.
        web = Web(patience=FAST, say=lambda _: None, ca_file=str(certificates.ca), plain_http=plain_http)
        reference = parse_reference(f"oci://127.0.0.1:{server.port}/charts", "kmod")
        return Registry(web, reference, Limits(), find_credentials=lambda: credentials, plain_http=False)

    return make


def pull(registry: Registry, wanted: str = "1.0.0") -> bytes:
    return registry.pull("kmod", wanted)[1]


def fault(registry: Registry, *servers: Any, wanted: str = "1.0.0") -> str:
    with pytest.raises(SroError) as error:
        pull(registry, wanted)
    text = str(error.value)
    for number, server in enumerate(servers, 1):
        text = text.replace(f":{server.port}", f":PORT{number}")
    return text


def seen(server: Any) -> dict[str, str | None]:
    return {path: headers.get("authorization") for path, headers in server.requests}


def test_nobody_is_told_who_asks_before_they_want_to_know(server: Any, ask: Ask) -> None:
    assert pull(ask()) == DATA
    assert seen(server) == {MANIFEST: None, BLOB: None}


def test_a_blob_may_lie_elsewhere_which_gets_no_credentials(server: Any, ask: Ask, serve: Any) -> None:
    storage = serve()
    storage.answer("/s?signature=x", DATA)
    server.answer(MANIFEST, challenge('Basic realm="r"'), manifest())
    server.answer(BLOB, {"status": 307, "headers": (("Location", f"{storage.url}/s?signature=x"),)})
    assert pull(ask()) == DATA
    assert seen(server) == {MANIFEST: ANN.basic(), BLOB: ANN.basic()}
    assert seen(storage) == {"/s?signature=x": None}


def test_a_redirects_target_does_not_get_to_ask_for_credentials(server: Any, ask: Ask, serve: Any) -> None:
    other = serve()
    other.answer("/m", challenge('Basic realm="r"'))
    server.answer(MANIFEST, {"status": 302, "headers": (("Location", f"{other.url}/m"),)})
    assert "the server answers 401 Unauthorized" in fault(ask(), server)
    assert seen(other) == {"/m": None}


def test_a_token_goes_to_the_registry_alone(server: Any, ask: Ask, serve: Any) -> None:
    realm, storage = serve(), serve()
    realm.answer(TOKEN, b'{"access_token": "abc"}')
    storage.answer("/s", DATA)
    bearer = f'Bearer realm="{realm.url}/token",service="s",scope="registry:catalog:*"'
    server.answer(MANIFEST, challenge(bearer), manifest())
    server.answer(BLOB, {"status": 307, "headers": (("Location", f"{storage.url}/s"),)})
    assert pull(ask()) == DATA
    assert (seen(realm), seen(storage)) == ({TOKEN: ANN.basic()}, {"/s": None})
    assert seen(server) == {MANIFEST: "Bearer abc", BLOB: "Bearer abc"}


def test_a_realm_that_is_not_encrypted_gets_nothing(server: Any, ask: Ask, serve: Any) -> None:
    realm = serve(tls=False)
    server.answer(MANIFEST, challenge(f'Bearer realm="{realm.url}/token",service="s"'))
    assert fault(ask(plain_http=True), server, realm) == (
        "error[server-redirects]: http://127.0.0.1:PORT2/token is not encrypted, and https led there\n"
        "  note: https://127.0.0.1:PORT1/v2/charts/kmod/ leads there\n"
        "  help: ask whoever runs that server"
    )
    assert realm.requests == []


def test_a_realm_that_leads_away_takes_no_credentials_along(server: Any, ask: Ask, serve: Any) -> None:
    realm, other = serve(), serve()
    realm.answer(TOKEN, {"status": 302, "headers": (("Location", f"{other.url}/t"),)})
    other.answer("/t", b'{"token": "abc"}')
    server.answer(MANIFEST, challenge(f'Bearer realm="{realm.url}/token",service="s"'), manifest())
    assert pull(ask()) == DATA
    assert seen(other) == {"/t": None}


def test_a_realm_that_refuses_is_told(server: Any, ask: Ask, serve: Any) -> None:
    realm = serve()
    realm.answer(TOKEN, {"status": 403})
    server.answer(MANIFEST, challenge(f'Bearer realm="{realm.url}/token",service="s"'))
    told = fault(ask(), server, realm)
    assert told.startswith(
        "error[server-refused]: https://127.0.0.1:PORT2/token: the server answers 403 Forbidden\n"
    )
    assert "s3cret" not in told


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"token": 1}', b'{"token": "a\\r\\nX: y"}', b'{"token": "\xc3\xa9"}']
)
def test_a_realm_without_a_usable_token_is_told(server: Any, ask: Ask, serve: Any, answer: bytes) -> None:
    realm = serve()
    realm.answer(TOKEN, answer)
    server.answer(MANIFEST, challenge(f'Bearer realm="{realm.url}/token",service="s"'))
    assert fault(ask(), server, realm) == (
        "error[registry-answer]: the token service answers without a token\n"
        "  --> https://127.0.0.1:PORT2/token\n"
        "  help: ask whoever runs the registry"
    )


@pytest.mark.parametrize(
    "text", ["", "Negotiate", 'Digest realm="r", nonce="n"', "Bearer", 'Basic realm="r"']
)
def test_a_challenge_that_cannot_be_met_is_a_refusal(server: Any, ask: Ask, text: str) -> None:
    server.answer(MANIFEST, challenge(text))
    assert fault(ask(None), server).startswith(
        f"error[server-refused]: https://127.0.0.1:PORT1{MANIFEST}: the server answers 401 Unauthorized\n"
    )
    assert len(server.requests) == 1


def test_credentials_that_do_not_help_are_sent_once(server: Any, ask: Ask) -> None:
    server.answer(MANIFEST, challenge('Basic realm="r"'))
    assert "401 Unauthorized" in fault(ask(), server)
    assert [headers.get("authorization") for _, headers in server.requests] == [None, ANN.basic()]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            b"[]",
            (
                "error[registry-answer]: the registry's answer is not a JSON object\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: is this the address of an OCI registry?"
            ),
        ),
        (
            manifest(config={"mediaType": "application/vnd.docker.container.image.v1+json"}),
            (
                "error[not-a-chart]: this is no Helm chart, but of the type "
                "application/vnd.docker.container.image.v1+json\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: name a repository into which `helm push` put a chart"
            ),
        ),
        (
            b'{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}',
            (
                "error[not-a-chart]: this is no Helm chart, but of the type "
                "application/vnd.oci.image.index.v1+json\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: name a repository into which `helm push` put a chart"
            ),
        ),
        (
            manifest(layers=[]),
            (
                "error[not-a-chart]: this chart has 0 archives instead of one\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: name a repository into which `helm push` put a chart"
            ),
        ),
        (
            manifest(layer={"digest": "md5:0123"}),
            (
                "error[registry-answer]: the manifest has no usable digest and size for the archive\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: push the chart again with `helm push`"
            ),
        ),
        (
            manifest(layer={"digest": f"sha256:../../../{'0' * 55}"}),
            (
                "error[registry-answer]: the manifest has no usable digest and size for the archive\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: push the chart again with `helm push`"
            ),
        ),
        (
            manifest(layer={"size": 2**30}),
            (
                "error[archive-size]: the archive has 1073741824 bytes; at most 20971520 bytes are allowed\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                "  help: leave out what the chart does not need, or allow more: --limit archive-bytes=NUMBER"
            ),
        ),
        (
            manifest(layer={"size": len(DATA) + 1}),
            (
                "error[chart-digest]: the archive is not what the registry states: size or digest differ\n"
                "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
                f"  note: stated: {DIGEST}\n"
                "  help: somebody between here and the registry changes what is sent, or the registry is damaged"
            ),
        ),
        (
            manifest(layer={"size": len(DATA) - 1}),
            (
                f"error[server-too-much]: https://127.0.0.1:PORT1{BLOB} has more than {len(DATA) - 1} bytes\n"
                "  help: look at what is served there, or take more: `sro-render vendor --limit`"
            ),
        ),
    ],
)
def test_a_manifest_of_something_else_is_told(server: Any, ask: Ask, body: bytes, told: str) -> None:
    server.answer(MANIFEST, body)
    assert fault(ask(), server) == told


def test_an_archive_of_another_digest_is_told(server: Any, ask: Ask) -> None:
    server.answer(BLOB, DATA[::-1])
    assert fault(ask(), server) == (
        "error[chart-digest]: the archive is not what the registry states: size or digest differ\n"
        "  --> oci://127.0.0.1:PORT1/charts/kmod:1.0.0\n"
        f"  note: stated: {DIGEST}\n"
        "  help: somebody between here and the registry changes what is sent, or the registry is damaged"
    )


def test_a_manifest_of_another_digest_is_told(server: Any, ask: Ask) -> None:
    server.answer(MANIFEST, {"body": manifest(), "headers": (("Docker-Content-Digest", DIGEST),)})
    assert fault(ask(), server).startswith(
        "error[chart-digest]: the manifest is not what the registry states: size or digest differ\n"
    )


def test_a_list_of_tags_may_have_several_pages(server: Any, ask: Ask) -> None:
    first = "/v2/charts/kmod/tags/list"
    link = (("Link", f'<{first}?last=1.0.0&n=2>; rel="next"'),)
    server.answer(first, {"body": b'{"tags": ["1.0.0", "v9.0.0", "9.0"]}', "headers": link})
    server.answer(f"{first}?last=1.0.0&n=2", b'{"tags": ["1.1.0", "latest", 7, null]}')
    server.answer("/v2/charts/kmod/manifests/1.1.0", manifest())
    assert ask().pull("kmod", "*") == ("1.1.0", DATA)


def test_a_list_of_tags_that_leads_away_is_told_and_not_followed(server: Any, ask: Ask, serve: Any) -> None:
    other = serve()
    link = (("Link", f'<{other.url}/v2/charts/kmod/tags/list>; rel="next"'),)
    server.answer("/v2/charts/kmod/tags/list", {"body": b'{"tags": []}', "headers": link})
    assert fault(ask(), server, other, wanted="*") == (
        "error[server-redirects]: https://127.0.0.1:PORT1/v2/charts/kmod/tags/list does not end: it leads to "
        "https://127.0.0.1:PORT2/v2/charts/kmod/tags/list\n"
        "  help: name the version with all of its numbers, so that no list is needed"
    )
    assert other.requests == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a/t",service="s"', {"bearer": {"realm": "https://a/t", "service": "s"}}),
        (
            'bearer Realm = "https://a/t?x=y,z" , scope=q',
            {"bearer": {"realm": "https://a/t?x=y,z", "scope": "q"}},
        ),
        (r'Basic realm="a \"b\", c"', {"basic": {"realm": 'a "b", c'}}),
        (
            'Basic realm="r", Bearer realm="https://a/t"',
            {"basic": {"realm": "r"}, "bearer": {"realm": "https://a/t"}},
        ),
        ("Negotiate", {}),
        ("", {}),
    ],
)
def test_challenges_are_read_as_the_standard_writes_them(header: str, expected: Any) -> None:
    assert parse_challenges(header) == expected


def test_a_challenge_of_many_parts_is_read_in_time() -> None:
    assert list(parse_challenges("Bearer " + 'a="b",' * 20_000 + "!")) == ["bearer"]


@pytest.mark.parametrize("header", ["A" * 64_000, "A " + "a" * 64_000, "A a=b" + " " * 64_000])
def test_a_challenge_without_end_is_read_in_time(header: str) -> None:
    start = time.process_time()
    parse_challenges(header)
    assert time.process_time() - start < 1


def test_a_link_without_end_is_read_in_time(server: Any, ask: Ask) -> None:
    links = {"headers": (("Link", "<" * 60_000),), "body": b'{"tags": ["1.0.0"]}'}
    server.answer("/v2/charts/kmod/tags/list", links)
    start = time.process_time()
    assert pull(ask(), "^1") == DATA
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "url", ["oci://h/A", "oci:///a", "oci://h/a/../b", "oci://[", "oci://h/a b", "oci://h/-a"]
)
def test_a_name_that_no_registry_has_is_told(url: str) -> None:
    with pytest.raises(InputError, match=r"error\[chart-reference\]"):
        parse_reference(url, "kmod")
