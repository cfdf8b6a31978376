# SPDX-License-Identifier: LGPL-2.1-or-later
"""The indication service (DSP1054): watches hosts while somebody has subscribed, and tells him.

What happens is heard as the one who subscribed, so that libvirt's rules decide what he is told.
Knows hosts by their namespaces only.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Callable, NamedTuple, Optional, Protocol, Union

import attrs

from .. import principal
from ..cim import Error, Instance, Status
from ..hypervisor.connection import Connection
from ..hypervisor.event import Happening, Watcher
from ..namespace import INTEROP, folded
from ..schema import Schema
from ..selection import Selection, trimmed
from ..tree import Element
from .delivery import Delivery, Send, Sent
from .lifecycle import Guests
from .subscription import Subscriptions
from .wanted import selection, sources, subscribed, whole

PATIENCE = 5.0  # seconds that a subscription waits until events come
Watched = tuple[str, Optional[str]]  # a namespace, and who wants to know


class Host(Protocol):
    """What the service needs of a host's provider."""

    schema: Schema

    def watching(self) -> Connection:
        """A connection of who asks now that can be told of events."""


class Hosts(Protocol):
    """The hosts of a server."""

    @property
    def homes(self) -> Sequence[str]:
        """The namespaces of hosts, whether they can be reached or not."""

    def host(self, namespace: str) -> Host:
        """The host of such a namespace, or cim.Error."""


class Wanted(NamedTuple):
    """A subscription, ready."""

    filter_name: str
    destination: str
    url: str
    asked: Selection


def watch(hosts: Hosts, namespace: str, owner: Optional[str],
          tell: Callable[[Instance], object]) -> Watcher:
    """Have the indications of a host told, as far as libvirt tells `owner`, until it is stopped."""
    guests: list[Guests] = []  # once there is a connection

    def opened() -> Connection:
        host = hosts.host(namespace)
        with principal.acting(owner):
            connection: Connection = host.watching()
        if not guests:
            guests.append(Guests(host.schema, namespace, connection.hostname))
        return connection

    def told(what: Union[Happening, Sequence[Happening]]) -> None:
        for each in guests[0].told(what):
            tell(each)

    return Watcher(opened, told, namespace)


class Indications:
    """Who has subscribed is told what happens on the hosts; `close` ends it."""

    def __init__(self, kept: Subscriptions, hosts: Hosts, send: Send) -> None:
        self.kept, self._hosts = kept, hosts
        self._lock = threading.RLock()
        self._watchers: dict[Watched, Watcher] = {}
        self._ready: dict[Watched, list[Wanted]] = {}  # since the last change
        root = kept.root
        self._delivery = Delivery(send, int(root.get("retries", "")), int(root.get("interval", "")))
        self._closed = False
        kept.schemas, kept.changed = self.schemas, self.refresh

    def schemas(self, namespaces: Sequence[str]) -> list[Schema]:
        """The classes of the hosts that are named, or of all that can be reached."""
        homes = self._homes(namespaces)
        for each in namespaces:
            if not self._homes([each]):
                raise Error(Status.INVALID_NAMESPACE, f"no indications come from {each}")
        found, errors = [], []
        for each in homes:
            try:
                found.append(self._hosts.host(each).schema)
            except Error as error:
                errors.append(error)
        if errors and (len(found) < len(homes) if namespaces else not found):
            raise errors[0]
        return found

    def _homes(self, namespaces: Sequence[str]) -> list[str]:
        """The hosts that namespaces mean; no namespace, or Interop, means all."""
        wanted = {folded(each) for each in namespaces}
        return [each for each in self._hosts.homes
                if not wanted or INTEROP in wanted or folded(each) in wanted]

    def refresh(self) -> None:
        """Watch what somebody has subscribed to, and nothing else."""
        with self._lock:
            wanted = {} if self._closed else self._wanted()
            for key in [each for each in self._watchers if each not in wanted]:
                self._watchers.pop(key).stop()
            self._delivery.keep([each.get("name", "") for _, _, each
                                 in subscribed(self.kept.root)])
            new = [key for key in wanted if key not in self._watchers]
            self._ready.clear()
            for key in new:
                self._watchers[key] = watch(self._hosts, *key, functools.partial(self._told, key))
            made = [self._watchers[key] for key in new]
        until = time.monotonic() + PATIENCE
        for each in made:
            each.ready.wait(max(0.0, until - time.monotonic()))

    def _wanted(self) -> Mapping[Watched, list[tuple[Element, Element]]]:
        """The filters and destinations of those who want to know what happens on a host."""
        found: dict[Watched, list[tuple[Element, Element]]] = {}
        for each, filter_, destination in subscribed(self.kept.root):
            for home in self._homes(sources(filter_)):
                found.setdefault((home, each.get("owner")), []).append((filter_, destination))
        return found

    def _told(self, key: Watched, event: Instance) -> None:
        """Tell those who have subscribed to it of an event on a host."""
        namespace, _ = key
        schema = self._hosts.host(namespace).schema
        with self._lock:  # else what a change has made void could be kept after it
            ready = self._ready.get(key)
            if ready is None:
                ready = self._ready[key] = list(self._made_ready(key, schema))
        for each in ready:
            name = each.asked.query.class_name
            if schema.is_a(event.class_name, name) and each.asked.fits(event):
                own = attrs.evolve(event, properties=dict(event.properties))
                own = trimmed(own, each.asked.selected)
                own.properties["IndicationFilterName"] = each.filter_name
                self._delivery.put(each.destination, Sent(each.url, namespace, own))

    def _made_ready(self, key: Watched, schema: Schema) -> Iterator[Wanted]:
        for filter_, destination in self._wanted().get(key, ()):
            try:
                asked = selection(schema, filter_)
            except Error:  # another host has that class
                continue
            yield Wanted(filter_.get("name", ""), destination.get("name", ""),
                         whole(destination.findtext("url", "")), asked)

    def close(self) -> None:
        """Watch and tell no longer, and let go of what is kept."""
        self._closed = True
        self.refresh()
        self._delivery.close()
        self.kept.close()
