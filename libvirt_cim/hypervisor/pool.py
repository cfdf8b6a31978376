# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections to one URI, one for each principal, so that libvirt's own rules decide for him.

Where libvirt takes no identity (its test driver, or a driver inside this process), all share one
connection, and what a principal may do is for others to say.
"""

from __future__ import annotations

import grp
import os
import pwd
import threading
from collections import OrderedDict
from typing import Any, Optional

from .. import principal
from ..cim import Error, Status
from . import error
from .connection import Connection
from .error import libvirt

MOST = 16  # principals that have a connection of their own at one time


class Pool:
    """The connections of a URI; any thread may use it."""

    def __init__(self, uri: str, read_only: bool = False, most: int = MOST) -> None:
        self.shared = Connection(uri, read_only)
        self._most = most
        self._lock = threading.Lock()
        self._own: OrderedDict[str, Connection] = OrderedDict()
        self._takes_none = False

    def connection(self) -> Connection:
        """The connection of who asks now; cim.Error if there is none for him."""
        name = principal.current()
        if name is None or self._takes_none:
            return self.shared
        own = self._of(name)
        try:
            assert own.handle
        except Error as reason:
            if reason.status != Status.NOT_SUPPORTED:
                raise
            self._takes_none = True
            self.close_own()
            return self.shared
        return own

    def watching(self) -> Connection:
        """A connection of who asks now that can be told of events, which are its alone to keep.

        libvirt's test driver tells on the very connection on which things happen.
        """
        shared, asking = self.shared, self.connection()
        if shared.in_process:
            return shared
        name = principal.current()
        if asking is shared or name is None:
            return Connection(shared.uri, shared.read_only)
        return Identified(shared.uri, shared.read_only, name)

    def _of(self, name: str) -> Connection:
        with self._lock:
            own = self._own.get(name)
            if own is None:
                own = self._own[name] = Identified(self.shared.uri, self.shared.read_only, name)
            self._own.move_to_end(name)
            if len(self._own) > self._most:
                self._own.popitem(last=False)[1].close()
            return own

    def close_own(self) -> None:
        """Let the connections of principals go."""
        with self._lock:
            while self._own:
                self._own.popitem()[1].close()

    def close(self) -> None:
        """Let all connections go; each closes with the last object that came from it."""
        self.close_own()
        self.shared.close()


class Identified(Connection):
    """A connection on which libvirt takes whoever asks for one principal."""

    def __init__(self, uri: str, read_only: bool, name: str) -> None:
        super().__init__(uri, read_only)
        self._name = name

    def _open(self) -> Any:
        handle = super()._open()
        identify = error.method(handle, "setIdentity")
        try:
            identify(identity(self._name))
        except error.Libvirt as reason:
            raise error.translated(reason, f"{self._name}: ") from None
        return handle


def identity(name: str) -> dict[str, Any]:
    """What libvirt is told of a principal: his name, and as whom the system knows it."""
    told: dict[str, Any] = {"USER_NAME": name}
    account = _account(name)
    if account is not None:
        told.update(UNIX_USER_ID=account.pw_uid, UNIX_GROUP_ID=account.pw_gid,
                    PROCESS_ID=os.getpid(), PROCESS_TIME=_started())
        try:
            told["GROUP_NAME"] = grp.getgrgid(account.pw_gid).gr_name
        except KeyError:
            pass
    return {getattr(libvirt, f"VIR_CONNECT_IDENTITY_{key}"): value for key, value in told.items()}


def _account(name: str) -> Optional[pwd.struct_passwd]:
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None


def _started() -> int:
    """When this process began, as the kernel counts it (proc(5), starttime)."""
    with open("/proc/self/stat", encoding="utf-8") as stream:
        return int(stream.read().rpartition(")")[2].split()[19])
