# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates for tests, as strict as RFC 5280 has them: Python 3.13 and later look at that."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any, NamedTuple, Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from served import config

from libvirt_cim.config import Config

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)
OTHER_USES = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
              "encipher_only", "decipher_only")


class Issued(NamedTuple):
    """A certificate and its key, as files and as what signs others."""

    file: str
    key_file: str
    certificate: Any
    key: Any


def issued(folder: Path, name: str, by: Optional[Issued] = None, days: int = 1) -> Issued:
    """A certificate of that name: of an authority that signs itself, or signed by one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
        .issuer_name(by.certificate.subject if by else subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 9 * DAY).not_valid_after(NOW + days * DAY))
    by_key = by.key if by else key
    for extension, critical in extensions(key.public_key(), by_key.public_key(), by is None):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(by_key, hashes.SHA256())
    file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return Issued(str(file), str(key_file), certificate, key)


def extensions(key: Any, by: Any, authority: bool) -> list[tuple[x509.ExtensionType, bool]]:
    """What a certificate says besides, each with whether it must be understood."""
    others = dict.fromkeys(OTHER_USES, False)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return [
        (x509.BasicConstraints(ca=authority, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, key_cert_sign=authority, crl_sign=authority,
                       **others), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(by), False),
        (x509.SubjectAlternativeName([host]), False),
    ]


def certificates(folder: Path) -> dict[str, Issued]:
    """An authority with a server and clients, some of them not to be believed."""
    ca, other = issued(folder, "ca"), issued(folder, "other-ca")
    return {"ca": ca, "other": other, "server": issued(folder, "server", ca),
            "expired": issued(folder, "expired", ca, -1), "client": issued(folder, "writer", ca),
            "late": issued(folder, "late", ca, -1), "stranger": issued(folder, "writer2", other)}


def tls_config(pki: dict[str, Issued], **more: Any) -> Config:
    """A configuration with TLS."""
    server = pki["server"]
    return config(tls_cert=server.file, tls_key=server.key_file, **more)
