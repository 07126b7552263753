"""X.509 certificates: written as Go's CreateCertificate writes them, and read for their issuer's part.

Decides fields, extensions, their order and encodings. Times, serial numbers and keys are handed in,
so that the same values give the same bytes.
Source: Go's crypto/x509 (x509.go `CreateCertificate`, parser.go) and Sprig's crypto.go; RFC 5280.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from msgspec import Struct

from sro_render.gotemplate.values import to_bytes
from sro_render.sprig import der, pem
from sro_render.sprig.der import DerError, Element
from sro_render.sprig.keys import (
    DSA_OID,
    EC_OID,
    ED25519_OID,
    RSA_OID,
    X25519_OID,
    SigningKey,
    is_point,
    rsa_algorithm,
)

_COMMON_NAME: Final = "2.5.4.3"
_KEY_ID: Final = "2.5.29.14"
_KEY_USAGE: Final = "2.5.29.15"
_ALTERNATIVE_NAMES: Final = "2.5.29.17"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_AUTHORITY_KEY_ID: Final = "2.5.29.35"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
_PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_KEY_ID_SIZE: Final = 20

_KNOWN_KEYS: Final = frozenset(map(der.object_id, (RSA_OID, EC_OID, ED25519_OID, X25519_OID, DSA_OID)))

Address = IPv4Address | IPv6Address


class CertificateFault(ValueError):  # noqa: N818
    """A text that is no certificate, or a value that no certificate takes; the text says which."""


class Request(Struct, frozen=True, kw_only=True):
    """What a certificate is to say.

    common_name: the only part of the subject; empty leaves the subject empty.
    serial:      a number, not negative.
    first, last: from when to when it is valid, in UTC.
    is_ca:       whether it may sign other certificates.
    """

    common_name: str
    serial: int
    first: datetime
    last: datetime
    addresses: tuple[Address, ...] = ()
    names: tuple[str, ...] = ()
    is_ca: bool = False


class Issuer(Struct, frozen=True):
    """Who signs: the name as bytes, the identifier of its key (empty: none), and the key."""

    name: bytes
    key_id: bytes
    key: SigningKey


def issue(request: Request, key: SigningKey, issuer: Issuer | None = None) -> str:
    """A certificate for a key, as a PEM block; without an issuer the key signs itself.

    Raises: CertificateFault: a name cannot stand in a certificate.
    """
    subject = _name(request.common_name)
    algorithm, public = key.public_parts()
    issuer = issuer or Issuer(subject, b"", key)
    # RFC 7093, 2 (1): the left 160 bits of SHA-256 over the public key.
    key_id = sha256(public).digest()[:_KEY_ID_SIZE] if request.is_ca else b""
    authority = issuer.key_id if issuer.name != subject else b""
    signature_algorithm = issuer.key.signature_algorithm()
    body = der.sequence(
        der.element(0xA0, der.integer(2)),
        der.integer(request.serial),
        signature_algorithm,
        issuer.name,
        der.sequence(der.time(request.first), der.time(request.last)),
        subject,
        der.sequence(algorithm, der.bits(public)),
        der.element(0xA3, der.sequence(*_extensions(request, subject, key_id, authority))),
    )
    signature = der.bits(issuer.key.sign(body))
    return pem.encode("CERTIFICATE", der.sequence(body, signature_algorithm, signature))


def _name(common_name: str) -> bytes:
    """A name that has a common name alone."""
    if not common_name:
        return der.sequence()
    data = to_bytes(common_name)
    try:
        data.decode()
    except UnicodeDecodeError:
        raise CertificateFault("the common name is not text in UTF-8") from None
    tag = der.PRINTABLE_STRING if _PRINTABLE.fullmatch(common_name) else der.UTF8_STRING
    return der.sequence(
        der.element(der.SET, der.sequence(der.object_id(_COMMON_NAME), der.element(tag, data)))
    )


def _extensions(request: Request, subject: bytes, key_id: bytes, authority: bytes) -> list[bytes]:
    """The extensions in Go's order."""
    # Bits from the left: 0 digital signature, 2 key encipherment, 5 signing of certificates.
    usage = der.bits(b"\xa4", 2) if request.is_ca else der.bits(b"\xa0", 5)
    purposes = der.sequence(der.object_id(_SERVER_AUTH), der.object_id(_CLIENT_AUTH))
    found = [
        _extension(_KEY_USAGE, usage, is_critical=True),
        _extension(_EXTENDED_KEY_USAGE, purposes),
        _extension(_BASIC_CONSTRAINTS, der.sequence(der.TRUE if request.is_ca else b""), is_critical=True),
    ]
    if key_id:
        found.append(_extension(_KEY_ID, der.octets(key_id)))
    if authority:
        found.append(_extension(_AUTHORITY_KEY_ID, der.sequence(der.element(0x80, authority))))
    if request.names or request.addresses:
        # RFC 5280, 4.2.1.6: critical where nothing else names the subject.
        names = _alternative_names(request)
        found.append(_extension(_ALTERNATIVE_NAMES, names, is_critical=subject == der.sequence()))
    return found


def _extension(oid: str, value: bytes, *, is_critical: bool = False) -> bytes:
    return der.sequence(der.object_id(oid), der.TRUE if is_critical else b"", der.octets(value))


def _alternative_names(request: Request) -> bytes:
    names = []
    for name in request.names:
        if not name.isascii():
            raise CertificateFault(f'the DNS name "{name}" has other characters than ASCII')
        names.append(der.element(0x82, name.encode()))
    return der.sequence(*names, *(der.element(0x87, _packed(address)) for address in request.addresses))


