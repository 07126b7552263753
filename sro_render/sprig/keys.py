"""Private keys: made of numbers, written and read as Go writes and reads them, and used to sign.

Decides which keys there are, their bytes, and the signature that each makes; all of these follow from
the numbers alone. Where the numbers come from is decided elsewhere.
Source: Go's crypto/x509 (pkcs1.go, sec1.go, pkcs8.go) and Sprig's crypto.go; RFC 8017, 5915, 5958,
8410, 6979.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from sro_render.gotemplate.values import to_bytes
from sro_render.sprig import der, pem
from sro_render.sprig.der import DerError, Element
from sro_render.sprig.primes import DsaNumbers, RsaNumbers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

# cryptography takes longer to import than a small render takes, so only what uses it imports it.

RSA_OID: Final = "1.2.840.113549.1.1.1"
EC_OID: Final = "1.2.840.10045.2.1"
ED25519_OID: Final = "1.3.101.112"
X25519_OID: Final = "1.3.101.110"
DSA_OID: Final = "1.2.840.10040.4.1"
_NULL: Final = bytes((der.NULL, 0))
_LEAST_RSA_BITS: Final = 1024
"""Go does not use shorter ones."""
_MOST_RSA_BITS: Final = 16_384
"""OpenSSL does not use longer ones, which would take minutes."""
_RAW_KEY_SIZE: Final = 32


class KeyFault(ValueError):  # noqa: N818
    """A text that is no key, or a key of the wrong kind; the text says what is wrong with it."""


class RsaKey(Struct, frozen=True):
    """An RSA key."""

    numbers: RsaNumbers

    def pem(self) -> str:
        """As `RSA PRIVATE KEY`."""
        n = self.numbers
        derived = n.d % (n.p - 1), n.d % (n.q - 1), pow(n.q, -1, n.p)
        fields = map(der.integer, (0, n.n, n.e, n.d, n.p, n.q, *derived))
        return pem.encode("RSA PRIVATE KEY", der.sequence(*fields))

    def public_parts(self) -> tuple[bytes, bytes]:
        """The algorithm, and the bytes of the public key."""
        return rsa_algorithm(), der.sequence(der.integer(self.numbers.n), der.integer(self.numbers.e))

    def signature_algorithm(self) -> bytes:
        """SHA-256 with RSA, as PKCS #1 v1.5 pads it."""
        return der.sequence(der.object_id("1.2.840.113549.1.1.11"), _NULL)

    def sign(self, data: bytes) -> bytes:
        """The one signature that this key makes of these bytes."""
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256

        n = self.numbers
        public = rsa.RSAPublicNumbers(n.e, n.n)
        derived = n.d % (n.p - 1), n.d % (n.q - 1), pow(n.q, -1, n.p)
        private = rsa.RSAPrivateNumbers(n.p, n.q, n.d, *derived, public)
        # The relations between the numbers hold already; the library would test the primes for long.
        key = private.private_key(unsafe_skip_rsa_key_validation=True)
        return key.sign(data, padding.PKCS1v15(), SHA256())


class Curve(Struct, frozen=True):
    """A curve of NIST: its object identifier, the library's name, the order of its group, the hash."""

    oid: str
    name: str
    order: int
    hash_name: str
    signature_oid: str

    @property
    def size(self) -> int:
        """Bytes of a number below the order."""
        return (self.order.bit_length() + 7) // 8


