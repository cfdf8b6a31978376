# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI: what a CIM server asks of its providers, answered by ours.

The server calls cmpi.c, which hands every call to `Adapter.answer`. The operations are
cmpi_operation.py's, values cmpi_decode.py's and cmpi_encode.py's, events cmpi_event.py's.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from ctypes import c_int, c_void_p
from functools import partial
from typing import Any, Optional

from .. import parts, principal
from ..broker import Broker
from ..cim import Error, Status
from ..namespace import INTEROP, folded
from ..service.indication import watch
from . import access
from .access import Access
from .cmpi_abi import (
    CHARS,
    CONTEXT,
    NULL_VALUE,
    PATHS,
    STRING,
    Address,
    Data,
    chars,
    functions,
    text,
)
from .cmpi_abi import Status as Said
from .cmpi_decode import Decoder
from .cmpi_encode import Encoder
from .cmpi_event import Events, Filter, query
from .cmpi_log import Handler
from .cmpi_operation import OPERATIONS, Call, Operation
from .cmpi_process import unbroken
from .cmpi_server import Server

LOG = logging.getLogger("libvirt_cim.cmpi")
AUTHORIZE, ACTIVATE, RELEASE, ENABLE, DISABLE = range(len(OPERATIONS), len(OPERATIONS) + 5)
_EVENTS = (4, 4, 4, 0, 0)  # how many pointers they give
_CALLED = ctypes.CFUNCTYPE(None, c_int, c_void_p, c_void_p)
MISTAKE = Error(Status.FAILED, "libvirt_cim made a mistake; the CIM server's log says more")


