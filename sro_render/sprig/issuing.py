"""What the functions of crypto.py do: certificates and keys out of a run's time and chance.

Decides what a call reads of its stream of bytes, the dates, and what the user is told of wrong arguments.
How templates call this stands in crypto.py, which imports this module only when it is needed: with all
that it imports in turn, it would slow down the start of every render.
Source: Sprig v3.3.0 crypto.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import ClassVar, Final

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import GoObject, from_bytes, to_bytes, type_label, wrap_integer
from sro_render.sprig.ambient import Stream, ambient_of, chance_of, now_of
from sro_render.sprig.calls import check_time
from sro_render.sprig.certificates import (
    Address,
    Certificate,
    CertificateFault,
    Issuer,
    Request,
    issue,
    parse_certificate,
)
from sro_render.sprig.encoding import decode_base64
from sro_render.sprig.keys import (
    P256,
    DsaKey,
    EcKey,
    Ed25519Key,
    KeyFault,
    PrivateKey,
    RsaKey,
    SigningKey,
    parse_private_key,
    parse_signing_key,
)
from sro_render.sprig.primes import make_dsa, make_rsa

_SERIAL_NUMBERS: Final = 1 << 128
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _SECOND_NS
_KEYS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class GoCertificate(GoObject):
    """A certificate and its private key, both in PEM; equal where both texts are."""

    go_type: ClassVar[str] = "sprig.certificate"
    cert: str
    key: str

    def go_fields(self) -> Mapping[str, object]:
        """As in Sprig."""
        return {"Cert": self.cert, "Key": self.key}


class Call:
    """One call of a function that makes a certificate: its key, its time, its chance.

    Raises: FunctionError: it has no time or no chance, or the key that it gets is none.
    """

    def __init__(self, run: Run, function: str, pem: str | None = None) -> None:
        check_time(run)
        self.name = function
        self._pem = pem
        self._now = _now(run, function)
        self._stream = chance_of(run, function)

    def certificate(
        self,
        name: str,
        addresses: Sequence[object],
        names: Sequence[object],
        days: int,
        ca: GoCertificate | None = None,
        *,
        is_ca: bool = False,
    ) -> GoCertificate:
        """The certificate; without `ca` its key signs itself."""
        issuer = None if ca is None else _read_issuer(ca)
        valid = tuple(map(_address, addresses)), tuple(map(_dns_name, names))
        first, last = self._now, _after(self._now, days)
        if self._pem is None:
            key: SigningKey = _make_rsa(self._stream.read(32), 2048)
        else:
            key = _read_signing_key(self._pem)
        request = Request(
            common_name=name,
            serial=self._stream.below(_SERIAL_NUMBERS),
            first=first,
            last=last,
            addresses=valid[0],
            names=valid[1],
            is_ca=is_ca,
        )
        try:
            return GoCertificate(issue(request, key, issuer), key.pem())
        except CertificateFault as fault:
            raise FunctionError(f"{self.name} cannot make the certificate: {fault}") from None
        except KeyFault as fault:
            raise _key_error(fault) from None


def build(cert: str, key: str) -> GoCertificate:
    """A certificate and a key, both PEM in base 64, once they were read.

    Raises: FunctionError: one of them is none.
    """
    decoded = [decode_base64(to_bytes(text)) for text in (cert, key)]
    if decoded[0] is None or decoded[1] is None:
        what = "certificate" if decoded[0] is None else "private key"
        raise FunctionError(
            f"the {what} that buildCustomCert gets is not base 64", hint="hand it in as PEM, then | b64enc"
        )
    ca = GoCertificate(from_bytes(decoded[0]), from_bytes(decoded[1]))
    _read_certificate(ca.cert)
    _read_key(ca.key)
    return ca


def _now(run: Run, function: str) -> datetime:
    """The time of the run in UTC; where chance is missing too, both are asked for at once."""
    ambient = ambient_of(run)
    if ambient.now is None and ambient.seed is None:
        raise FunctionError(
            f"{function} needs chance and the time, and rendering has neither: "
            "it gives the same bytes every time",
            hint="give a secret file with --seed-file and the time with --now, such as "
            "--now 2024-01-31T12:00:00Z, or set the certificate that the chart would make up",
            code="no-seed",
        )
    try:
        return now_of(run, function).astimezone(UTC)
    except OverflowError:
        raise FunctionError(f"{function} cannot use the time that --now gives: no calendar has it") from None


def _after(now: datetime, days: int) -> datetime:
    """The time so many days later. Go counts nanoseconds in 64 bits, which wrap around after 292 years.

    Raises: FunctionError: no calendar has it.
    """
    now_ns = (now - _EPOCH) // timedelta(microseconds=1) * 1000
    end_ns = now_ns + wrap_integer(days * _DAY_NS)
    try:
        return _EPOCH + timedelta(seconds=end_ns // _SECOND_NS)
    except OverflowError:
        raise FunctionError(f"no calendar has the time {days} days after --now") from None


def _address(value: object) -> Address:
    if isinstance(value, str) and "%" not in value:
        try:
            return ip_address(value)
        except ValueError:
            pass
    shown = f'"{value}"' if isinstance(value, str) else f"a value of type {type_label(value)}"
    raise FunctionError(f"{shown} is no IP address", hint='write it as a string, such as "10.0.0.1"')


def _dns_name(value: object) -> str:
    if not isinstance(value, str):
        raise FunctionError(
            f"a DNS name is a string, not a value of type {type_label(value)}", hint="use | toString"
        )
    return value


def _read_issuer(ca: GoCertificate) -> Issuer:
    certificate = _read_certificate(ca.cert)
    try:
        return certificate.issuer(_read_signing_key(ca.key))
    except CertificateFault as fault:
        raise FunctionError(f"the certificate cannot sign: {fault}") from None


def _read_certificate(text: str) -> Certificate:
    try:
        return parse_certificate(to_bytes(text))
    except CertificateFault as fault:
        raise FunctionError(
            f"the certificate is none: {fault}", hint="hand in the text from -----BEGIN CERTIFICATE----- on"
        ) from None


def _read_key(text: str) -> PrivateKey:
    try:
        return parse_private_key(text)
    except KeyFault as fault:
        raise _key_error(fault) from None


def _read_signing_key(text: str) -> SigningKey:
    try:
        return parse_signing_key(text)
    except KeyFault as fault:
        raise _key_error(fault) from None


def _key_error(fault: KeyFault) -> FunctionError:
    return FunctionError(
        f"the private key cannot be used: {fault}",
        hint="hand in the text from -----BEGIN … PRIVATE KEY----- on, such as genPrivateKey makes it",
    )


# Keys out of 32 bytes. These are kept, for one chart is often rendered for many kernels.


@lru_cache(_KEYS_KEPT)
def _make_rsa(material: bytes, size: int) -> RsaKey:
    return RsaKey(make_rsa(Stream(material, f"rsa {size}"), size))


def _make_rsa_4096(material: bytes) -> RsaKey:
    return _make_rsa(material, 4096)


@lru_cache(_KEYS_KEPT)
def _make_dsa(material: bytes) -> DsaKey:
    return DsaKey(make_dsa(Stream(material, "dsa 2048 256"), 2048, 256))


def _make_ec(material: bytes) -> EcKey:
    return EcKey(P256, 1 + Stream(material, "ecdsa p256").below(P256.order - 1))


KINDS: Final[Mapping[str, Callable[[bytes], RsaKey | DsaKey | EcKey | Ed25519Key]]] = {
    "rsa": _make_rsa_4096,
    "dsa": _make_dsa,
    "ecdsa": _make_ec,
    "ed25519": Ed25519Key,
}