P256: Final = Curve(
    "1.2.840.10045.3.1.7",
    "SECP256R1",
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "SHA256",
    "1.2.840.10045.4.3.2",
)
# The orders are those of SEC 2, version 2.0; the hash of each is the one that Go takes.
CURVES: Final = (
    P256,
    Curve(
        "1.3.132.0.33",
        "SECP224R1",
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D,
        "SHA256",
        "1.2.840.10045.4.3.2",
    ),
    Curve(
        "1.3.132.0.34",
        "SECP384R1",
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        "SHA384",
        "1.2.840.10045.4.3.3",
    ),
    Curve(
        "1.3.132.0.35",
        "SECP521R1",
        (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
        "SHA512",
        "1.2.840.10045.4.3.4",
    ),
)


class EcKey(Struct, frozen=True):
    """A key on a curve: its secret number."""

    curve: Curve
    secret: int

    def pem(self) -> str:
        """As `EC PRIVATE KEY`."""
        secret = self.secret.to_bytes(self.curve.size, "big")
        curve = der.element(0xA0, der.object_id(self.curve.oid))
        public = der.element(0xA1, der.bits(self._point()))
        return pem.encode("EC PRIVATE KEY", der.sequence(der.integer(1), der.octets(secret), curve, public))

    def public_parts(self) -> tuple[bytes, bytes]:
        """The algorithm, and the bytes of the public key."""
        return der.sequence(der.object_id(EC_OID), der.object_id(self.curve.oid)), self._point()

    def signature_algorithm(self) -> bytes:
        """ECDSA with the hash that fits the curve."""
        return der.sequence(der.object_id(self.curve.signature_oid))

    def sign(self, data: bytes) -> bytes:
        """A signature that follows from key and bytes alone (RFC 6979); Go's differ from run to run.

        Raises: KeyFault: the library was built with an OpenSSL that knows no such signatures.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        algorithm: HashAlgorithm = getattr(hashes, self.curve.hash_name)()
        try:
            return self._key().sign(data, ec.ECDSA(algorithm, deterministic_signing=True))
        except UnsupportedAlgorithm:
            raise KeyFault("signing with it the same way every time needs OpenSSL 3.2 or later") from None

    def _key(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.derive_private_key(self.secret, getattr(ec, self.curve.name)())

    def _point(self) -> bytes:
        numbers = self._key().public_key().public_numbers()
        return b"\4" + b"".join(n.to_bytes(self.curve.size, "big") for n in (numbers.x, numbers.y))


class Ed25519Key(Struct, frozen=True):
    """An Ed25519 key: its 32 secret bytes."""

    secret: bytes

    def pem(self) -> str:
        """As `PRIVATE KEY`."""
        return pem.encode("PRIVATE KEY", _wrapped(ED25519_OID, self.secret))

    def public_parts(self) -> tuple[bytes, bytes]:
        """The algorithm, and the bytes of the public key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self.secret)
        return self.signature_algorithm(), key.public_key().public_bytes_raw()

    def signature_algorithm(self) -> bytes:
        """Ed25519, which brings its own hash."""
        return der.sequence(der.object_id(ED25519_OID))

    def sign(self, data: bytes) -> bytes:
        """The one signature that this key makes of these bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(data)


class DsaKey(Struct, frozen=True):
    """A DSA key. Go makes and reads them, but no certificate takes one."""

    numbers: DsaNumbers

    def pem(self) -> str:
        """As `DSA PRIVATE KEY`."""
        n = self.numbers
        fields = map(der.integer, (0, n.p, n.q, n.g, n.y, n.x))
        return pem.encode("DSA PRIVATE KEY", der.sequence(*fields))


class X25519Key(Struct, frozen=True):
    """An X25519 key. Go reads them, but no certificate takes one, and nothing writes it."""

    secret: bytes


SigningKey: TypeAlias = RsaKey | EcKey | Ed25519Key
PrivateKey: TypeAlias = SigningKey | DsaKey | X25519Key


def rsa_algorithm() -> bytes:
    """How a public key says that it is RSA."""
    return der.sequence(der.object_id(RSA_OID), _NULL)


def _wrapped(oid: str, secret: bytes) -> bytes:
    """A key of bytes in PKCS #8."""
    return der.sequence(der.integer(0), der.sequence(der.object_id(oid)), der.octets(der.octets(secret)))


def _curve(oid: bytes) -> Curve | None:
    """The curve that an element names."""
    return next((curve for curve in CURVES if der.object_id(curve.oid) == oid), None)


def is_point(curve_oid: bytes, data: bytes) -> bool:
    """Whether bytes are a point, written in full, of the curve that an element names."""
    curve = _curve(curve_oid)
    if curve is None or data[:1] != b"\4":
        return False
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, curve.name)(), data)
    except ValueError:
        return False
    return True


def parse_signing_key(text: str) -> SigningKey:
    """The key in a text, of a kind that can sign certificates.

    Raises: KeyFault.
    """
    key = parse_private_key(text)
    if isinstance(key, DsaKey | X25519Key):
        kind = "DSA" if isinstance(key, DsaKey) else "X25519"
        raise KeyFault(f"a certificate takes no {kind} key, only RSA, ECDSA or Ed25519")
    return key


def parse_private_key(text: str) -> PrivateKey:
    """The key in the first block of a text.

    Raises: KeyFault.
    """
    block = pem.decode(to_bytes(text))
    if block is None:
        raise KeyFault("there is no PEM block in it")
    if block.label != "PRIVATE KEY" and not block.label.endswith(" PRIVATE KEY"):
        raise KeyFault(f"it holds a block {block.label or 'without a name'}, not a private key")
    parse = _PARSERS.get(block.label)
    if parse is None:
        raise KeyFault(f"the block {block.label} is none of {', '.join(_PARSERS)}")
    try:
        return parse(block.data)
    except DerError as fault:
        raise KeyFault(f"the block {block.label} is damaged: {fault}") from None