class Adapter:
    """Answers with what a broker's providers say; `interop` is that namespace's name there."""

    def __init__(self, broker: Broker, allowed: Access, interop: Optional[str] = None) -> None:
        self.broker, self.access = broker, allowed
        self.events = Events(self._encoder, self._superclasses)
        self.last: Optional[Server] = None  # that called
        self._interop = interop
        self._watchers: dict[str, Any] = {}  # of events, by namespace
        self._lock = threading.Lock()
        self._servers: dict[Address, Server] = {}
        self._encoders: dict[tuple[Address, str], Encoder] = {}
        self._called = _CALLED(self.answer)

    def plug(self, address: Address) -> None:
        """Write where calls are answered to where C looks for it."""
        c_void_p.from_address(address).value = ctypes.cast(self._called, c_void_p).value

    def log(self) -> logging.Handler:
        """What logs to the server."""
        return Handler(lambda: self.last)

    # one call

    def answer(self, which: int, given: Address, status: Address) -> None:
        """Answer a call; nothing is raised, whatever happens."""
        said = Said.from_address(status)
        more = OPERATIONS[which].more + 2 if which < AUTHORIZE else _EVENTS[which - AUTHORIZE]
        values = (c_void_p * (more + 2)).from_address(given)
        address, context, *rest = (each or 0 for each in values)
        self.last = server = self._server(address)
        try:
            with unbroken(), principal.acting(asker(context)):
                if which < AUTHORIZE:
                    self._operation(OPERATIONS[which], server, context, rest)
                else:
                    self._event(which, server, context, rest)
        except Error as error:
            server.say(said, error)
        except BaseException as mistake:
            LOG.error("a mistake in libvirt_cim", exc_info=mistake)
            server.say(said, MISTAKE)

    def _server(self, address: Address) -> Server:
        found = self._servers.get(address)
        if found is None:
            found = self._servers[address] = Server(address)
        return found

    def _operation(self, operation: Operation, server: Server, context: Address,
                   given: list[Address]) -> None:
        result, path, *more = given
        place = text(functions(PATHS, path).namespace(path, None))
        namespace = self._ours(place or self.broker.namespace)
        started, outcome = time.monotonic(), "ok"
        changes, name = operation.role == access.WRITE, operation.name
        try:
            call = self._call(server, namespace, result, path)
            if operation.role is None:
                name = chars(more[0]) or ""
                changes = access.needed(name) != access.READ
            self.access.allow(principal.current(), operation.role or access.needed(name), name)
            with _as_part(operation, call, context):
                operation.answer(call, *more)
        except Error as error:
            outcome = error.status.symbol
            raise
        finally:
            if changes:
                parts.changed()
            shown = text(functions(PATHS, path).class_name(path, None))
            LOG.log(logging.INFO if changes else logging.DEBUG, "%s %s %s:%s %s %d ms",
                    principal.current() or "-", name, namespace, shown, outcome,
                    (time.monotonic() - started) * 1000)

    def _call(self, server: Server, namespace: str, result: Address, path: Address) -> Call:
        classes = self.broker.classes(namespace)
        decoder = Decoder(classes, self._ours, server.keys)
        return Call(decoder.path(path), self.broker.at(namespace), result,
                    self._encoder(server, namespace), decoder, classes)

    def _encoder(self, server: Server, namespace: str) -> Encoder:
        key = server.address, namespace.lower()
        found = self._encoders.get(key)
        if found is None:
            def place(ours: str) -> str:
                there = ours or namespace
                return self._interop or f"root/{INTEROP}" if there == INTEROP else there

            found = self._encoders[key] = Encoder(
                server, self.broker.classes(namespace), place)
        return found

    def _ours(self, namespace: str) -> str:
        """A namespace of the server's by our name: Interop may have any there."""
        if self._interop is None and folded(namespace) == INTEROP:
            self._interop = namespace  # nobody has told
        known = self._interop is not None and folded(namespace) == folded(self._interop)
        return INTEROP if known else namespace

    # events

    def _event(self, which: int, server: Server, context: Address, given: list[Address]) -> None:
        if which in (ENABLE, DISABLE):
            self.events.enable(server, context, which == ENABLE)
        elif which == RELEASE:
            self.events.release(server, given[0], chars(given[1]) or "")
        else:
            self.access.allow(principal.current(), access.READ, "to subscribe")
            if which == ACTIVATE:
                id_, type_, path, _ = given
                place = text(functions(PATHS, path).namespace(path, None)) if path else None
                wanted = Filter(place or self.broker.namespace, chars(type_) or "", query(id_))
                self.events.activate(server, context, id_, wanted)
        self.follow()

    def follow(self) -> None:
        """Watch the hosts of whose events somebody wants to know, and no others."""
        wanted = {folded(each.namespace) for each in self.events.filters()}
        with self._lock:
            for home in self.broker.homes:
                if folded(home) not in wanted and home in self._watchers:
                    self._watchers.pop(home).stop()
                elif folded(home) in wanted and home not in self._watchers:
                    self._watchers[home] = watch(
                        self.broker, home, None, partial(self.events.deliver, home))

    def _superclasses(self, namespace: str, class_name: str) -> Iterator[str]:
        """A class's name and those above it."""
        classes, name = self.broker.classes(namespace), class_name
        while name:
            found = classes(name)
            yield found.name
            name = found.superclass or ""


def asker(context: Address) -> Optional[str]:
    """Who asks, as the server has found out; None if it does not know."""
    data = _entry(context, b"CMPIPrincipal")
    read = {STRING: text, CHARS: chars}.get(data.type) if data and data.value[0] else None
    return (read(data.value[0]) if data and read else None) or None


def _as_part(operation: Operation, call: Call, context: Address) -> AbstractContextManager[None]:
    """As a part of what a client asks; sfcb tells by a number on which connection it does."""
    session = _entry(context, b"CMPISessionId") if operation.divided else None
    if session is None:
        return contextlib.nullcontext()
    number = ctypes.c_uint32.from_buffer(session.value).value
    whole = (principal.current(), number, operation.name, call.path.namespace)
    return parts.part(whole, call.path.class_name.lower())


def _entry(context: Address, name: bytes) -> Optional[Data]:
    """What the server says of a call under a name, if it does."""
    entry = functions(CONTEXT, context).entry if context else None
    if not entry:
        return None
    said = Said()
    data: Data = entry(context, name, ctypes.byref(said))
    return None if said.code or data.state & NULL_VALUE else data