def _packed(address: Address) -> bytes:
    """4 bytes also for an IPv4 address written as IPv6, as Go has it."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.packed
    return address.packed


class Certificate(Struct, frozen=True):
    """What is read of a certificate.

    subject:   its name, as bytes.
    algorithm: the element that says of which kind its public key is.
    public:    the public key, as bytes.
    key_id:    the identifier of that key; empty: it has none.
    """

    subject: bytes
    algorithm: bytes
    public: bytes
    key_id: bytes

    def issuer(self, key: SigningKey) -> Issuer:
        """Its holder as an issuer. Like Go, asks nothing where it does not know the kind of its public key.

        Raises: CertificateFault: the key belongs to another certificate.
        """
        kind = der.read_sequence(self.algorithm, 1)[0].whole
        if kind in _KNOWN_KEYS and key.public_parts() != (self.algorithm, self.public):
            raise CertificateFault("the private key does not belong to the certificate")
        return Issuer(self.subject, self.key_id, key)


def parse_certificate(text: bytes) -> Certificate:
    """The certificate in the first block of a text.

    Raises: CertificateFault: there is none, or Go would not read it.
    """
    block = pem.decode(text)
    if block is None:
        raise CertificateFault("there is no PEM block in it")
    try:
        return _read(block.data)
    except DerError as fault:
        raise CertificateFault(f"it is damaged: {fault}") from None


def _read(data: bytes) -> Certificate:
    whole = der.read(data)
    if whole.whole != data:
        raise DerError("more bytes follow it")
    body, algorithm, signature = der.read_sequence(whole.whole, 3)[:3]
    signature.bit_string()
    fields = body.expect(der.SEQUENCE).children()
    version = 0
    if fields and fields[0].tag == 0xA0:
        version = der.read(fields.pop(0).content).number()
    if not 0 <= version <= 2 or len(fields) < 6:
        raise DerError("it has an unknown version or too few fields")
    serial, inner, issuer, validity, subject, key, *options = fields
    if serial.number() < 0:
        raise DerError("its serial number is negative")
    if inner.whole != algorithm.expect(der.SEQUENCE).whole:
        raise DerError("it names two algorithms of its signature")
    for name in (issuer, subject):
        _check_name(name)
    for moment in _pair(validity):
        _check_time(moment)
    key_algorithm, public = _pair(key)
    _check_public_key(key_algorithm, public.bit_string())
    wrapped = next((o.content for o in options if o.tag == 0xA3 and version == 2), b"")
    return Certificate(subject.whole, key_algorithm.whole, public.bit_string(), _read_extensions(wrapped))


def _pair(element: Element) -> tuple[Element, Element]:
    children = element.expect(der.SEQUENCE).children()
    if len(children) < 2:
        raise DerError("an element that should hold two holds fewer")
    return children[0], children[1]


def _check_name(name: Element) -> None:
    """A name is a list of sets of pairs."""
    for part in name.expect(der.SEQUENCE).children():
        for attribute in part.expect(der.SET).children():
            _pair(attribute)[0].expect(der.OBJECT_ID)


def _check_time(moment: Element) -> None:
    """RFC 5280, 4.1.2.5: digits up to the seconds, and Z."""
    years = {der.UTC_TIME: 2, der.GENERALIZED_TIME: 4}.get(moment.tag, 0)
    digits = moment.content.removesuffix(b"Z")
    try:
        if not years or len(digits) != years + 10 or digits == moment.content or not digits.isdigit():
            raise ValueError
        month, day, hour, minute, second = (int(digits[n : n + 2]) for n in range(years, years + 10, 2))
        datetime(int(digits[:years]) % 100 + 2000, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DerError("its validity is not two times") from None


def _check_public_key(algorithm: Element, public: bytes) -> None:
    """What Go reads of the keys that can sign; a key of another kind is not looked into."""
    oid, *parameters = der.read_sequence(algorithm.whole, 1)
    if oid.whole == der.object_id(RSA_OID):
        if algorithm.whole != rsa_algorithm():
            raise DerError("its RSA key has parameters that are not NULL")
        modulus, exponent = (e.number() for e in der.read_sequence(public, 2)[:2])
        if modulus <= 0 or exponent <= 0:
            raise DerError("its RSA key has numbers that are not positive")
    elif oid.whole == der.object_id(EC_OID):
        if not is_point(parameters[0].whole if parameters else b"", public):
            raise DerError("its EC key names no known curve, or its point is not one of it")
    elif oid.whole == der.object_id(ED25519_OID) and (parameters or len(public) != 32):
        raise DerError("its Ed25519 key has not 32 bytes")


def _read_extensions(wrapped: bytes) -> bytes:
    """Check the extensions; gives the identifier of the key."""
    key_id = b""
    seen = set()
    for extension in der.read_sequence(wrapped, 0) if wrapped else ():
        oid, *rest = extension.expect(der.SEQUENCE).children() or [extension]
        if oid.expect(der.OBJECT_ID).whole in seen:
            raise DerError("it has the same extension twice")
        seen.add(oid.whole)
        if rest and rest[0].tag == der.BOOLEAN:
            rest = rest[1:]
        value = rest[0].expect(der.OCTET_STRING).content if rest else b""
        if oid.whole == der.object_id(_KEY_ID):
            key_id = der.read(value).expect(der.OCTET_STRING).content
    return key_id