def _parse_rsa(data: bytes) -> RsaKey:
    """PKCS #1; keys of more than two primes are not read."""
    if der.read(data).whole != data:
        raise KeyFault("more bytes follow the RSA key")
    fields = der.read_sequence(data, 6)
    version, n, e, d, p, q, *derived = [field.number() for field in fields[:9]]
    if version > 1 or any(field.content for field in fields[9:10]):
        raise KeyFault("it is an RSA key of more than two primes, or of an unknown version")
    if not _LEAST_RSA_BITS <= n.bit_length() <= _MOST_RSA_BITS:
        raise KeyFault(
            f"the RSA key has {n.bit_length()} bits, which is not from {_LEAST_RSA_BITS} to {_MOST_RSA_BITS}"
        )
    if not _is_sound_rsa(n, e, d, p, q):
        raise KeyFault("the numbers of the RSA key do not belong together")
    if len(derived) == 3 and derived != [d % (p - 1), d % (q - 1), pow(q, -1, p)]:
        raise KeyFault("the numbers of the RSA key do not belong together")
    return RsaKey(RsaNumbers(n, e, d, p, q))


def _is_sound_rsa(n: int, e: int, d: int, p: int, q: int) -> bool:
    """What FIPS 186-5 and Go ask of the numbers, apart from being prime."""
    half = n.bit_length() // 2
    return (
        min(p, q) > 1
        and p * q == n
        and n % 2 == 1
        and e % 2 == 1
        and 1 < e < 1 << 31
        and 0 < d < n
        and d.bit_length() > half
        and d * e % (p - 1) == 1
        and d * e % (q - 1) == 1
        and abs(p - q).bit_length() > half - 100
    )


def _parse_ec(data: bytes, curve_oid: bytes = b"") -> EcKey:
    """SEC 1; `curve_oid` is the element that names the curve, where something around the key names it."""
    version, secret, *options = der.read_sequence(data, 2)
    if version.number() != 1:
        raise KeyFault("the EC key has an unknown version")
    if not curve_oid and options and options[0].tag == 0xA0:
        curve_oid = options[0].content
    curve = _curve(curve_oid)
    if curve is None:
        raise KeyFault("the EC key names no curve, or none of P-224, P-256, P-384, P-521")
    number = int.from_bytes(secret.expect(der.OCTET_STRING).content, "big")
    if not 0 < number < curve.order:
        raise KeyFault("the secret number of the EC key is not one of its curve")
    return EcKey(curve, number)


def _parse_dsa(data: bytes) -> DsaKey:
    """The form of OpenSSL."""
    p, q, g, y, x = (e.number() for e in der.read_sequence(data, 6)[1:6])
    return DsaKey(DsaNumbers(p, q, g, y, x))


def _parse_pkcs8(data: bytes) -> PrivateKey:
    version, algorithm, wrapped = der.read_sequence(data, 3)[:3]
    version.number()
    oid, *parameters = algorithm.expect(der.SEQUENCE).children() or [algorithm]
    secret = wrapped.expect(der.OCTET_STRING).content
    match oid.whole:
        case whole if whole == der.object_id(RSA_OID):
            return _parse_rsa(secret)
        case whole if whole == der.object_id(EC_OID):
            return _parse_ec(secret, _curve_oid(parameters))
        case whole if whole == der.object_id(ED25519_OID) and not parameters:
            return Ed25519Key(_raw_secret(secret))
        case whole if whole == der.object_id(X25519_OID) and not parameters:
            return X25519Key(_raw_secret(secret))
    raise KeyFault("it is a key of another kind than RSA, ECDSA or Ed25519")


def _curve_oid(parameters: list[Element]) -> bytes:
    return parameters[0].whole if parameters and parameters[0].tag == der.OBJECT_ID else b""


def _raw_secret(data: bytes) -> bytes:
    secret = der.read(data).expect(der.OCTET_STRING).content
    if len(secret) != _RAW_KEY_SIZE:
        raise KeyFault(f"the secret has {len(secret)} bytes, not {_RAW_KEY_SIZE}")
    return secret


_PARSERS: Final = {
    "PRIVATE KEY": _parse_pkcs8,
    "RSA PRIVATE KEY": _parse_rsa,
    "EC PRIVATE KEY": _parse_ec,
    "DSA PRIVATE KEY": _parse_dsa,
}
