# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: passwords of an htpasswd file, roles, and what each operation asks for.

Knows names and passwords; nothing of HTTP but the header Authorization.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Optional

import attrs

from ..cim import Error, Status, invalid

LOG = logging.getLogger("libvirt_cim.http")
READ, OPERATE, WRITE = ROLES = ("read", "operate", "write")  # each may do what those before may
KEEP = 300.0  # seconds that a password is known to be right
_KEPT = 1024
# Methods that change what runs, and not what is configured; those that change nothing.
_OPERATE = frozenset("""requeststatechange requestpowerstatechange setpowerstate reset enabledevice
    onlinedevice quiescedevice saveproperties restoreproperties startservice stopservice
    requeststatechangeex killjob""".split())
_READ = frozenset("""geterror geterrors getcentralinstances
    checkvirtualsystemismigratabletohost checkvirtualsystemismigratabletosystem""".split())
_ABSENT = b"$2b$12$" + b"." * 53  # no password has it: to take as long for a name there is not


def needed(method: str) -> str:
    """The role that a method asks for."""
    name = method.lower()
    return READ if name in _READ else OPERATE if name in _OPERATE else WRITE


class Users:
    """The names and passwords of an htpasswd file, read again when it changes.

    Passwords are bcrypt's (htpasswd -B) or SHA-1's (-s). OSError if the file cannot be read.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._stamp: object = None
        self._hashes: dict[str, bytes] = {}
        self._known: dict[bytes, float] = {}  # what was right -> until when that is believed
        self._current()

    def right(self, name: str, password: str) -> bool:
        """Whether that is the name's password."""
        hashes = self._current()
        token = hmac.digest(self._key, f"{name}\0{password}".encode("utf-8", "replace"), "sha256")
        now = time.monotonic()
        if self._known.get(token, 0.0) > now:
            return True
        found = hashes.get(name)
        ok = verified(password, found or _ABSENT) and found is not None
        with self._lock:
            if ok and hashes is self._hashes:  # the file did not change meanwhile
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[token] = now + KEEP
        return ok

    def _current(self) -> Mapping[str, bytes]:
        state = os.stat(self.file)
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        with self._lock:
            if stamp != self._stamp:
                with open(self.file, encoding="utf-8") as stream:
                    text = stream.read()
                for each in mistakes(self.file, text):
                    LOG.warning(each)
                self._hashes = {name: hashed for _, name, hashed in entries(text)
                                if not mistake(hashed)}
                self._known, self._stamp = {}, stamp
            return self._hashes


def entries(text: str) -> list[tuple[int, str, bytes]]:
    """The lines of an htpasswd file: number, name, and what the password is checked against."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name, _, password = line.strip().partition(":")
        if name and not name.startswith("#"):
            found.append((number, name, password.partition(":")[0].encode("utf-8")))
    return found


def mistake(hashed: bytes) -> str:
    """What is wrong with a password of an htpasswd file; nothing if it can be checked."""
    if hashed.startswith((b"$2a$", b"$2b$", b"$2y$")) and len(hashed) == 60:
        return ""
    if hashed.startswith(b"{SHA}"):
        return ""
    return "the password is not bcrypt's: use htpasswd -B"


def mistakes(file: str, text: str) -> list[str]:
    """What is wrong with an htpasswd file, a line for each."""
    found = [(number, name, mistake(hashed)) for number, name, hashed in entries(text)]
    wrong = [f"{file}:{number}: {name}: {what}" for number, name, what in found if what]
    return wrong if len(wrong) < len(found) else [*wrong, f"{file}: nobody can log in"]


def verified(password: str, hashed: bytes) -> bool:
    """Whether a password is the one that was hashed."""
    data = password.encode("utf-8", "replace")
    if hashed.startswith(b"{SHA}"):
        made = base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest())
        return hmac.compare_digest(made, hashed[5:])
    import bcrypt

    try:
        return bcrypt.checkpw(data[:72], hashed)  # it looks at no more
    except ValueError:
        return False


def credentials(header: str) -> Optional[tuple[str, str]]:
    """The name and password that a header Authorization gives, if it is Basic (RFC 7617)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon and "\0" not in text else None


@attrs.frozen
class Access:
    """Who may come in, and what he may do.

    Without users and without certificates, `open_role` is what everybody may; None lets no one in.
    """

    users: Optional[Users] = None
    roles: Mapping[str, str] = attrs.Factory(dict)
    open_role: Optional[str] = None

    def role(self, principal: Optional[str]) -> str:
        """What a principal may; nobody in particular has the role of all."""
        if principal is None:
            return self.open_role or READ
        return self.roles.get(principal, READ)

    def allow(self, principal: Optional[str], wanted: str, what: str) -> None:
        """CIM_ERR_ACCESS_DENIED if the principal may not do what asks for a role."""
        if ROLES.index(self.role(principal)) < ROLES.index(wanted):
            raise Error(Status.ACCESS_DENIED, f"{what} needs the role {wanted}")


def role(text: str) -> str:
    """A role by its name."""
    if text not in ROLES:
        raise invalid(f"{text!r} is no role: {', '.join(ROLES)}")
    return text
