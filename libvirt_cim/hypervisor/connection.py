# SPDX-License-Identifier: LGPL-2.1-or-later
"""One connection to libvirt: opened when first used, kept, and opened again once it is lost."""

from __future__ import annotations

import socket
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional, TypeVar

from ..cim import Error, Status
from . import error
from .error import libvirt
from .together import Together

T = TypeVar("T")
PREFIXES = {"QEMU": "KVM", "Xen": "Xen", "LXC": "LXC"}  # virConnectGetType -> libvirt-cim's prefix


class Connection:
    """A URI of libvirt and the handle open on it; any thread may use it.

    A call that finds the connection lost fails (CIM_ERR_FAILED), and the next one opens it again.
    What only asks is asked again itself: so who comes after a restart of libvirtd does not notice.
    """

    def __init__(self, uri: str, read_only: bool = False) -> None:
        self.uri, self.read_only = uri, read_only
        self._lock = threading.RLock()
        self.together = Together()
        self._handle: Any = None
        self._pool: Optional[ThreadPoolExecutor] = None
        self._type: Optional[str] = None
        self._hostname: Optional[str] = None

    def __repr__(self) -> str:
        return f"Connection({self.uri!r})"

    @property
    def handle(self) -> Any:
        """The virConnect, open; its calls belong in `use`."""
        with self._lock:
            if self._handle is None or not error.alive(self._handle):
                self._handle = None
                self._handle = self._open()
            return self._handle

    def _open(self) -> Any:
        opener = libvirt.openReadOnly if self.read_only else libvirt.open
        try:
            return opener(self.uri)
        except error.Libvirt as reason:
            text = error.translated(reason, f"cannot connect to {self.uri}: ").text
            raise Error(Status.FAILED, text) from None
        except ValueError:
            raise Error(Status.FAILED, f"cannot connect to {self.uri!r}: not a URI") from None

    def use(self) -> Use:
        """The virConnect, for calls on it or on what it gave; libvirtError becomes cim.Error."""
        return Use(self)

    def ask(self, question: Callable[[Any], T]) -> T:
        """What calls on the virConnect give that change nothing; libvirtError becomes cim.Error.

        If they find the connection lost, they are made once more on a new one; also if libvirt
        does not tell what failed, as it does not where Python lets go of a handle at that moment.
        """
        handle = self.handle
        try:
            return question(handle)
        except error.Libvirt as reason:
            if error.lost(reason, handle):
                self._drop(handle)
            elif error.told(reason):
                raise error.translated(reason) from None
        with self.use() as virt:
            return question(virt)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """One call on what it gave (a guest) that changes nothing; libvirtError becomes cim.Error.

        It is made once more if libvirt does not tell what failed.
        """
        try:
            return function(*arguments)
        except error.Libvirt as reason:
            if error.told(reason):
                raise self.failed(reason, self._handle) from None
        with self.use():
            return function(*arguments)

    def failed(self, reason: Any, handle: Any) -> Error:
        """The cim.Error of a libvirtError of a call on that handle, which goes if it is lost."""
        if not error.lost(reason, handle):
            return error.translated(reason)
        self._drop(handle)
        text = error.translated(reason, f"the connection to {self.uri} was lost: ").text
        return Error(Status.FAILED, text)

    def _drop(self, handle: Any) -> None:
        """Let a lost handle go, unless another thread has opened a new one."""
        with self._lock:
            if self._handle is handle:
                self._handle = None

    def pool(self, calls: int) -> ThreadPoolExecutor:
        """The threads that make calls ahead; as many as whoever asks first wants."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(calls, "libvirt-cim")
            return self._pool

    def close(self) -> None:
        """Let the connection go: it closes with the last object that came from it."""
        with self._lock:
            self._handle = self._pool = None

    @property
    def type(self) -> str:
        """The driver's name as virConnectGetType has it: QEMU, Xen, LXC, TEST, …"""
        if self._type is None:
            self._type = str(self.ask(lambda virt: virt.getType()))
        return self._type

    @property
    def here(self) -> str:
        """The name of the host that this runs on: libvirt's own, unless it is asked from afar."""
        away = urllib.parse.urlsplit(self.uri).hostname not in (None, "localhost")
        return socket.gethostname() if away else self.hostname

    @property
    def in_process(self) -> bool:
        """Whether libvirt answers in this process and no daemon does: its test driver alone."""
        return self.uri.partition(":")[0] == "test"

    @property
    def prefix(self) -> str:
        """What stands for Virt in the names of this connection's classes."""
        return PREFIXES.get(self.type, "Virt")

    @property
    def hostname(self) -> str:
        """The host's name as virConnectGetHostname has it."""
        if self._hostname is None:
            self._hostname = str(self.ask(lambda virt: virt.getHostname()))
        return self._hostname


class Use:
    """A use of a connection. (Of a generator's error, Python 3.13 makes a ring that keeps all.)"""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __enter__(self) -> Any:
        self.handle = self.connection.handle
        return self.handle

    def __exit__(self, kind: object, reason: object, trace: object) -> None:
        if isinstance(reason, error.Libvirt):
            raise self.connection.failed(reason, self.handle) from None
