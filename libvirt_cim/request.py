# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where documents come from: a request on a connection.

A request is one thread's. It lists once, and looks up what is named. It keeps the documents of the
last guests it saw, and of the last other things, so that joins and the next class of one walk find
them; who reads two kinds of every guest asks `every` for both, as no more than those are kept.
What was written must be forgotten: until then nothing kept is fetched again.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Callable, Optional, Union

from . import resource
from .cim import Error, Status
from .ground import ROOTS, Document, Known
from .hypervisor.document import INFO as INFO_LEAVES
from .hypervisor.document import NODE as NODE_LEAVES
from .hypervisor.document import THING as THING_LEAVES
from .hypervisor.document import Texts, extend, info, node, stats, stub, yes
from .recent import Kept, Recent
from .tree import Element, parse, tags

if TYPE_CHECKING:  # so that the offline conversion does without libvirt
    from .hypervisor.connection import Connection
    from .hypervisor.guest import Guest
    from .hypervisor.node import Thing
    from .hypervisor.snapshot import Moment

LIVE, CONFIG, INFO, STATS = "DomainXML", "DomainConfigXML", "DomainInfo", "DomainStats"
AGENT = "GuestInfo"
GUEST = (CONFIG, LIVE, INFO, STATS, AGENT)
# What a guest may have several of, to where it says whose it is.
HELD = {"SnapshotXML": "/domainsnapshot/@guest", "CheckpointXML": "/domaincheckpoint/@guest"}
METRICS = "MetricXML"
CATALOG = {METRICS: "xml/catalog/metric.xml", "ProfileXML": "xml/catalog/profile.xml"}
KEEP = 64  # guests, and as many other things; of more guests than that
FEW = 4  # are kept, so that the next tree takes the memory of the last while that is in the cache
_NAMES = frozenset(("name", "uuid"))  # of a guest's document, what its listing says
_SUBSTITUTE = "DomainXML for DomainConfigXML"  # no kind of ground's
_ABSENT = (Status.NOT_FOUND, Status.NOT_SUPPORTED)
Wanted = tuple[str, ...]


