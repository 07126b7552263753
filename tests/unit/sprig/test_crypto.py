"""Keys, certificates and passwords: what no helm run shows.

Matrix: how each value follows from the seed (derived once more here, and pinned), values that differ
from each other, errors of the user with message and hint, faults that are put out as text, calls that
end in time, inputs that are large or made to be slow, numbers that are prime and not, elements of DER.
Left out: forms and encodings, which the real helm judges (tests/helm/test_functions_crypto.py).

Why the derivation is pinned: whoever renders again with the same seed must get the same keys, also with
a later version of this program, of Python or of a library; else every render replaces the certificates
of a running cluster. The tests derive the values from the tables in crypto.py and passwords.py with code
of their own; the digests below are those of values that passed it, so that a change of both breaks too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from math import lcm

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine, Rendering
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import LimitError, TemplateError, describe
from sro_render.gotemplate.functions import Families
from sro_render.limits import Limits
from sro_render.sprig import der, keys, pem, primes
from sro_render.sprig.ambient import Ambient, Stream
from sro_render.sprig.certificates import CertificateFault, parse_certificate
from sro_render.sprig.registry import FAMILIES

HEAD = b"apiVersion: v2\nname: c\nversion: 1.0.0\n"
SEED = b"a seed of the test, 32 bytes long"
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
AMBIENT = Ambient(now=NOON, seed=SEED)
ED_KEY = keys.Ed25519Key(bytes(range(32))).pem()


def run(
    template: str,
    ambient: Ambient = AMBIENT,
    release: str = "r",
    name: str = "a",
    deadline: Callable[[], None] | None = None,
) -> Rendering:
    chart = load_chart({"Chart.yaml": HEAD, f"templates/{name}": template.encode()}, "c", Limits())
    engine = Engine(chart, Limits(), ambient)
    values = {"key": ED_KEY, "b64key": base64.b64encode(ED_KEY.encode()).decode()}
    return engine.render(values, Release(name=release, namespace="n"), Capabilities(), deadline=deadline)


def render(template: str, ambient: Ambient = AMBIENT, release: str = "r", name: str = "a") -> str:
    return run(template, ambient, release, name).texts[f"c/templates/{name}"]


# How values follow from the seed


def stream(key: bytes, label: bytes) -> Iterator[int]:
    """The bytes of HMAC-SHA-256 in counter mode."""
    count = 0
    while True:
        yield from hmac.digest(key, label + b"\0" + count.to_bytes(8, "big"), "sha256")
        count += 1


def call(function: str, number: int = 0) -> Iterator[int]:
    return stream(SEED, f"n/r\0c/templates/a\0{function}\0{number}".encode())


def take(data: Iterator[int], size: int) -> bytes:
    return bytes(next(data) for _ in range(size))


def take_number(data: Iterator[int], size: int) -> int:
    return int.from_bytes(take(data, size), "big")


def take_below(data: Iterator[int], limit: int) -> int:
    size = (limit.bit_length() + 7) // 8
    whole = 256**size // limit * limit
    return next(n % limit for n in iter(lambda: take_number(data, size), None) if n < whole)


def small_primes() -> list[int]:
    sieve = [True] * 65536
    for n in range(2, 256):
        if sieve[n]:
            sieve[n * n :: n] = [False] * len(sieve[n * n :: n])
    return [n for n in range(3, 65536) if sieve[n]]


SMALL = small_primes()


def looks_prime(data: Iterator[int], n: int, rounds: int) -> bool:
    """Division by small primes, then Miller and Rabin: FIPS 186-5, B.3.1."""
    if any(n % prime == 0 for prime in SMALL):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        base = 2 + take_below(data, n - 3)
        powers = [pow(base, odd << k, n) for k in range(twos)]
        if powers[0] != 1 and n - 1 not in powers:
            return False
    return True


def derived_rsa(material: bytes, size: int) -> tuple[int, int, int]:
    """FIPS 186-5, A.1.3: modulus, private exponent, larger prime."""
    data = stream(material, f"rsa {size}".encode())
    found: list[int] = []
    while len(found) < 2:
        candidate = take_number(data, size // 16) | 3 << (size // 2 - 2) | 1
        if candidate % 65537 != 1 and looks_prime(data, candidate, 5):
            found.append(candidate)
    p, q = found
    return p * q, pow(65537, -1, lcm(p - 1, q - 1)), max(p, q)


def private_key(text: str) -> object:
    return serialization.load_pem_private_key(text.encode(), None)


def test_a_new_key_and_serial_number_of_a_certificate_follow_from_the_seed() -> None:
    text = render('{{ $c := genCA "x" 1 }}{{ $c.Cert }}{{ $c.Key }}')
    cert, key = re.findall(r"-----BEGIN.*?-----END[^\n]*", text, re.DOTALL)
    data = call("genCA")
    n, d, p = derived_rsa(take(data, 32), 2048)
    loaded = private_key(key)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    numbers = loaded.private_numbers()
    assert (numbers.public_numbers.n, numbers.d, numbers.p) == (n, d, p)
    assert x509.load_pem_x509_certificate(cert.encode()).serial_number == take_number(data, 16)


def test_keys_follow_from_the_seed() -> None:
    texts = render('{{ range list "ecdsa" "ed25519" "dsa" }}{{ genPrivateKey . }}|{{ end }}').split("|")
    curve, edwards, group = (private_key(text) for text in texts[:3])
    assert isinstance(curve, ec.EllipticCurvePrivateKey)
    data = stream(take(call("genPrivateKey", 0), 32), b"ecdsa p256")
    assert curve.private_numbers().private_value == 1 + take_below(data, keys.P256.order - 1)
    assert isinstance(edwards, ed25519.Ed25519PrivateKey)
    assert edwards.private_bytes_raw() == take(call("genPrivateKey", 1), 32)
    assert isinstance(group, dsa.DSAPrivateKey)
    data = stream(take(call("genPrivateKey", 2), 32), b"dsa 2048 256")
    q = next(n for n in iter(lambda: take_number(data, 32) | 1 << 255 | 1, None) if looks_prime(data, n, 27))
    assert group.private_numbers().public_numbers.parameter_numbers.q == q


def test_salts_first_blocks_and_random_bytes_follow_from_the_seed() -> None:
    texts = render(
        '{{ bcrypt "p" }}|{{ htpasswd "u" "p" }}|{{ encryptAES "p" "t" }}|{{ randBytes 40 }}|{{ uuidv4 }}|{{ uuidv4 }}'
    ).split("|")
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    digits = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    salts = [
        base64.b64encode(take(call(f), 16))[:22].translate(bytes.maketrans(plain, digits))
        for f in ("bcrypt", "htpasswd")
    ]
    # Of the last digit of a salt bcrypt uses two bits alone, and the rest is zero.
    assert texts[0].startswith(f"$2a$10${salts[0].decode()}")
    assert texts[1].startswith(f"u:$2a$10${salts[1].decode()}")
    assert base64.b64decode(texts[2])[:16] == take(call("encryptAES"), 16)
    assert base64.b64decode(texts[3]) == take(call("randBytes"), 40)
    for number, text in enumerate(texts[4:]):
        raw = int.from_bytes(take(call("uuidv4", number), 16), "big")
        assert int(text.replace("-", ""), 16) == raw & ~(0xF000C << 60) | 0x40008 << 60
        assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)


PINNED = {
    '(genCA "x" 1).Cert': "496c304c60a4f29db34c00e75a6ca2c6",
    '(genCAWithKey "x" 1 .Values.key).Cert': "ac9789154ab1eba6daafc3fc3fd1ec9f",
    '(genCAWithKey "x" 1 (genPrivateKey "ecdsa")).Cert': "cd5ecbc871a21ae28bcab682020c37fb",
    '(genSelfSignedCert "x" (list "::1") (list "a.b") 1).Cert': "cdd25409dce43064f5df93ac6dcacce8",
    '(genSignedCert "x" nil nil 1 (genCAWithKey "y" 1 .Values.key)).Key': "e7e2a3e6cd3a53e1c6cd343a50e17f99",
    '(genSignedCertWithKey "x" nil nil 1 (genCAWithKey "y" 1 .Values.key) .Values.key).Cert': "62da030f128380d23dad3c7c4f571126",
    'genPrivateKey "dsa"': "9ff9168c6747850f6b7f4b553177bb19",
    'genPrivateKey "ecdsa"': "61660e26199275accff332e2fd8a7fb9",
    'genPrivateKey "ed25519"': "5bac5b292b3a61ddeb7e0d0a734bf853",
    'bcrypt "p"': "d5085b735f098cb01ae42b8588825043",
    'htpasswd "u" "p"': "7b5940f627dcb82d2f9dd7e5f4335267",
    'encryptAES "p" "t"': "19b22ed68b92adf5074ac97d5df2b17a",
    "randBytes 100": "f5f44aafb758414aa05a466592d8fa66",
    "uuidv4": "48fd95eef17682d8a75c8c81e9347168",
}


@pytest.mark.parametrize("expression", PINNED)
def test_the_bytes_stay_the_same_from_version_to_version(expression: str) -> None:
    text = render(f"{{{{ {expression} }}}}")
    assert hashlib.sha256(text.encode()).hexdigest()[:32] == PINNED[expression]


def test_a_long_key_follows_from_the_seed() -> None:
    # A release for which the search is short.
    loaded = private_key(render('{{ genPrivateKey "" }}', release="r0"))
    assert isinstance(loaded, rsa.RSAPrivateKey)
    numbers = loaded.private_numbers()
    material = take(stream(SEED, b"n/r0\0c/templates/a\0genPrivateKey\0000"), 32)
    assert (numbers.public_numbers.n, numbers.d, numbers.p) == derived_rsa(material, 4096)
    digest = hashlib.sha256(str(numbers.d % 2**256).encode()).hexdigest()[:32]
    assert digest == "16d38fcc3110eb4ae44111880d65af40"


def test_what_few_charts_need_is_imported_when_it_is_used() -> None:
    # They take longer to import than a small chart takes to render.
    check = "import sys, sro_render.charts.engine; sys.exit(not {'bcrypt', 'cryptography', 'sro_render.sprig.issuing'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


# Values that differ


@pytest.mark.parametrize("expression", ['genPrivateKey "ed25519"', 'bcrypt "p"', 'encryptAES "p" "t"', "randBytes 16", "uuidv4",
                                        '(genCAWithKey "x" 1 .Values.key).Cert'])  # fmt: skip
def test_calls_releases_templates_and_seeds_have_values_of_their_own(expression: str) -> None:
    action = f"{{{{ {expression} }}}}"
    texts = [
        *render(f"{action}|{action}").split("|"),
        render(action, release="other"),
        render(action, name="b"),
        render(action, Ambient(now=NOON, seed=SEED + b"!")),
    ]
    assert len(set(texts)) == len(texts)
    assert render(action) == texts[0]


def test_functions_have_values_of_their_own() -> None:
    serials = [
        x509.load_pem_x509_certificate(render(f"{{{{ ({call}).Cert }}}}").encode()).serial_number
        for call in (
            'genCAWithKey "x" 1 .Values.key',
            'genSelfSignedCertWithKey "x" nil nil 1 .Values.key',
            'genSignedCertWithKey "x" nil nil 1 (genCAWithKey "x" 1 .Values.key) .Values.key',
        )
    ]
    assert len(set(serials)) == 3


def test_the_time_moves_the_dates_alone() -> None:
    berlin = datetime(2024, 7, 1, 1, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
    one, other = (
        x509.load_pem_x509_certificate(
            render('{{ (genCAWithKey "x" 1 .Values.key).Cert }}', Ambient(now=now, seed=SEED)).encode()
        )
        for now in (NOON, berlin)
    )
    assert other.not_valid_before_utc == datetime(2024, 6, 30, 23, 30, 5, tzinfo=UTC)
    assert other.not_valid_after_utc == datetime(2024, 7, 1, 23, 30, 5, tzinfo=UTC)
    assert one.serial_number == other.serial_number


def test_nothing_of_the_seed_shows() -> None:
    seed = bytes(range(0xC8, 0xE8))
    ambient = Ambient(now=NOON, seed=seed)
    calls = [expression for expression in PINNED if '"dsa"' not in expression]
    text = "".join(render(f"{{{{ {expression} }}}}", ambient) for expression in calls)
    for action in ('genCA "x" "y"', 'genCAWithKey "x" 1 ""', "randBytes -1"):
        with pytest.raises(TemplateError) as caught:
            render(f"{{{{ {action} }}}}", ambient)
        text += str(caught.value)
    blocks = re.findall(r"[A-Za-z0-9+/\n]{16,}=*", text)
    decoded = b"".join(
        base64.b64decode(b.replace("\n", "").rstrip("=") + "==")
        for b in blocks
        if len(b.replace("\n", "").rstrip("=")) % 4 != 1
    )
    for start in range(len(seed) - 4):
        part = seed[start : start + 4]
        assert part not in decoded
        assert part.hex() not in text.lower()
        assert base64.b64encode(part)[:5].decode() not in text


# What the user is told

NOW_HINT = "give the time with --now, such as --now 2024-01-31T12:00:00Z"
SEED_HINT = (
    "give a secret file with --seed-file, from which such values are derived, "
    "or set the value that the chart would make up"
)


@pytest.mark.parametrize("function", ["genPrivateKey", "bcrypt", "htpasswd", "encryptAES"])
def test_without_a_seed_the_error_says_how_to_give_one(function: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {function} {CALLS[function]} }}}}", Ambient(now=NOON))
    finding = caught.value.finding
    assert (finding.code, finding.hint) == ("no-seed", SEED_HINT)
    assert (
        finding.message
        == f"{function} needs chance, and rendering has none: it gives the same bytes every time"
    )


@pytest.mark.parametrize(
    ("ambient", "code", "message", "hint"),
    [
        (
            Ambient(seed=SEED),
            "no-time",
            "genCA needs the time, and rendering looks at no clock",
            NOW_HINT,
        ),
        (
            Ambient(now=NOON),
            "no-seed",
            "genCA needs chance, and rendering has none: it gives the same bytes every time",
            SEED_HINT,
        ),
        (
            Ambient(),
            "no-seed",
            "genCA needs chance and the time, and rendering has neither: it gives the same bytes every time",
            "give a secret file with --seed-file and the time with --now, such as --now 2024-01-31T12:00:00Z, or set the certificate that the chart would make up",
        ),
    ],
)
def test_what_a_certificate_lacks_is_asked_for(ambient: Ambient, code: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render('{{ genCA "x" 1 }}', ambient)
    finding = caught.value.finding
    assert (finding.code, finding.message, finding.hint) == (code, message, hint)


def test_what_needs_neither_works_without() -> None:
    text = '{{ derivePassword 1 "pin" "a" "b" "c" }} {{ decryptAES "a" "" }}{{ encryptAES "a" "" }}{{ genPrivateKey "x" }}'
    assert re.fullmatch(r"\d{4} Unknown type x", render(text, Ambient()))
    cert = base64.b64encode(render('{{ (genCAWithKey "x" 1 .Values.key).Cert }}').encode()).decode()
    assert render(f'{{{{ (buildCustomCert "{cert}" .Values.b64key).Key }}}}', Ambient()) == ED_KEY


def test_a_library_that_cannot_sign_the_same_way_every_time_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UnsupportedAlgorithm("old")

    monkeypatch.setattr(ec, "ECDSA", refuse)
    with pytest.raises(
        TemplateError, match=r"signing with it the same way every time needs OpenSSL 3\.2 or later"
    ):
        render('{{ genCAWithKey "x" 1 (genPrivateKey "ecdsa") }}')


CERT_HINT = "hand in the text from -----BEGIN CERTIFICATE----- on"
KEY_HINT = "hand in the text from -----BEGIN … PRIVATE KEY----- on, such as genPrivateKey makes it"


@pytest.mark.parametrize(
    ("action", "message", "hint"),
    [
        ('genCAWithKey "x" 1 "y"', "the private key cannot be used: there is no PEM block in it", KEY_HINT),
        ('genCAWithKey "x" 1 (genPrivateKey "dsa")', "the private key cannot be used: a certificate takes no DSA key, only RSA, ECDSA or Ed25519", KEY_HINT),
        ('genCAWithKey "x" 1 (genCAWithKey "y" 1 .Values.key).Cert', "the private key cannot be used: it holds a block CERTIFICATE, not a private key", KEY_HINT),
        ('genCAWithKey "x" 1 (.Values.key | replace "PRIVATE" "X PRIVATE")', "the private key cannot be used: the block X PRIVATE KEY is none of PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, DSA PRIVATE KEY", KEY_HINT),
        ('genCAWithKey "x" 1 (.Values.key | replace "PRIVATE" "EC PRIVATE")', "the private key cannot be used: the EC key has an unknown version", KEY_HINT),
        ('genCA "\\xff" 1', "genCA cannot make the certificate: the common name is not text in UTF-8", ""),
        ('genSelfSignedCert "x" nil (list "ä") 1', 'genSelfSignedCert cannot make the certificate: the DNS name "ä" has other characters than ASCII', ""),
        ('genSelfSignedCert "x" (list "1.2.3") nil 1', '"1.2.3" is no IP address', 'write it as a string, such as "10.0.0.1"'),
        ('genSelfSignedCert "x" (list 1.5) nil 1', "a value of type float64 is no IP address", 'write it as a string, such as "10.0.0.1"'),
        ('genSelfSignedCert "x" nil (list 1) 1', "a DNS name is a string, not a value of type int", "use | toString"),
        ('genCA "x" .Values.days', "argument 2 of genCA must be of type int, but .Values.days is not set", "its signature is genCA(string, int) sprig.certificate"),
        ('genCA "x" "1"', 'argument 2 of genCA must be of type int, not "1"', "its signature is genCA(string, int) sprig.certificate"),
        ('buildCustomCert "?" ""', "the certificate that buildCustomCert gets is not base 64", "hand it in as PEM, then | b64enc"),
        ('buildCustomCert "" "?"', "the private key that buildCustomCert gets is not base 64", "hand it in as PEM, then | b64enc"),
        ('buildCustomCert "" ""', "the certificate is none: there is no PEM block in it", CERT_HINT),
        ('buildCustomCert .Values.b64key ""', "the certificate is none: it is damaged: an element has the tag 0x04 where 0x03 should be", CERT_HINT),
        ('genSignedCert "x" nil nil 1 (buildCustomCert (b64enc (genCAWithKey "x" 1 .Values.key).Cert) (b64enc (genPrivateKey "ecdsa")))', "the certificate cannot sign: the private key does not belong to the certificate", ""),
        ('decryptAES "a" "x"', "the text that decryptAES gets is not base 64", "hand in what encryptAES gave"),
        ('decryptAES "a" "YWJj"', "the text that decryptAES gets has 3 bytes, not a multiple of 16 from 32 on", "hand in what encryptAES gave"),
        ('decryptAES "a" "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="', "decryptAES cannot read the text", "the password is another one"),
        ("randBytes -1", "randBytes cannot make -1 bytes", ""),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong_and_what_to_do(action: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}")
    assert (caught.value.finding.message, caught.value.finding.hint) == (message, hint)


@pytest.mark.parametrize(
    "now", [datetime(9999, 12, 31, 12, tzinfo=UTC), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))]
)
def test_a_time_that_no_calendar_has_is_an_error(now: datetime) -> None:
    with pytest.raises(TemplateError, match=r"no calendar has"):
        render('{{ genCAWithKey "x" 1 .Values.key }}', Ambient(now=now, seed=SEED))


@pytest.mark.parametrize(
    ("action", "text", "hint"),
    [
        ('htpasswd "a:b" "x"', "invalid username: a:b", "a user name has no colon"),
        ('bcrypt (repeat 73 "a")', "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes", "shorten the password, such as with sha256sum"),
        ('genPrivateKey "x"', "Unknown type x", "the kinds are dsa, ecdsa, ed25519, rsa"),
        ('derivePassword 1 "x" "" "" ""', "cannot find password template x", "the templates are maximum, long, medium, short, basic, pin"),
    ],
)  # fmt: skip
def test_a_fault_that_sprig_writes_out_is_a_finding(action: str, text: str, hint: str) -> None:
    rendering = run(f"{{{{ {action} }}}}")
    assert rendering.texts["c/templates/a"] == text
    said = describe(rendering.findings[0], severity="warning")
    assert said == (
        f"warning[fault-as-text]: the output gets the text of a fault: {text}\n  --> c/templates/a:1:4\n"
        f"  1 | {{{{ {action} }}}}\n    |    {'^' * len(action)}\n  help: {hint}"
    )


@pytest.mark.parametrize(
    "action",
    [
        'htpasswd "a" "x"',
        'bcrypt (repeat 72 "a")',
        'genPrivateKey "ed25519"',
        'derivePassword 1 "long" "" "" ""',
    ],
)
def test_what_has_no_fault_is_no_finding(action: str) -> None:
    assert run(f"{{{{ {action} }}}}").findings == ()


# What is made to be slow


class Late(Exception):  # noqa: N818
    """The time is over."""


COSTLY = sorted(
    name
    for name, function in Families(FAMILIES).items()
    if function.call.__module__ in {"sro_render.sprig.crypto", "sro_render.sprig.passwords"}
)
CALLS = {
    "genPrivateKey": '"ed25519"', "genCA": '"x" 1', "genCAWithKey": '"x" 1 .key', "genSelfSignedCert": '"x" nil nil 1',
    "genSelfSignedCertWithKey": '"x" nil nil 1 .key', "genSignedCert": '"x" nil nil 1 $ca', "genSignedCertWithKey": '"x" nil nil 1 $ca .key',
    "buildCustomCert": "(b64enc $ca.Cert) .b64key", "derivePassword": '1 "pin" "" "" ""', "bcrypt": '""', "htpasswd": '"u" "p"',
    "encryptAES": '"p" "t"', "decryptAES": '"p" ""',
}  # fmt: skip


def test_every_function_is_tried_against_the_time_limit() -> None:
    assert sorted(CALLS) == COSTLY


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"decryptAES"}))
def test_a_call_looks_at_the_time_limit_itself(name: str) -> None:
    # Loops look once in 256 rounds, which would be minutes of keys.
    calls = 0

    def deadline() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise Late

    loop = f'{{{{ $ca := genCAWithKey "x" 1 .Values.key }}}}{{{{ range until 10000 }}}}{{{{ with $.Values }}}}{{{{ $_ := {name} {CALLS[name]} }}}}{{{{ end }}}}{{{{ end }}}}'
    with pytest.raises(Late):
        run(loop, deadline=deadline)
    assert calls == 4


def test_large_inputs_are_no_fault() -> None:
    template = """
    {{- $ca := genCAWithKey (repeat 100000 "x") 1 .Values.key }}
    {{- $ips := list }}{{ range until 200 }}{{ $ips = append $ips "::1" }}{{ end }}
    {{- $c := genSignedCertWithKey "x" $ips (list (repeat 1000000 "y")) 1 $ca .Values.key }}
    {{- len $c.Cert | lt 1000000 }} {{ decryptAES "p" (encryptAES "p" (repeat 1000000 "z")) | len }}"""
    assert render(template) == "true 1000000"


BOMBS = {
    "begun often": "-----BEGIN PRIVATE KEY-----\n" * 100_000,
    "ended often": "\n-----END PRIVATE KEY-----" * 100_000,
    "both often": "-----BEGIN X-----\n-----END Y-----\n" * 100_000,
    "headers": "-----BEGIN RSA PRIVATE KEY-----\n" + "a:b\n" * 300_000 + "\n-----END RSA PRIVATE KEY-----\n",
    "many elements": pem.encode("RSA PRIVATE KEY", der.sequence(b"\x05\x00" * 500_000)),
    "many elements, PKCS 8": pem.encode("PRIVATE KEY", der.sequence(der.integer(0), der.sequence(b"\x05\x00" * 500_000), der.octets(b""))),
    "a long number": pem.encode("RSA PRIVATE KEY", der.sequence(*[der.integer(1 << 4_000_000)] * 9)),
    "a long exponent": pem.encode("RSA PRIVATE KEY", der.sequence(*map(der.integer, (0, 1 << 2047, 3, 1 << 4_000_000, 3, 5, 1, 1, 1)))),
    "a long secret": pem.encode("EC PRIVATE KEY", der.sequence(der.integer(1), der.octets(b"\1" * 1_000_000), der.element(0xA0, der.object_id(keys.P256.oid)))),
    "nested": pem.encode("PRIVATE KEY", b"\x30\x80" * 500_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_keys_that_are_made_to_be_slow_are_refused_at_once(name: str) -> None:
    with pytest.raises(keys.KeyFault):
        keys.parse_private_key(BOMBS[name])
    with pytest.raises(CertificateFault):
        parse_certificate(BOMBS[name].encode())


def test_any_change_of_a_byte_gives_a_key_or_a_fault() -> None:
    for key in (ED_KEY, keys.EcKey(keys.P256, 5).pem(), render('{{ (genCA "x" 1).Key }}')):
        block = pem.decode(key.encode())
        assert block is not None
        for position in range(len(block.data)):
            for bit in (0, 5, 7):
                data = bytearray(block.data)
                data[position] ^= 1 << bit
                with suppress(keys.KeyFault):
                    keys.parse_private_key(pem.encode(block.label, bytes(data)))


def test_any_change_of_a_byte_gives_a_certificate_or_a_fault() -> None:
    block = pem.decode(render('{{ (genSelfSignedCert "x" (list "::1") (list "a") 1).Cert }}').encode())
    assert block is not None
    for position in range(len(block.data)):
        for bit in (0, 5, 7):
            data = bytearray(block.data)
            data[position] ^= 1 << bit
            with suppress(CertificateFault):
                parse_certificate(pem.encode(block.label, bytes(data)).encode())


# Numbers


def test_primes_pass_and_others_do_not() -> None:
    data = Stream(SEED, "primes")
    # Primes of Mersenne, of Curve25519, of P-256. Products of some; the least strong pseudoprimes to the bases
    # 2 to 41 and 2 to 37 (Sorenson and Webster), whose factors are large; a multiple of 3.
    for prime in (2**127 - 1, 2**521 - 1, 2**255 - 19, keys.P256.order):
        assert primes.is_prime(data, prime)
    for composite in (
        (2**127 - 1) * (2**521 - 1),
        (2**127 - 1) ** 2,
        (2**89 - 1) * (2**107 - 1),
        3317044064679887385961981,
        318665857834031151167461,
        3 * (2**127 - 1),
    ):
        assert not primes.is_prime(data, composite)


def test_the_numbers_of_a_key_are_those_of_the_standard() -> None:
    numbers = primes.make_rsa(Stream(SEED, "rsa"), 1024)
    assert numbers.n == numbers.p * numbers.q
    assert numbers.n.bit_length() == 1024
    assert min(numbers.p, numbers.q) ** 2 > 2 << (2 * 511)
    assert abs(numbers.p - numbers.q) > 1 << 412
    assert numbers.d > 1 << 512
    assert numbers.d * numbers.e % lcm(numbers.p - 1, numbers.q - 1) == 1


@pytest.mark.parametrize(
    ("year", "written"),
    [
        (1, b"\x18\x0f00010203040506Z"),
        (1949, b"\x18\x0f19490203040506Z"),
        (1950, b"\x17\x0d500203040506Z"),
        (2049, b"\x17\x0d490203040506Z"),
        (2050, b"\x18\x0f20500203040506Z"),
        (9999, b"\x18\x0f99990203040506Z"),
    ],
)
def test_times_have_the_form_of_their_century(year: int, written: bytes) -> None:
    assert der.time(datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)) == written


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_an_element_is_read_as_it_was_written(size: int) -> None:
    written = der.octets(b"x" * size)
    assert der.read(written + b"more") == der.Element(der.OCTET_STRING, b"x" * size, written)


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (256, "02020100"), (65537, "0203010001")],
)
def test_numbers_have_the_shortest_form(number: int, written: str) -> None:
    assert der.integer(number).hex() == written
    assert der.read(bytes.fromhex(written)).number() == number


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3001",
        "3080",
        "308100",
        "30817f",
        "3082007f",
        "308500000000ff",
        "1f0100",
        "0202007f",
        "0202ff80",
        "0200",
    ],
)
def test_what_is_not_der_is_a_fault(data: str) -> None:
    with pytest.raises(der.DerError):
        der.read(bytes.fromhex(data)).number()


def test_a_limit_says_that_it_is_one() -> None:
    with pytest.raises(LimitError) as caught:
        render("{{ randBytes 9223372036854775807 }}")
    assert caught.value.finding.code == "limit-output"
