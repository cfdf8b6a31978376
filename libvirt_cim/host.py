# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents of a host and of what it has besides guests, none of them fetched twice.

Pools, volumes, networks, filters and devices, the snapshots and checkpoints of its guests, the WBEM
server that asks, and the catalogs, which are the same on every host.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Callable, Optional, Union

from . import allocation, resource
from .cim import Error, Status
from .ground import ROOTS, Document, Known, Source
from .hypervisor.document import NODE, THING, node, stub
from .recent import Recent, grown
from .tree import Element, parse

if TYPE_CHECKING:  # so that the offline conversion does without libvirt
    from .hypervisor.guest import Guest, Guests
    from .hypervisor.node import Node, Thing
    from .hypervisor.snapshot import Moment

# What a guest may have several of, to where it says whose it is.
HELD = {"SnapshotXML": "/domainsnapshot/@guest", "CheckpointXML": "/domaincheckpoint/@guest"}
CATALOG = {"MetricXML": "xml/catalog/metric.xml", "ProfileXML": "xml/catalog/profile.xml"}
ALONE = {  # one of a host, and what the node calls it
    "CapsXML": "capabilities", "DomainCapsXML": "domain_capabilities",
    "PoolCapsXML": "pool_capabilities", "NodeStats": "statistics"}
_ABSENT = (Status.NOT_FOUND, Status.NOT_SUPPORTED)
Wanted = tuple[str, ...]


class Host:
    """The documents that are no guest's own, for one request (`source`, which they refer to).

    `server` makes the document of the WBEM server that asks, if there is one.
    """

    def __init__(self, source: Source, node: Node, guests: Guests, keep: int,
                 server: Optional[Callable[[], Element]] = None) -> None:
        self.source, self.node, self.guests, self._server = source, node, guests, server
        self._keep = keep
        self.forget()

    def forget(self) -> None:
        """What was fetched is out of date."""
        self._kept = Recent(self._keep)
        self._templates: dict[Wanted, list[Document]] = {}  # by what is in them

    def documents(self, kind: str, known: Known, wanted: Wanted) -> Iterator[Document]:
        """The documents of one kind: those with the known texts, or all of them."""
        if kind in self.node.kinds:
            for thing in self.node.find(kind, known):
                yield from self._thing(thing, functools.partial(self.node.xml, thing), wanted)
        elif kind in self.node.infos:
            for thing in self.node.find(kind, known):
                yield from self._thing_info(kind, thing, wanted)
        elif kind == "NodeInfo":
            kept = self._kept.of(kind)
            root = kept[kind].root if kept else node()
            yield grown(kept, kind, root, self.node.texts, wanted or NODE, self.source)
        elif kind in ALONE:
            yield from self._fetched(kind, (kind,), getattr(self.node, ALONE[kind]))
        elif kind == "AllocationXML":
            yield from self._filled(kind, () if () in self._templates else wanted)
        elif kind in HELD:
            for each in self._held(kind, known):
                yield from self._thing(each, each.xml, wanted)
        elif kind == "ServerXML" and self._server is not None:
            yield from self._fetched(kind, (kind,), self._server)
        elif kind in CATALOG:  # the same on every host
            yield from self._fetched(kind, (kind,), lambda: catalog(kind))

    def _filled(self, kind: str, wanted: Wanted) -> list[Document]:
        """The templates of a kind, as far as they are wanted."""
        if wanted not in self._templates:
            self._templates[wanted] = allocation.documents(kind, self.source, wanted)
        return self._templates[wanted]

    def _held(self, kind: str, known: Known) -> Iterator[Moment]:
        """What a guest has of a kind, or, where none is named, what all of them have."""
        from .hypervisor import snapshot

        name = known.get(HELD[kind])
        guests: Iterable[Guest] = (
            self.guests.all() if name is None else filter(None, [self.guests.find("name", name)]))
        for guest in guests:
            yield from snapshot.find(guest, kind, known.get(f"/{ROOTS[kind]}/name"))

    def _thing(
        self, thing: Union[Thing, Moment], fetch: Callable[[], Element], wanted: Wanted
    ) -> Iterator[Document]:
        if wanted and thing.texts.keys() >= set(wanted) and thing.key not in self._kept:
            return iter((Document((thing.kind,), thing.stub(), self.source),))
        return self._fetched(thing.kind, thing.key, fetch)

    def _thing_info(self, kind: str, thing: Thing, wanted: Wanted) -> Iterator[Document]:
        """What is said of a pool or network outside its document."""
        kept = self._kept.of((kind, *thing.key))
        root = kept[kind].root if kept else stub(ROOTS[kind], thing.texts)
        texts = functools.partial(self.node.info, thing)
        yield grown(kept, kind, root, texts, wanted or THING, self.source)

    def _fetched(
        self, kind: str, key: Hashable, fetch: Callable[[], Element]
    ) -> Iterator[Document]:
        """A document, kept; none where the thing is gone or the driver has no such call."""
        kept = self._kept.of(key)
        if kind not in kept:
            try:
                kept[kind] = Document((kind,), fetch(), self.source)
            except Error as error:
                if error.status not in _ABSENT:
                    raise
        return iter(kept.values())


@functools.cache
def catalog(kind: str) -> Element:
    """The root of a catalog."""
    return parse(resource.text(CATALOG[kind]), CATALOG[kind])
