"""A CA of the tests' own, and a server's certificate from it. Knows no pytest, so that a bench can have some."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Certificates:
    """A CA, and a server's certificate from it for this machine and for `charts.example.test`."""

    ca: Path
    server: Path
    """Certificate and key."""


def make_certificates(folder: Path) -> Certificates:
    """New ones, in an existing folder."""
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]

    def certificate(name: str, key: Any, *extensions: tuple[Any, bool]) -> Any:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test CA")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=30))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), False)
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(keys[0], hashes.SHA256())

    usage = {
        name: name in {"key_cert_sign", "crl_sign"}
        for name in (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )
    }
    ca = certificate(
        "test CA",
        keys[0],
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.KeyUsage(**usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(keys[0].public_key()), False),
    )
    names = [
        x509.DNSName("localhost"),
        x509.DNSName("charts.example.test"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    server = certificate("test server", keys[1], (x509.SubjectAlternativeName(names), False))
    pem = serialization.Encoding.PEM
    made = Certificates(ca=folder / "ca.pem", server=folder / "server.pem")
    made.ca.write_bytes(ca.public_bytes(pem))
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.server.write_bytes(server.public_bytes(pem) + key)
    return made
