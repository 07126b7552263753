"""The real helm as judge of keys, certificates, ciphers and passwords.

Matrix: derivePassword and every fixed text to the byte; each kind of key that helm makes, written again
to the byte; each kind of certificate that helm makes, written again with its key, serial number and
times, to the byte (up to the signature where Go's is random); ciphers and hashes of one side read by the
other; certificates that we sign under an authority of helm and the other way round; what is refused;
damaged and foreign keys and certificates, each accepted or refused by both.
Left out: error texts and what is derived from which seed (tests/unit/sprig/test_crypto.py).
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import product
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import TemplateError
from sro_render.limits import Limits
from sro_render.sprig import crypto, passwords
from sro_render.sprig.ambient import Ambient
from sro_render.sprig.certificates import Issuer, Request, issue, parse_certificate
from sro_render.sprig.keys import EcKey, parse_private_key, parse_signing_key

HEAD = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
AMBIENT = Ambient(now=datetime(2024, 1, 31, 12, tzinfo=UTC), seed=b"a seed of the test, 32 bytes long")
PKCS8, OLD = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def template_of(expressions: Sequence[str]) -> str:
    return "\n".join(f"e{i}: {{{{ {text} | toJson | quote }}}}" for i, text in enumerate(expressions))


def values_of(text: str) -> list[Any]:
    """The values that a text of `template_of` holds."""
    return [
        json.loads(json.loads(line.partition(": ")[2]))
        for line in text.splitlines()
        if re.match(r"e\d+: ", line)
    ]


def helm_run(
    helm: Path, folder: Path, template: str, values: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text(HEAD)
    (folder / "values.yaml").write_text(json.dumps(values))
    (folder / "templates/a.yaml").write_text(template)
    return subprocess.run([helm, "template", "r", folder], capture_output=True, text=True, check=False)


def helm_values(
    helm: Path, folder: Path, expressions: Sequence[str], values: Mapping[str, Any] | None = None
) -> list[Any]:
    done = helm_run(helm, folder, template_of(expressions), values or {})
    assert done.returncode == 0, done.stderr
    return values_of(done.stdout)


def our_text(template: str, values: Mapping[str, Any] | None = None) -> str:
    chart = load_chart({"Chart.yaml": HEAD.encode(), "templates/a.yaml": template.encode()}, "c", Limits())
    rendering = Engine(chart, Limits(), AMBIENT).render(
        values or {}, Release(name="r", namespace="n"), Capabilities()
    )
    return rendering.texts["c/templates/a.yaml"]


def our_values(expressions: Sequence[str], values: Mapping[str, Any] | None = None) -> list[Any]:
    return values_of(our_text(template_of(expressions), values))


# To the byte

PEOPLE = (
    (1, "password", "user", "example.com"),
    (0, "", "", ""),
    (4294967295, "pässwörd", "üser", "日本.example"),
    (4294967298, "a b\\x00\\xffc", "u\\x00", "\\xfe"),
    (1.0, "p" * 200, "u" * 300, "s" * 70000),
)
KINDS = (
    *product(("maximum", "long", "medium", "short", "basic", "pin", "none", ""), PEOPLE[:1]),
    *product(("long",), PEOPLE[1:]),
)
PASSWORDS = [
    f'derivePassword {counter} "{kind}" "{password}" "{user}" "{site}"'
    for kind, (counter, password, user, site) in KINDS
]
FIXED = [
    *PASSWORDS,
    'derivePassword \'a\' "pin" "a" "b" "c"',
    'derivePassword 0x10 "pin" "a" "b" "c"',
    'htpasswd "a:b" "x"',
    'htpasswd ":" ""',
    'bcrypt (repeat 73 "a")',
    'bcrypt (repeat 37 "ü")',
    'htpasswd "u" (repeat 73 "a")',
    'genPrivateKey "foo"',
    'genPrivateKey "RSA"',
    'encryptAES "a" ""',
    'decryptAES "a" ""',
    "randBytes 0",
    'len (bcrypt "")',
    'len (bcrypt (repeat 72 "a"))',
    "len (randBytes 31)",
    "len uuidv4",
    'kindOf (genCAWithKey "x" 1 .Values.key)',
    'typeOf (genCAWithKey "x" 1 .Values.key)',
    'printf "%T" (genSelfSignedCertWithKey "x" nil nil 1 .Values.key)',
    'genCAWithKey "x" 1 .Values.key | toYaml | trunc 12',
    'printf "%v" (genCAWithKey "x" 1 .Values.key) | trunc 12',
    'genCAWithKey "x" 1 .Values.key | print | trunc 12',
    'genCAWithKey "x" 1 .Values.key | default "y" | typeOf',
    '(genCAWithKey "x" 1 .Values.key) | empty',
    'eq (genCAWithKey "x" 1 .Values.key) (genCAWithKey "x" 1 .Values.key)',
    'deepEqual (genCAWithKey "x" 1 .Values.key) (genCAWithKey "x" 1 .Values.key)',
]
SHARED = """
{{- $ca := genCA "x" 1 }}{{ $b := buildCustomCert (b64enc $ca.Cert) (b64enc $ca.Key) }}
a: {{ eq $ca $ca }} {{ eq $b $ca }} {{ ne $b $ca }} {{ deepEqual $b $ca }} {{ has $b (list 1 $ca) }}
b: {{ if $ca }}yes{{ end }} {{ with $ca }}{{ .Cert | len | lt 100 }}{{ end }} {{ list $ca $b | uniq | len }}
"""


def test_what_follows_from_the_arguments_alone_is_what_helm_gives(helm: Path, tmp_path: Path) -> None:
    values = {"key": pem_of(ed25519.Ed25519PrivateKey.generate(), PKCS8)}
    ours, theirs = our_values(FIXED, values), helm_values(helm, tmp_path, FIXED, values)
    assert list(zip(FIXED, ours, strict=True)) == list(zip(FIXED, theirs, strict=True))


def test_every_function_is_judged() -> None:
    words = set(re.findall(r"\w+", " ".join([*FIXED, *map(str, CALLS), SHARED, BUILD, *REFUSED])))
    assert set(crypto.FUNCTIONS) | set(passwords.FUNCTIONS) <= words


def test_certificates_are_values_that_compare_as_in_helm(helm: Path, tmp_path: Path) -> None:
    done = helm_run(helm, tmp_path, SHARED, {})
    assert our_text(SHARED).strip() == done.stdout.partition("a.yaml\n")[2].strip()


@pytest.fixture(scope="module")
def keys(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A key of each kind, made by helm."""
    kinds = ("rsa", "dsa", "ecdsa", "ed25519")
    made = helm_values(helm, tmp_path_factory.mktemp("keys"), [f'genPrivateKey "{kind}"' for kind in kinds])
    return dict(zip(kinds, made, strict=True))