class Request:
    """The documents of a connection during one request, none of them fetched twice.

    `server` makes the document of the WBEM server that asks, if there is one.
    """

    def __init__(self, connection: Connection, keep: int = KEEP,
                 server: Optional[Callable[[], Element]] = None) -> None:
        self.connection, self._keep, self._server = connection, keep, server
        self._start()

    def _start(self) -> None:
        from .hypervisor.guest import Guests
        from .hypervisor.node import Node

        self.guests, self.node = Guests(self.connection), Node(self.connection)
        self._guests, self._things = Recent(self._keep), Recent(self._keep)

    def forget(self, guest: Optional[str] = None) -> None:
        """A guest of that name was written to, or anything (None): what is known of it is out."""
        if guest is None:
            self._start()
            return
        found = self.guests.known(guest)
        if found is not None:
            self._guests.drop(found.uuid)
        self._things = Recent(self._keep)  # its snapshots are among them
        self.guests.forget(guest)

    def offers(self, kind: str) -> bool:
        """Whether there can be such documents: only libvirt knows."""
        return True

    def documents(self, kind: str, known: Known, wanted: Wanted) -> Iterator[Document]:
        """The documents of one kind, as ground.Source has it; none of a kind libvirt has not."""
        return self.every((kind,), known, wanted)

    def every(self, kinds: Sequence[str], known: Known, wanted: Wanted) -> Iterator[Document]:
        """The documents that are of any of the kinds, each once, guest by guest."""
        guests = tuple(kind for kind in kinds if kind in GUEST)
        if guests:
            yield from self._every_guest(guests, known, wanted)
        for kind in kinds:
            if kind not in GUEST:
                yield from self._others(kind, known, wanted)

    def _every_guest(
        self, kinds: Sequence[str], known: Known, wanted: Wanted
    ) -> Iterator[Document]:
        named = [(what, known[path]) for what in ("name", "uuid")
                 for path in (f"/{ROOTS[kind]}/{what}" for kind in kinds) if path in known]
        if not named:
            for guest in self._ahead(kinds, wanted):
                yield from self._of_guest(guest, kinds, wanted, False)
            return
        found = self.guests.find(*named[0])
        if found is not None:
            yield from self._of_guest(found, kinds, wanted, True)

    def _ahead(self, kinds: Sequence[str], wanted: Wanted) -> Iterable[Guest]:
        """Every guest, its XML asked for before it is needed."""
        from .hypervisor.ahead import fetched

        guests = self._all_guests()
        if len(guests) > self._guests.limit:
            self._guests.limit = FEW
        xml = {CONFIG, LIVE, AGENT}.intersection(kinds)
        if not xml or len(guests) < 2 or (_names_only(wanted) and AGENT not in xml):
            return guests
        return fetched(self.connection, guests, lambda guest: self._wanted(guest, xml))

    def _wanted(self, guest: Guest, kinds: set[str]) -> set[bool]:
        """Which XML of a guest is needed and not kept: that of its configuration, or the live."""
        if guest.uuid in self._guests:
            return set()
        if not guest.active:
            return {True} if kinds != {AGENT} else set()
        return {kind == CONFIG for kind in kinds if kind != CONFIG or guest.persistent}

    def _all_guests(self) -> Sequence[Guest]:
        try:
            return self.guests.all()
        except Error as error:
            if error.status != Status.NOT_SUPPORTED:
                raise
            return ()

    def _of_guest(
        self, guest: Guest, kinds: Sequence[str], wanted: Wanted, named: bool
    ) -> list[Document]:
        found: list[Document] = []
        try:
            for kind in kinds:
                document = (self._info(guest, wanted) if kind == INFO
                            else self._stats(guest, named) if kind == STATS
                            else self._said(guest, wanted) if kind == AGENT
                            else self._domain(guest, kind, wanted, named))
                if document is not None and document not in found:
                    found.append(document)
        except Error as error:  # it vanished since it was found
            if error.status != Status.NOT_FOUND:
                raise
            return []
        return found

    def _domain(
        self, guest: Guest, kind: str, wanted: Wanted, named: bool
    ) -> Optional[Document]:
        """A guest's document of a kind; a transient one's configuration only if it was named."""
        kept = self._guests.of(guest.uuid)
        if kind in kept:
            return kept[kind]
        if not guest.active:
            return self._xml(guest, (CONFIG, LIVE), kept, wanted)
        if kind == LIVE or guest.persistent:
            return self._xml(guest, (kind,), kept, wanted)
        return self._substitute(guest, kept, wanted) if named else None

    def _xml(self, guest: Guest, kinds: Wanted, kept: Kept, wanted: Wanted) -> Document:
        """A guest's document, or, where its names are all that is wanted, no more than those."""
        if _names_only(wanted):
            return Document(kinds, stub("domain", {"name": guest.name, "uuid": guest.uuid}), self)
        document = Document(kinds, guest.xml(CONFIG in kinds), self)
        kept.update(dict.fromkeys(kinds, document))
        return document

    def _substitute(self, guest: Guest, kept: Kept, wanted: Wanted) -> Document:
        """The live document of a transient guest, for the configuration that it hasn't."""
        if _SUBSTITUTE in kept:
            return kept[_SUBSTITUTE]
        live = kept.get(LIVE) or self._xml(guest, (LIVE,), kept, wanted)
        document = Document((CONFIG,), live.root, self)
        if LIVE in kept:
            kept[_SUBSTITUTE] = document
        return document

    def _info(self, guest: Guest, wanted: Wanted) -> Document:
        kept = self._guests.of(guest.uuid)
        root = kept[INFO].root if INFO in kept else info(guest.active)
        return self._grown(kept, INFO, root, guest.texts, wanted or INFO_LEAVES)

    def _stats(self, guest: Guest, named: bool) -> Optional[Document]:
        """A guest's statistics; of all guests at once unless it was named."""
        kept = self._guests.of(guest.uuid)
        if STATS not in kept:
            found = self.guests.statistics(guest, _groups(), named)
            if found is None:
                return None
            texts = {"@active": yes(guest.active), "@time": found.time, "name": guest.name,
                     "uuid": guest.uuid}
            kept[STATS] = Document((STATS,), stats(ROOTS[STATS], texts, found.numbers), self)
        return kept[STATS]

    def _said(self, guest: Guest, wanted: Wanted) -> Optional[Document]:
        """What the agent in a running guest says, if there is one: else nobody is asked."""
        from .hypervisor import agent

        live = self._domain(guest, LIVE, (), True) if guest.active else None
        if live is None or not agent.connected(live.root):
            return None
        kept = self._guests.of(guest.uuid)
        if AGENT not in kept:
            if wanted == ("name",):
                return Document((AGENT,), stub(ROOTS[AGENT], {"name": guest.name}), self)
            kept[AGENT] = Document((AGENT,), agent.said(guest), self)
        return kept[AGENT]

    def _grown(
        self, kept: Kept, kind: str, root: Element, texts: Callable[[Wanted], Texts], names: Wanted
    ) -> Document:
        """The document of single leaves, with those wanted that it has not got yet."""
        missing = tuple(name for name in names if name not in tags(root))
        if extend(root, texts(missing)) or kind not in kept:
            kept[kind] = Document((kind,), root, self)  # the old one remembers what it missed
        return kept[kind]

    # what is no guest's

    def _others(self, kind: str, known: Known, wanted: Wanted) -> Iterator[Document]:
        if kind in self.node.kinds:
            for thing in self.node.find(kind, known):
                yield from self._thing(thing, functools.partial(self.node.xml, thing), wanted)
        elif kind in self.node.infos:
            for thing in self.node.find(kind, known):
                yield from self._thing_info(kind, thing, wanted)
        elif kind == "NodeInfo":
            kept = self._things.of(kind)
            root = kept[kind].root if kept else node()
            yield self._grown(kept, kind, root, self.node.texts, wanted or NODE_LEAVES)
        elif kind == "CapsXML":
            yield from self._fetched(kind, (kind,), self.node.capabilities)
        elif kind == "NodeStats":
            yield from self._fetched(kind, (kind,), self.node.statistics)
        elif kind in HELD:
            for each in self._held(kind, known):
                yield from self._thing(each, each.xml, wanted)
        elif kind == "ServerXML" and self._server is not None:
            yield from self._fetched(kind, (kind,), self._server)
        elif kind in CATALOG:  # the same on every host
            yield from self._fetched(kind, (kind,), lambda: _catalog(CATALOG[kind]))

    def _held(self, kind: str, known: Known) -> Iterator[Moment]:
        """What a guest has of a kind, or, where none is named, what all of them have."""
        from .hypervisor import snapshot

        name = known.get(HELD[kind])
        for guest in self._all_guests() if name is None else [self.guests.find("name", name)]:
            if guest is not None:
                yield from snapshot.find(guest, kind, known.get(f"/{ROOTS[kind]}/name"))

    def _thing(
        self, thing: Union[Thing, Moment], fetch: Callable[[], Element], wanted: Wanted
    ) -> Iterator[Document]:
        if wanted and thing.texts.keys() >= set(wanted) and thing.key not in self._things:
            return iter((Document((thing.kind,), thing.stub(), self),))
        return self._fetched(thing.kind, thing.key, fetch)

    def _thing_info(self, kind: str, thing: Thing, wanted: Wanted) -> Iterator[Document]:
        """What is said of a pool or network outside its document; none where it is gone."""
        kept = self._things.of((kind, *thing.key))
        root = kept[kind].root if kept else stub(ROOTS[kind], thing.texts)
        texts = functools.partial(self.node.info, thing)
        try:
            yield self._grown(kept, kind, root, texts, wanted or THING_LEAVES)
        except Error as error:
            if error.status not in _ABSENT:
                raise

    def _fetched(
        self, kind: str, key: Hashable, fetch: Callable[[], Element]
    ) -> Iterator[Document]:
        """A document, kept; none where the thing is gone or the driver has no such call."""
        kept = self._things.of(key)
        if kind not in kept:
            try:
                kept[kind] = Document((kind,), fetch(), self)
            except Error as error:
                if error.status not in _ABSENT:
                    raise
        return iter(kept.values())


def _names_only(wanted: Wanted) -> bool:
    return bool(wanted) and _NAMES.issuperset(wanted)


@functools.cache
def _catalog(name: str) -> Element:
    return parse(resource.text(name), name)


@functools.cache
def _groups() -> Wanted:
    """The statistics of guests that there are metrics of, by the first part of their names."""
    places = [each.get("at", "").split("/") for each in _catalog(CATALOG[METRICS]).iter("metric")]
    return tuple(sorted({group for _, root, group, *_ in places if root == ROOTS[STATS]}))
