# SPDX-License-Identifier: LGPL-2.1-or-later
"""Indications by CMPI: who has subscribed to what, and the way of an event to the server.

Knows nothing of where events come from: whoever has one calls `deliver`, from any thread. A thread
for each server delivers, which the server has let in.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any, Callable, NamedTuple

from ..cim import Error, Instance, Status
from .cmpi_abi import FILTERS, INSTANCES, Address, functions, text
from .cmpi_encode import Encoder, release
from .cmpi_server import Server

LOG = logging.getLogger("libvirt_cim.cmpi")
MANY = 10_000  # events that wait; when there are more, the oldest are lost


class Filter(NamedTuple):
    """What somebody has subscribed to."""

    namespace: str  # as the server calls it
    class_name: str
    query: str


class Line:
    """The way of events to one server."""

    def __init__(self, server: Server, encoder: Callable[[Server, str], Encoder]) -> None:
        self.server = server
        self.filters: dict[tuple[Address, str], Filter] = {}
        self.enabled = False
        self._encoder = encoder
        self._context: Address = 0
        self._waiting: collections.deque[tuple[str, Instance]] = collections.deque(maxlen=MANY)
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="cmpi events", daemon=True)

    def admit(self, context: Address) -> bool:
        """Have our thread let in: only one of the server's threads can ask for that."""
        broker = self.server.functions
        if not self._context and broker.prepare:
            self._context = broker.prepare(self.server.address, context) or 0
            if self._context:
                self._thread.start()
        return bool(self._context)

    def put(self, namespace: str, event: Instance) -> None:
        """Have an event delivered, soon."""
        with self._more:
            if len(self._waiting) == MANY:
                LOG.warning("the CIM server does not take events: the oldest are lost")
            self._waiting.append((namespace, event))
            self._more.notify()

    def _run(self) -> None:
        broker = self.server.functions
        if broker.attach:
            broker.attach(self.server.address, self._context)
        while True:
            with self._more:
                while not self._waiting:
                    self._more.wait()
                namespace, event = self._waiting.popleft()
            try:
                self._deliver(broker, namespace, event)
            except Error as error:
                LOG.error("an event of %s: %s", event.class_name, error.text)
            except Exception as mistake:
                LOG.error("a mistake in libvirt_cim", exc_info=mistake)
            if self.server.traits.pause:
                time.sleep(self.server.traits.pause)

    def _deliver(self, broker: Any, namespace: str, event: Instance) -> None:
        if self.enabled and broker.deliver:
            made = self._encoder(self.server, namespace).instance(event)
            said = broker.deliver(self.server.address, self._context, namespace.encode(), made)
            release(INSTANCES, made)
            LOG.debug("%s in %s: status %d", event.class_name, namespace, said.code)


class Events:
    """The lines to all servers that are there, mostly one.

    `encoder` makes a server's objects, `superclasses` tells a class's name and those above it.
    """

    def __init__(self, encoder: Callable[[Server, str], Encoder],
                 superclasses: Callable[[str, str], Iterable[str]]) -> None:
        self._encoder, self._superclasses = encoder, superclasses
        self._lines: dict[Address, Line] = {}
        self._lock = threading.Lock()

    # what a server says

    def activate(self, server: Server, context: Address, id_: Address, wanted: Filter) -> None:
        """Somebody wants events; CIM_ERR_FAILED where the server takes none."""
        with self._lock:
            line = self._line(server)
            if not line.admit(context):
                raise Error(Status.FAILED, "this CIM server lets no thread of ours in: no events")
            line.filters = {**line.filters, (id_, wanted.class_name.lower()): wanted}

    def release(self, server: Server, id_: Address, class_name: str) -> None:
        """Somebody wants them no longer; one server does not say of which class."""
        with self._lock:
            line = self._line(server)
            line.filters = {key: each for key, each in line.filters.items()
                            if key[0] != id_ or class_name and key[1] != class_name.lower()}

    def enable(self, server: Server, context: Address, enabled: bool) -> None:
        """Events may be delivered from now on, or may not."""
        with self._lock:
            line = self._line(server)
            line.admit(context)
            line.enabled = enabled

    def _line(self, server: Server) -> Line:
        return self._lines.setdefault(server.address, Line(server, self._encoder))

    # what has happened

    def filters(self) -> list[Filter]:
        """All that is wanted, of servers that events may be delivered to."""
        return [each for line in list(self._lines.values()) if line.enabled
                for each in line.filters.values()]

    def deliver(self, namespace: str, event: Instance) -> bool:
        """Have an event delivered to whoever wants its class; whether somebody does."""
        names = {name.lower() for name in self._superclasses(namespace, event.class_name)}
        found = [line for line in list(self._lines.values())
                 if any(each.class_name.lower() in names for each in line.filters.values())]
        for line in found:
            line.put(namespace, event)
        return bool(found)


def query(filter_: Address) -> str:
    """The text of a CMPISelectExp."""
    function = functions(FILTERS, filter_).text if filter_ else None
    return (text(function(filter_, None)) if function else None) or ""
