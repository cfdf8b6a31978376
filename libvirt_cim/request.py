# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where documents come from: a request on a connection.

A request is one thread's. It lists once, and looks up what is named. It keeps the documents of the
last guests it saw, and of the last other things, so that joins and the next class of one walk find
them; who reads two kinds of every guest asks `every` for both, as no more than those are kept.
What was written must be forgotten: until then nothing kept is fetched again.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Callable, Optional

from .cim import Error, Status
from .ground import ROOTS, Column, Document, Known, Rows
from .host import Host, catalog
from .hypervisor.document import INFO as INFO_LEAVES
from .hypervisor.document import info, stats, stub, yes
from .parts import Shared
from .recent import Kept, Recent, grown
from .tree import Element

if TYPE_CHECKING:  # so that the offline conversion does without libvirt
    from .hypervisor.connection import Connection
    from .hypervisor.guest import Guest, Guests

LIVE, CONFIG, INFO, STATS = "DomainXML", "DomainConfigXML", "DomainInfo", "DomainStats"
AGENT = "GuestInfo"
GUEST = (CONFIG, LIVE, INFO, STATS, AGENT)
METRICS = "MetricXML"
KEEP = 64  # guests, and as many other things; of more guests than that
OF_MANY = 1  # is kept: the next tree takes the memory of the last while that is in the cache
_NAMES = frozenset(("name", "uuid"))  # of a guest's document, what its listing says
_SUBSTITUTE = "DomainXML for DomainConfigXML"  # no kind of ground's
Wanted = tuple[str, ...]


class Request:
    """The documents of a connection during one request, none of them fetched twice.

    `server` makes the document of the WBEM server that asks, if there is one; `guests` are those
    that were found for an earlier part of the same.
    """

    lists = True

    def __init__(self, connection: Connection, keep: int = KEEP,
                 server: Optional[Callable[[], Element]] = None,
                 guests: Optional[Guests] = None) -> None:
        self.connection, self._keep, self._server = connection, keep, server
        # What it has must not keep it: it goes at once, and does not wait for Python to find rings.
        self._weak = weakref.proxy(self)
        self._start(guests)

    def _start(self, guests: Optional[Guests] = None) -> None:
        from .hypervisor.guest import Guests
        from .hypervisor.node import Node

        self.guests, self._guests = guests or Guests(self.connection), Recent(self._keep)
        self._host = Host(self._weak, Node(self.connection), self.guests, self._keep, self._server)

    def forget(self, guest: Optional[str] = None) -> None:
        """A guest of that name was written to, or anything (None): what is known of it is out."""
        if guest is None:
            self._start()
            return
        found = self.guests.known(guest)
        if found is not None:
            self._guests.drop(found.uuid)
        self._host.forget()  # its snapshots are known there
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
                yield from self._host.documents(kind, known, wanted)

    def sheet(self, columns: Sequence[Column]) -> Rows:
        """Leaves of every guest, as ground.Source has it: those that listings tell."""
        if all(kind == INFO or (kind == LIVE and leaf in _NAMES) for kind, leaf in columns):
            return self.guests.listing.sheet([leaf for _, leaf in columns])
        return None

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

        guests = self.guests.all()
        if len(guests) > self._guests.limit:
            self._guests.limit = OF_MANY
        xml = {CONFIG, LIVE, AGENT}.intersection(kinds)
        if not xml or len(guests) < 2 or (_names_only(wanted) and AGENT not in xml):
            return guests
        if not any(self._wanted(guest, xml) for guest in guests):
            return guests
        return fetched(self.connection, guests, lambda guest: self._wanted(guest, xml))

    def _wanted(self, guest: Guest, kinds: set[str]) -> Iterable[bool]:
        """Which XML of a guest is needed and not kept: that of its configuration, or the live."""
        if guest.uuid in self._guests:
            return ()
        if not guest.active:
            return () if kinds == {AGENT} or guest.at_hand(True) else (True,)
        found = {kind == CONFIG for kind in kinds if kind != CONFIG or guest.persistent}
        return [inactive for inactive in found if not guest.at_hand(inactive)]

    def _of_guest(
        self, guest: Guest, kinds: Sequence[str], wanted: Wanted, named: bool
    ) -> list[Document]:
        found: list[Document] = []
        try:
            for kind in kinds:
                if found and any(kind in each.kinds for each in found):
                    continue  # a guest that is off has one for two
                document = (self._info(guest, wanted) if kind == INFO
                            else self._stats(guest, named) if kind == STATS
                            else self._said(guest, wanted) if kind == AGENT
                            else self._domain(guest, kind, wanted, named))
                if document is not None:
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
            texts = {"name": guest.name, "uuid": guest.uuid}
            return Document(kinds, stub("domain", texts), self._weak)
        document = Document(kinds, guest.xml(CONFIG in kinds), self._weak)
        for kind in kinds:
            kept[kind] = document
        return document

    def _substitute(self, guest: Guest, kept: Kept, wanted: Wanted) -> Document:
        """The live document of a transient guest, for the configuration that it hasn't."""
        if _SUBSTITUTE in kept:
            return kept[_SUBSTITUTE]
        live = kept.get(LIVE) or self._xml(guest, (LIVE,), kept, wanted)
        document = Document((CONFIG,), live.root, self._weak)
        if LIVE in kept:
            kept[_SUBSTITUTE] = document
        return document

    def _info(self, guest: Guest, wanted: Wanted) -> Document:
        kept = self._guests.of(guest.uuid)
        root = kept[INFO].root if INFO in kept else info(guest.active)
        return grown(kept, INFO, root, guest.texts, wanted or INFO_LEAVES, self._weak)

    def _stats(self, guest: Guest, named: bool) -> Optional[Document]:
        """A guest's statistics; of all guests at once unless it was named."""
        kept = self._guests.of(guest.uuid)
        if STATS not in kept:
            found = self.guests.statistics(guest, _groups(), named)
            if found is None:
                return None
            texts = {"@active": yes(guest.active), "@time": found.time, "name": guest.name,
                     "uuid": guest.uuid}
            kept[STATS] = Document((STATS,), stats(ROOTS[STATS], texts, found.numbers), self._weak)
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
                return Document((AGENT,), stub(ROOTS[AGENT], {"name": guest.name}), self._weak)
            kept[AGENT] = Document((AGENT,), agent.said(guest), self._weak)
        return kept[AGENT]


def _names_only(wanted: Wanted) -> bool:
    return bool(wanted) and _NAMES.issuperset(wanted)


@functools.cache
def _groups() -> Wanted:
    """The statistics of guests that there are metrics of, by the first part of their names."""
    places = [each.get("at", "").split("/") for each in catalog(METRICS).iter("metric")]
    return tuple(sorted({group for _, root, group, *_ in places if root == ROOTS[STATS]}))


def requests(connection: Callable[[], Connection],
             server: Optional[Callable[[], Element]] = None) -> Callable[[], Request]:
    """What makes a new request, with the guests that an earlier part of the same has found."""
    from .hypervisor.guest import Guests

    guests = Shared(lambda more: Guests(connection(), more))
    return lambda: Request(connection(), server=server, guests=guests())
