"""Sprig's keys and certificates.

Decides what templates get from these functions. Where Go takes chance from the system, it follows here
from the secret seed: each call has a stream of its own (ambient.py), and what a call reads from it is

| call                | reads, in this order                                                  |
| ------------------- | --------------------------------------------------------------------- |
| genCA, gen…Cert     | 32 bytes that an RSA key of 2048 bits follows from; the serial number |
| gen…WithKey         | the serial number                                                     |
| genPrivateKey       | 32 bytes that the key follows from                                    |

A change of this table changes the keys of everybody who rendered before; tests pin it.
Source: Sprig v3.3.0 crypto.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sro_render.gotemplate.functions import Function, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.sprig.ambient import chance_of
from sro_render.sprig.calls import check_time, fault_as_text

if TYPE_CHECKING:
    from sro_render.sprig.issuing import Call, GoCertificate

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "genPrivateKey", "(string) string", wants_run=True)
def gen_private_key(run: Run, kind: str) -> str:
    """A key as PEM: rsa (also for the empty string), dsa, ecdsa or ed25519."""
    check_time(run)
    from sro_render.sprig.issuing import KINDS

    kind = kind or "rsa"
    if kind not in KINDS:
        return fault_as_text(run, f"Unknown type {kind}", f"the kinds are {', '.join(sorted(KINDS))}")
    return KINDS[kind](chance_of(run, "genPrivateKey").read(32)).pem()


@go_function(FUNCTIONS, "genCA", "(string, int) sprig.certificate", wants_run=True)
def gen_ca(run: Run, name: str, days: int) -> GoCertificate:
    """A certificate that may sign others, with a new key."""
    return _call(run, "genCA").certificate(name, [], [], days, is_ca=True)


@go_function(FUNCTIONS, "genCAWithKey", "(string, int, string) sprig.certificate", wants_run=True)
def gen_ca_with_key(run: Run, name: str, days: int, key: str) -> GoCertificate:
    """A certificate that may sign others, for a key in PEM."""
    return _call(run, "genCAWithKey", key).certificate(name, [], [], days, is_ca=True)


@go_function(FUNCTIONS, "genSelfSignedCert", "(string, []any, []any, int) sprig.certificate", wants_run=True)
def gen_self_signed_cert(
    run: Run, name: str, addresses: list[object], names: list[object], days: int
) -> GoCertificate:
    """A certificate that its own new key signs."""
    return _call(run, "genSelfSignedCert").certificate(name, addresses, names, days)


@go_function(
    FUNCTIONS,
    "genSelfSignedCertWithKey",
    "(string, []any, []any, int, string) sprig.certificate",
    wants_run=True,
)
def gen_self_signed_cert_with_key(
    run: Run, name: str, addresses: list[object], names: list[object], days: int, key: str
) -> GoCertificate:
    """A certificate that its own key, in PEM, signs."""
    return _call(run, "genSelfSignedCertWithKey", key).certificate(name, addresses, names, days)


@go_function(
    FUNCTIONS,
    "genSignedCert",
    "(string, []any, []any, int, sprig.certificate) sprig.certificate",
    wants_run=True,
)
def gen_signed_cert(
    run: Run, name: str, addresses: list[object], names: list[object], days: int, ca: GoCertificate
) -> GoCertificate:
    """A certificate for a new key, signed by another certificate."""
    return _call(run, "genSignedCert").certificate(name, addresses, names, days, ca)


@go_function(
    FUNCTIONS,
    "genSignedCertWithKey",
    "(string, []any, []any, int, sprig.certificate, string) sprig.certificate",
    wants_run=True,
)
def gen_signed_cert_with_key(
    run: Run, name: str, addresses: list[object], names: list[object], days: int, ca: GoCertificate, key: str
) -> GoCertificate:
    """A certificate for a key in PEM, signed by another certificate."""
    return _call(run, "genSignedCertWithKey", key).certificate(name, addresses, names, days, ca)


@go_function(FUNCTIONS, "buildCustomCert", "(string, string) sprig.certificate", wants_run=True)
def build_custom_cert(run: Run, cert: str, key: str) -> GoCertificate:
    """A certificate and a key, both PEM in base 64, as what the other functions take and give."""
    check_time(run)
    from sro_render.sprig.issuing import build

    return build(cert, key)


def _call(run: Run, function: str, key: str | None = None) -> Call:
    """A call of a function that makes a certificate; without a key in PEM it makes one."""
    from sro_render.sprig.issuing import Call

    return Call(run, function, key)