@pytest.mark.parametrize("kind", ["rsa", "dsa", "ecdsa", "ed25519"])
def test_a_key_of_helm_is_written_again_to_the_byte(keys: Mapping[str, str], kind: str) -> None:
    key = parse_private_key(keys[kind])
    assert hasattr(key, "pem")
    assert key.pem() == keys[kind]


@pytest.mark.parametrize("kind", ["rsa", "dsa", "ecdsa", "ed25519"])
def test_our_keys_have_the_kind_and_size_of_those_of_helm(keys: Mapping[str, str], kind: str) -> None:
    ours = our_values([f'genPrivateKey "{kind}"'])[0]
    shapes = []
    for text in (ours, keys[kind]):
        # Reading checks that the numbers are prime and belong together.
        key = serialization.load_pem_private_key(text.encode(), None)
        group = 0
        if isinstance(key, dsa.DSAPrivateKey):
            numbers = key.private_numbers().public_numbers.parameter_numbers
            assert pow(numbers.g, numbers.q, numbers.p) == 1 != numbers.g
            group = numbers.q.bit_length()
        shapes.append((text.splitlines()[0], type(key), getattr(key, "key_size", 0), group))
    assert shapes[0] == shapes[1]


NAMES = ("", "My CA", "a*b", "a&b", "ü", "日本", "(a)+b,c-d./:=?'", "x" * 64, "x" * 300, "a\nb")
ADDRESSES = (
    (),
    ("1.2.3.4",),
    ("::1", "::ffff:1.2.3.4", "10.0.0.1", "2001:DB8::A", "::1.2.3.4", "1:2:3:4:5:6:7::"),
)
DNS = ((), ("a.b",), ("*.c", "", "x y", "UPPER.example", "a.b"))
DAYS = (0, 1, 365, 3650, -1, -100000, 106751, 106752, 213504, 2**63 - 1, -(2**63), 9999, 100000)
SIGNERS = ("ed25519", "ecdsa", "rsa")
KEYS = (*SIGNERS, "p224", "p384", "p521", "pkcs8", "rsa1024", "rsa3")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function that makes a certificate; without `key` the function makes one."""

    name: str = "x"
    days: int = 1
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    key: str = ""
    signer: str = ""
    is_ca: bool = False

    def __str__(self) -> str:
        kind = "CA" if self.is_ca else "SignedCert" if self.signer else "SelfSignedCert"
        lists = (
            []
            if self.is_ca
            else [
                f"(list {' '.join(map(json.dumps, v))})" if v else "nil" for v in (self.addresses, self.names)
            ]
        )
        ca = (
            [f"(buildCustomCert (b64enc .Values.{self.signer}Ca) (b64enc .Values.{self.signer}))"]
            if self.signer
            else []
        )
        key = [f".Values.{self.key}"] if self.key else []
        name = json.dumps(self.name, ensure_ascii=False)
        return " ".join([f"gen{kind}{'WithKey' if key else ''}", name, *lists, str(self.days), *ca, *key])


CALLS = (
    *(Call(name, 365, key="ed25519", is_ca=True) for name in NAMES),
    *(Call("x", days, key="ed25519", is_ca=True) for days in DAYS),
    *(Call(key=key, is_ca=True) for key in ("", *KEYS)),
    *(Call(name, 365, ips, names, "ed25519") for name, ips, names in product(("", "x"), ADDRESSES, DNS)),
    *(
        Call(name, 1, ("::1",), ("a.b",), key, signer)
        for name, key, signer in product(("x", ""), KEYS, SIGNERS)
    ),
    Call("x", 30, ("1.2.3.4",), ("a.b",)),
    Call(signer="rsa"),
)


def pem_of(key: Any, form: PrivateFormat = OLD) -> str:
    return str(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


@pytest.fixture(scope="module")
def key_values(keys: Mapping[str, str]) -> dict[str, str]:
    """Keys of helm and of the library, and authorities that the library makes."""
    values = {
        "ed25519": keys["ed25519"],
        "ecdsa": keys["ecdsa"],
        "rsa": keys["rsa"],
        "p224": pem_of(ec.generate_private_key(ec.SECP224R1())),
        "p384": pem_of(ec.generate_private_key(ec.SECP384R1())),
        "p521": pem_of(ec.generate_private_key(ec.SECP521R1())),
        "pkcs8": pem_of(ec.generate_private_key(ec.SECP256R1()), PKCS8),
        "rsa1024": pem_of(rsa.generate_private_key(65537, 1024), PKCS8),
        "rsa3": pem_of(rsa.generate_private_key(3, 2048)),
    }
    return values | {f"{kind}Ca": authority(values[kind]) for kind in ("ed25519", "ecdsa", "rsa")}


def authority(key_pem: str) -> str:
    key = serialization.load_pem_private_key(key_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Authority"), x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2054, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return built.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


def rewritten(call: Call, made: Mapping[str, str], issuer: Issuer | None) -> str:
    """A certificate of helm, made once more by us with its key, serial number and times."""
    parsed = x509.load_pem_x509_certificate(made["Cert"].encode())
    request = Request(
        common_name=call.name,
        serial=parsed.serial_number,
        first=parsed.not_valid_before_utc,
        last=parsed.not_valid_after_utc,
        addresses=tuple(map(ip_address, call.addresses)),
        names=call.names,
        is_ca=call.is_ca,
    )
    return issue(request, parse_signing_key(made["Key"]), issuer)


def body_of(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).tbs_certificate_bytes


def test_certificates_of_helm_are_written_again_to_the_byte(
    helm: Path, tmp_path: Path, key_values: dict[str, str]
) -> None:
    for call, theirs in zip(
        CALLS, helm_values(helm, tmp_path, list(map(str, CALLS)), key_values), strict=True
    ):
        issuer = None
        if call.signer:
            certificate = parse_certificate(key_values[f"{call.signer}Ca"].encode())
            issuer = certificate.issuer(parse_signing_key(key_values[call.signer]))
        ours = rewritten(call, theirs, issuer)
        assert body_of(ours).hex() == body_of(theirs["Cert"]).hex(), call
        key = parse_signing_key(theirs["Key"])
        assert key.pem() == theirs["Key"], call
        if not isinstance(issuer.key if issuer else key, EcKey):
            assert ours == theirs["Cert"], call


@pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")  # the library on the long name
def test_our_certificates_have_the_fields_of_those_of_helm(
    helm: Path, tmp_path: Path, key_values: dict[str, str]
) -> None:
    expressions = list(map(str, CALLS))
    theirs, ours = helm_values(helm, tmp_path, expressions, key_values), our_values(expressions, key_values)
    assert [(c, shape(o)) for c, o in zip(CALLS, ours, strict=True)] == [
        (c, shape(t)) for c, t in zip(CALLS, theirs, strict=True)
    ]
    assert [call for call, made in zip(CALLS, theirs, strict=True) if not lasts(made, call.days)] == []
    for call, made in zip(CALLS, ours, strict=True):
        certificate = x509.load_pem_x509_certificate(made["Cert"].encode())
        assert certificate.not_valid_before_utc == AMBIENT.now, call
        assert certificate.serial_number < 2**128
        assert lasts(made, call.days), call
        parent = x509.load_pem_x509_certificate(
            (key_values[f"{call.signer}Ca"] if call.signer else made["Cert"]).encode()
        )
        certificate.verify_directly_issued_by(parent)


def shape(made: Mapping[str, str]) -> tuple[object, ...]:
    """All of a certificate that neither chance nor time decides."""
    parsed = x509.load_pem_x509_certificate(made["Cert"].encode())
    public = parsed.public_key()
    return (
        parsed.version,
        parsed.signature_algorithm_oid,
        parsed.issuer.public_bytes(),
        parsed.subject.public_bytes(),
        type(public),
        getattr(public, "key_size", 0),
        [(e.oid, e.critical, value_of(e)) for e in parsed.extensions],
        made["Key"].splitlines()[0],
        set(made),
    )


def lasts(made: Mapping[str, str], days: int) -> bool:
    """Whether a certificate lasts so long. Go reads its clock twice, and counts 64 bits of nanoseconds."""
    parsed = x509.load_pem_x509_certificate(made["Cert"].encode())
    wrapped_ns = (days * 86_400 * 10**9 + 2**63) % 2**64 - 2**63
    seconds = (parsed.not_valid_after_utc - parsed.not_valid_before_utc) // timedelta(seconds=1)
    return seconds - wrapped_ns // 10**9 in {0, 1}


def value_of(extension: x509.Extension[x509.ExtensionType]) -> object:
    if isinstance(extension.value, x509.SubjectKeyIdentifier):
        return len(extension.value.digest)
    if isinstance(extension.value, x509.AuthorityKeyIdentifier):
        return len(extension.value.key_identifier or b"")
    return extension.value.public_bytes()


# Each reads what the other makes

TEXTS = ("a", "15 bytes of text", "ünïcödé", "x" * 16, "x" * 1000, "line\n\ttab")
SECRETS = (
    "",
    "short",
    "exactly 32 bytes of a password!!",
    "a password that is longer than 32 bytes",
    "pässwörd",
)


def test_each_decrypts_what_the_other_encrypts(helm: Path, tmp_path: Path) -> None:
    pairs = [(secret, text) for secret in SECRETS for text in TEXTS]
    encrypt = [
        f"encryptAES {json.dumps(s, ensure_ascii=False)} {json.dumps(t, ensure_ascii=False)}"
        for s, t in pairs
    ]
    for ciphers, decrypted in (
        (helm_values(helm, tmp_path, encrypt), our_values),
        (our_values(encrypt), lambda e: helm_values(helm, tmp_path, e)),
    ):
        decrypt = [
            f"decryptAES {json.dumps(s, ensure_ascii=False)} {json.dumps(c)}"
            for (s, _), c in zip(pairs, ciphers, strict=True)
        ]
        assert decrypted(decrypt) == [text for _, text in pairs]
        assert [len(base64.b64decode(c)) for c in ciphers] == [
            16 + len(t.encode()) // 16 * 16 + 16 for _, t in pairs
        ]


HASHED = ("", "p", "pässwörd", "x" * 72, "a\\x00b", "\\xff\\xfe", "ü" * 36)


def test_each_accepts_the_passwords_that_the_other_hashes(helm: Path, tmp_path: Path) -> None:
    expressions = [f'bcrypt "{text}"' for text in HASHED] + [f'htpasswd "u" "{text}"' for text in HASHED]
    secrets = [
        text.replace("\\x00", "\0").encode() if "\\xff" not in text else b"\xff\xfe" for text in HASHED
    ] * 2
    theirs, ours = helm_values(helm, tmp_path, expressions), our_values(expressions)
    for secret, their, our in zip(secrets, theirs, ours, strict=True):
        assert their.startswith("u:") == our.startswith("u:")
        for hashed in (their.removeprefix("u:"), our.removeprefix("u:")):
            assert re.fullmatch(r"\$2a\$10\$[./A-Za-z0-9]{53}", hashed)
            assert bcrypt.checkpw(secret, hashed.encode())


def test_helm_signs_under_our_authority(helm: Path, tmp_path: Path) -> None:
    ca = our_values(['genCA "ours" 365'])[0]
    values = {
        "cert": base64.b64encode(ca["Cert"].encode()).decode(),
        "key": base64.b64encode(ca["Key"].encode()).decode(),
    }
    signed = helm_values(
        helm,
        tmp_path,
        ['genSignedCert "x" nil (list "a.b") 1 (buildCustomCert .Values.cert .Values.key)'],
        values,
    )
    parent = x509.load_pem_x509_certificate(ca["Cert"].encode())
    x509.load_pem_x509_certificate(signed[0]["Cert"].encode()).verify_directly_issued_by(parent)


# What is refused

REFUSED = r"""
derivePassword -1 "long" "a" "b" "c"
derivePassword 1.5 "long" "a" "b" "c"
derivePassword (int64 1) "pin" "a" "b" "c"
derivePassword (int 1) "pin" "a" "b" "c"
derivePassword .Values.n "pin" "a" "b" "c"
derivePassword 18446744073709551616 "pin" "a" "b" "c"
derivePassword "1" "pin" "a" "b" "c"
decryptAES "a" "x"
decryptAES "a" "YWJj"
decryptAES "a" "AAAAAAAAAAAAAAAAAAAAAA=="
decryptAES "a" "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
decryptAES "b" "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
genCA "x" "365"
genCA "x" .Values.d
genCA "x" .Values.n
genCA "x" 1.5
genCA "x" 9223372036854775808
genCA "x"
genCA 1 1
genCA "x" nil
genCA "\xff" 1
genSelfSignedCert "x" nil (list "ä") 1
genSelfSignedCert "x" nil (list "\xff") 1
genSelfSignedCert "x" (list "01.2.3.4") nil 1
genSelfSignedCert "x" (list "1.2.3") nil 1
genSelfSignedCert "x" (list "1.2.3.4/24") nil 1
genSelfSignedCert "x" (list " 1.2.3.4") nil 1
genSelfSignedCert "x" (list "1::2::3") nil 1
genSelfSignedCert "x" (list "1:2:3:4:5:6:7:8:9") nil 1
genSelfSignedCert "x" (list "::12345") nil 1
genSelfSignedCert "x" (list "fe80::1%eth0") nil 1
genSelfSignedCert "x" (list "host") nil 1
genSelfSignedCert "x" (list "") nil 1
genSelfSignedCert "x" (list 1) nil 1
genSelfSignedCert "x" (list nil) nil 1
genSelfSignedCert "x" nil (list 1) 1
genSelfSignedCert "x" nil (list nil) 1
genSelfSignedCert "x" (splitList "," "1.2.3.4") nil 1
genSelfSignedCert "x" "1.2.3.4" nil 1
genSelfSignedCert "x" .Values.nope nil 1
genSignedCert "x" nil nil 1 (dict "Cert" "x" "Key" "y")
genSignedCert "x" nil nil 1 nil
genSignedCert "x" nil nil 1
genSignedCert "x" nil nil 1 (genCA "x" 1).Cert
genSignedCertWithKey "x" nil nil 1 (genCA "x" 1) "no key"
genCAWithKey "x" 1 (genPrivateKey "dsa")
genCAWithKey "x" 1 (genCA "y" 1).Cert
genCAWithKey "x" 1 ""
buildCustomCert "a" "b"
buildCustomCert "eA==" "eA=="
buildCustomCert (b64enc (genCA "x" 1).Cert) "?"
buildCustomCert (b64enc (genCA "x" 1).Cert) (b64enc (genCA "x" 1).Cert)
buildCustomCert (b64enc (genPrivateKey "ecdsa")) (b64enc (genPrivateKey "ecdsa"))
genSignedCert "x" nil nil 1 (buildCustomCert (b64enc (genCA "x" 1).Cert) (b64enc (genPrivateKey "ecdsa")))
randBytes -1
randBytes "1"
(genCA "x" 1).cert
(genCA "x" 1).Cert.x
len (genCA "x" 1)
index (genCA "x" 1) "Cert"
get (genCA "x" 1) "Cert"
htpasswd "u"
htpasswd "u" "p" "sha"
htpasswd 1 "p"
bcrypt 1
bcrypt nil
genPrivateKey
genPrivateKey nil
uuidv4 1
encryptAES "a"
""".strip().split("\n")


@pytest.mark.parametrize("expression", REFUSED)
def test_what_helm_refuses_is_refused(helm: Path, tmp_path: Path, expression: str) -> None:
    assert helm_run(helm, tmp_path, template_of([expression]), {"n": 1}).returncode != 0
    with pytest.raises(TemplateError):
        our_text(template_of([expression]), {"n": 1.0})


def relabelled(pem: str, label: str) -> str:
    return re.sub(r"(BEGIN|END) [A-Z0-9 ]+-----", rf"\1 {label}-----", pem)


def recoded(pem: str, change: Any) -> str:
    """The block with its bytes changed."""
    head, *body, end = pem.strip().splitlines()
    data = change(base64.b64decode("".join(body)))
    return "\n".join([head, base64.b64encode(data).decode(), end, ""])


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def foreign_keys() -> dict[str, str]:
    """Keys of all kinds, and texts that are nearly one."""
    sound = pem_of(ec.generate_private_key(ec.SECP256R1()))
    rsa_key = rsa.generate_private_key(65537, 2048)
    rsa_pem, rsa_pkcs8 = pem_of(rsa_key), pem_of(rsa_key, PKCS8)
    ed_key = ed25519.Ed25519PrivateKey.generate()
    return {
        "as it is": sound,
        "PKCS 8": pem_of(ec.generate_private_key(ec.SECP384R1()), PKCS8),
        "RSA": rsa_pem,
        "RSA in PKCS 8": rsa_pkcs8,
        "RSA of 1024 bits": pem_of(rsa.generate_private_key(65537, 1024)),
        "RSA of odd size": pem_of(rsa.generate_private_key(65537, 1031)),
        "Ed25519": pem_of(ed_key, PKCS8),
        "Ed448": pem_of(ed448.Ed448PrivateKey.generate(), PKCS8),
        "X25519": pem_of(x25519.X25519PrivateKey.generate(), PKCS8),
        "DSA": pem_of(dsa.generate_private_key(1024)),
        "DSA in PKCS 8": pem_of(dsa.generate_private_key(1024), PKCS8),
        "P-521": pem_of(ec.generate_private_key(ec.SECP521R1())),
        "another curve": pem_of(ec.generate_private_key(ec.SECP256K1())),
        "another curve in PKCS 8": pem_of(ec.generate_private_key(ec.BrainpoolP256R1()), PKCS8),
        "encrypted": rsa_key.private_bytes(Encoding.PEM, PKCS8, serialization.BestAvailableEncryption(b"x")).decode(),
        "encrypted, old": rsa_key.private_bytes(Encoding.PEM, OLD, serialization.BestAvailableEncryption(b"x")).decode(),
        "of OpenSSH": ed_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        "public": ed_key.public_key().public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        "RSA called EC": relabelled(rsa_pem, "EC PRIVATE KEY"),
        "EC called RSA": relabelled(sound, "RSA PRIVATE KEY"),
        "EC called DSA": relabelled(sound, "DSA PRIVATE KEY"),
        "RSA called DSA": relabelled(rsa_pem, "DSA PRIVATE KEY"),
        "PKCS 8 called RSA": relabelled(rsa_pkcs8, "RSA PRIVATE KEY"),
        "RSA called PKCS 8": relabelled(rsa_pem, "PRIVATE KEY"),
        "no label": relabelled(sound, "").replace("BEGIN -", "BEGIN -"),
        "label without a word": relabelled(sound, " PRIVATE KEY"),
        "unknown label": relabelled(sound, "FOO PRIVATE KEY"),
        "text around": f"some text\n{sound}more\n",
        "text before on the line": f"x{sound}",
        "blank before on the line": f" {sound}",
        "blanks behind": sound.replace("\n", " \t\n"),
        "no line break at the end": sound.strip(),
        "text behind on the last line": sound.strip() + "x",
        "dashes behind on the last line": sound.strip() + "-",
        "CRLF": sound.replace("\n", "\r\n"),
        "CR": sound.replace("\n", "\r"),
        "on one line": " ".join(sound.split("\n")),
        "body on one line": recoded(sound, bytes),
        "blank lines": sound.replace("\n", "\n\n"),
        "headers": sound.replace("-----\n", "-----\nName: value\nOther: x\n\n", 1),
        "headers without an empty line": sound.replace("-----\n", "-----\nName: value\n", 1),
        "colon in the body": sound.replace("M", ":", 1),
        "another label at the end": sound.replace("END EC", "END RSA"),
        "two": sound + rsa_pem,
        "a broken one first": sound.replace("M", "?", 1) + rsa_pem,
        "a certificate first": relabelled(sound, "CERTIFICATE") + rsa_pem,
        "begun twice": sound.splitlines()[0] + "\n" + sound,
        "not ended": sound.rpartition("-----END")[0],
        "empty body": "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
        "no padding": sound.replace("=", ""),
        "more bytes": recoded(sound, lambda data: data + b"x"),
        "more bytes, RSA": recoded(rsa_pem, lambda data: data + b"x"),
        "more bytes, PKCS 8": recoded(rsa_pkcs8, lambda data: data + b"x"),
        "cut": recoded(sound, lambda data: data[:-1]),
        "nothing": recoded(sound, lambda _: b""),
        "zeros": recoded(sound, lambda data: bytes(len(data))),
        "EC version": recoded(sound, lambda data: flipped(data, 4)),
        "EC tag": recoded(sound, lambda data: flipped(data, 5)),
        "EC secret": recoded(sound, lambda data: flipped(data, 20)),
        "EC secret of zero": recoded(sound, lambda data: data[:7] + bytes(32) + data[39:]),
        "EC secret too large": recoded(sound, lambda data: data[:7] + b"\xff" * 32 + data[39:]),
        "EC point": recoded(sound, lambda data: flipped(data, len(data) - 1)),
        "EC without curve": recoded(sound, lambda data: b"\x30\x25" + data[2:39]),
        "RSA version": recoded(rsa_pem, lambda data: flipped(data, 6)),
        "RSA modulus": recoded(rsa_pem, lambda data: flipped(data, 100)),
        "RSA exponent": recoded(rsa_pem, lambda data: data.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x03", 1)),
        "RSA private exponent": recoded(rsa_pem, lambda data: flipped(data, 400)),
        "RSA prime": recoded(rsa_pem, lambda data: flipped(data, 600)),
        "RSA last": recoded(rsa_pem, lambda data: flipped(data, len(data) - 1)),
        "PKCS 8 version": recoded(rsa_pkcs8, lambda data: flipped(data, 6)),
        "PKCS 8 algorithm": recoded(rsa_pkcs8, lambda data: flipped(data, 18)),
        "Ed25519 cut": recoded(pem_of(ed_key, PKCS8), lambda data: b"\x30\x2d" + data[2:15] + b"\x21\x04\x1f" + data[18:48]),
        "long form of a length": recoded(sound, lambda data: b"\x30\x81" + data[1:]),
        "length without end": recoded(sound, lambda data: b"\x30\x80" + data[2:] + b"\0\0"),
    }  # fmt: skip


def foreign_certificates(sound: str) -> dict[str, str]:
    """Certificates of a key and of others, and texts that are nearly one."""
    cert = authority(sound)
    rsa_pem = pem_of(rsa.generate_private_key(65537, 2048))
    ed_key = ed25519.Ed25519PrivateKey.generate()
    return {
        "as it is": cert,
        "of RSA": authority(rsa_pem),
        "of Ed25519": authority(pem_of(ed_key, PKCS8)),
        "called otherwise": relabelled(cert, "FOO"),
        "a key": sound,
        "two": cert + authority(rsa_pem),
        "text around": f"some text\n{cert}more",
        "more bytes": recoded(cert, lambda data: data + b"x"),
        "cut": recoded(cert, lambda data: data[:-1]),
        "nothing": recoded(cert, lambda _: b""),
        "version 1": recoded(cert, lambda data: data.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)),
        "version 4": recoded(cert, lambda data: data.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)),
        "negative serial number": recoded(cert, lambda data: data.replace(b"\x02\x01\x07", b"\x02\x01\xf7", 1)),
        "serial number of zero": recoded(cert, lambda data: data.replace(b"\x02\x01\x07", b"\x02\x01\x00", 1)),
        "two algorithms": recoded(cert, lambda data: data.replace(b"\x04\x03\x02", b"\x04\x03\x03", 1)),
        "month 13": recoded(cert, lambda data: data.replace(b"240101", b"241301", 1)),
        "time without Z": recoded(cert, lambda data: data.replace(b"240101000000Z", b"2401010000000", 1)),
        "the same extension twice": recoded(cert, lambda data: data.replace(b"\x55\x1d\x0e", b"\x55\x1d\x13", 1)),
        "an unknown extension": recoded(cert, lambda data: data.replace(b"\x55\x1d\x0e", b"\x55\x1d\x7e", 1)),
        "an unknown kind of key": recoded(cert, lambda data: data.replace(b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x02\x09", 1)),
        "an unknown curve": recoded(cert, lambda data: data.replace(b"\x3d\x03\x01\x07", b"\x3d\x03\x01\x09", 1)),
        "a point off the curve": recoded(cert, lambda data: flipped(data, data.index(b"\x03\x42\x00\x04") + 67)),
        "a signature of nothing": recoded(cert, lambda data: data[:-4] + b"\0\0\0\0"),
    }  # fmt: skip


def outcomes(
    helm: Path, folder: Path, expressions: Sequence[str], pairs: Mapping[str, tuple[str, str]]
) -> tuple[object, object]:
    """What helm and what we make of pairs of a certificate and a key; None where they are refused."""
    theirs: dict[tuple[str, str], object] = {}
    ours: dict[tuple[str, str], object] = {}
    for name, pair in pairs.items():
        cert, key = (base64.b64encode(text.encode()).decode() for text in pair)
        for expression in expressions:
            # What cannot be read by the first cannot be by the second.
            if theirs.get((name, expressions[0]), ...) is None:
                continue
            values = {"cert": cert, "key": key}
            done = helm_run(helm, folder, template_of([expression]), values)
            theirs[name, expression] = None if done.returncode else values_of(done.stdout)
            try:
                ours[name, expression] = our_values([expression], values)
            except TemplateError:
                ours[name, expression] = None
    return ours, theirs


BUILD = "buildCustomCert .Values.cert .Values.key"


def test_a_key_is_read_where_helm_reads_it(helm: Path, tmp_path: Path) -> None:
    cert = authority(pem_of(ec.generate_private_key(ec.SECP256R1())))
    pairs = {name: (cert, key) for name, key in foreign_keys().items()}
    ours, theirs = outcomes(helm, tmp_path, [BUILD, '(genCAWithKey "x" 1 (b64dec .Values.key)).Key'], pairs)
    assert ours == theirs


def test_a_certificate_is_read_where_helm_reads_it(helm: Path, tmp_path: Path) -> None:
    sound = pem_of(ec.generate_private_key(ec.SECP256R1()))
    pairs = {name: (cert, sound) for name, cert in foreign_certificates(sound).items()}
    ours, theirs = outcomes(helm, tmp_path, [BUILD, f'kindOf (genSignedCert "x" nil nil 1 ({BUILD}))'], pairs)
    assert ours == theirs
