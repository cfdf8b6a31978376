# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to the guests of a connection, as libvirt tells it: one stream for each watcher.

One thread of the process turns libvirt's event loop; it begins with the first watcher. A watcher
has a thread of its own, which asks libvirt for what an event does not say. A lost connection is
opened again, and then all guests are told anew.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional, Union

import attrs

from ..cim import Error, Status
from . import document
from .connection import Connection
from .error import Libvirt, libvirt
from .guest import Guests

LOG = logging.getLogger("libvirt_cim.events")
AGAIN = 5.0  # seconds before a connection is tried again
NONE = -1  # no number of libvirt's
KEEPALIVE = 10, 3  # seconds, and how often a host may be silent that long
# virDomainEventType by number, and the state that a guest is in afterwards.
KINDS = ("defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown",
         "pmsuspended", "crashed")
STATES = {"started": "running", "suspended": "paused", "resumed": "running", "stopped": "shutoff",
          "shutdown": "shutdown", "pmsuspended": "pmsuspended", "crashed": "crashed"}
_SAVED = libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED
_STOP, _LOST = object(), object()
_TURNING = threading.Lock()
_turned = False


class Happening(NamedTuple):
    """What a guest is after something has happened to it; of what is None nothing is known.

    One that was undefined and has a state runs on.
    """

    kind: str  # one of KINDS
    name: str
    uuid: str
    state: Optional[str] = None  # document.STATES
    xml: Optional[str] = None
    persistent: bool = True


Heard = Callable[[Any], None]


@attrs.define
class Ears:
    """Who hears what comes by a connection, and libvirt's number for that, if it tells us."""

    all: list[Heard] = attrs.Factory(list)
    id: int = NONE
    changing: threading.Lock = attrs.Factory(threading.Lock)


_EARS: weakref.WeakKeyDictionary[Any, Ears] = weakref.WeakKeyDictionary()  # by connection
_LISTENING = threading.Lock()
Tell = Callable[[Union[Happening, Sequence[Happening]]], None]  # a list: these are all there are


def turn() -> None:
    """Have libvirt's event loop turned; connections opened before get no events from a daemon."""
    global _turned
    with _TURNING:
        if not _turned:
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=_turn, name="libvirt events", daemon=True).start()
            _turned = True


def _turn() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except Libvirt as error:
            LOG.error("libvirt's event loop: %s", error)
            time.sleep(AGAIN)


class Watcher:
    """Tells what happens, from a thread of its own, until it is stopped.

    `opened` gives the connection; it may fail, and is asked again then.
    """

    def __init__(self, opened: Callable[[], Connection], tell: Tell, name: str) -> None:
        self._opened, self._tell, self._name = opened, tell, name
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self.ready = threading.Event()  # events come
        self._thread = threading.Thread(target=self._run, name=f"events {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopping.set()
        self._queue.put(_STOP)

    def _run(self) -> None:
        failed = ""
        while not self._stopping.is_set():
            try:
                turn()
                self._watch(self._opened())
                failed = ""
            except Error as error:
                if error.text != failed:
                    LOG.warning("%s: no events: %s", self._name, error.text)
                failed = error.text
            except Exception as mistake:
                LOG.error("a mistake in libvirt_cim", exc_info=mistake)
            self.ready.clear()
            self._stopping.wait(AGAIN)

    def _watch(self, connection: Connection) -> None:
        """Tell all guests, then what happens to them, until the connection is lost."""
        with connection.use() as virt:
            self._queue = queue.SimpleQueue()
            heard = self._queue.put
            try:
                _listen(virt, heard)
                self._tell(_all(connection))
                self.ready.set()
                self._follow(connection)
            finally:
                _let_go(virt, heard)

    def _follow(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            event = self._queue.get()
            if event is _LOST:
                raise Error(Status.FAILED, f"the connection to {connection.uri} was lost")
            if event is not _STOP:
                self._tell(_happened(*event))


def _listen(virt: Any, heard: Heard) -> None:
    """Have what comes by a connection heard; libvirt calls one function once for each of them."""
    with _LISTENING:
        ears = _EARS.setdefault(virt, Ears())
    with ears.changing:
        ears.all.append(heard)
        if ears.id != NONE:
            return
        for name, given in (("setKeepAlive", KEEPALIVE),
                            ("registerCloseCallback", (functools.partial(_closed, ears), None))):
            with contextlib.suppress(Libvirt):  # the driver is here, or the daemon cannot
                getattr(virt, name)(*given)
        ears.id = virt.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, _heard, ears)


def _closed(ears: Ears, *_: Any) -> None:
    for each in list(ears.all):
        each(_LOST)


def _heard(virt: Any, guest: Any, event: int, detail: int, ears: Ears) -> None:
    """What libvirt calls from its loop, which must not wait."""
    for each in list(ears.all):
        each((guest, event, detail))


def _let_go(virt: Any, heard: Heard) -> None:
    with _LISTENING:
        ears = _EARS[virt]
    with ears.changing:
        ears.all.remove(heard)
        if ears.all:
            return
        for name, given in (("domainEventDeregisterAny", (ears.id,)),
                            ("unregisterCloseCallback", ())):
            with contextlib.suppress(Libvirt):
                getattr(virt, name)(*given)
        ears.id = NONE


def _all(connection: Connection) -> list[Happening]:
    """All guests as they are."""
    guests, found = Guests(connection), []
    for each in guests.all():
        try:
            found.append(Happening("defined", each.name, each.uuid, each.text("state"),
                                   each.described(False), each.persistent))
        except Error as error:  # it vanished meanwhile
            if error.status != Status.NOT_FOUND:
                raise
    return found


def _happened(guest: Any, event: int, detail: int) -> Happening:
    """What an event says, with the guest's document if there still is one."""
    kind = KINDS[event] if 0 <= event < len(KINDS) else "defined"
    state = STATES.get(kind)
    if kind == "stopped" and detail == _SAVED and _asked(lambda: guest.hasManagedSaveImage(0)):
        state = document.SAVED
    if kind == "undefined" and _asked(guest.isActive):
        state = "running"
    xml = None if kind == "undefined" else _asked(lambda: guest.XMLDesc(0))
    return Happening(kind, guest.name(), guest.UUIDString(), state, xml)


def _asked(call: Callable[[], Any]) -> Any:
    """What a guest says; None if it is gone, or the connection is, which is heard otherwise."""
    try:
        return call()
    except Libvirt:
        return None
