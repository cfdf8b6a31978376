# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ground that tables stand on: one document of libvirt, and where other documents come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Protocol

from .expression import Location
from .leaf import located
from .tree import Element

# What libvirt itself reads and writes: a document's name to the element at its root. One that is
# two, as a guest's, is read as the first where nobody says otherwise.
LIBVIRT = {
    "DomainConfigXML": "domain", "DomainXML": "domain", "CapsXML": "capabilities",
    "DomainCapsXML": "domainCapabilities", "PoolCapsXML": "storagepoolCapabilities",
    "PoolXML": "pool", "VolumeXML": "volume", "NetworkXML": "network",
    "InterfaceXML": "interface", "NodeDeviceXML": "device", "FilterXML": "filter",
    "SnapshotXML": "domainsnapshot", "CheckpointXML": "domaincheckpoint",
}
ROOTS = {  # and what is made of what else it says (DESIGN section 3)
    **LIBVIRT, "DomainInfo": "info", "DomainStats": "stats", "NodeInfo": "node",
    "NodeStats": "node", "AllocationXML": "domain", "PoolInfo": "info", "NetworkInfo": "info",
    "GuestInfo": "guest", "JobInfo": "job", "MetricXML": "metrics", "ProfileXML": "profiles",
    "ServerXML": "server",
}
_NONE: list[Element] = []
Known = Mapping[str, str]  # a path such as /domain/name, and the text that must stand there
Column = tuple[str, str]  # a kind of document, and the name of a leaf right below its root
Rows = Optional[Iterable[Sequence[Optional[str]]]]  # of leaves; an absent one is None


class Source(Protocol):
    """Whoever has documents: a request on a connection, or the offline conversion."""

    lists: bool  # whether it may have sheets

    def offers(self, kind: str) -> bool:
        """Whether there can be documents of a kind at all."""

    def documents(self, kind: str, known: Known, wanted: tuple[str, ...]) -> Iterator[Document]:
        """The documents of a kind: those with the known texts, or at least all of those.

        `wanted` are the sections that will be read, () for all: children (and @attributes) of the
        root, or of a child what stands at a path (devices/disk).
        """

    def every(
        self, kinds: Sequence[str], known: Known, wanted: tuple[str, ...]
    ) -> Iterator[Document]:
        """The documents that are of any of the kinds, each once, guest by guest."""

    def sheet(self, columns: Sequence[Column]) -> Rows:
        """Those leaves of every guest's documents, where they are told of all guests at once.

        None where documents must be read for them.
        """


class Nowhere:
    """No other documents."""

    lists = False

    def offers(self, kind: str) -> bool:
        """No."""
        return False

    def documents(self, kind: str, known: Known, wanted: tuple[str, ...]) -> Iterator[Document]:
        """None."""
        return iter(())

    def every(
        self, kinds: Sequence[str], known: Known, wanted: tuple[str, ...]
    ) -> Iterator[Document]:
        """None."""
        return iter(())

    def sheet(self, columns: Sequence[Column]) -> Rows:
        """None."""
        return None


class _Below:
    """The children of the elements at a path; who asks for some names will ask for many."""

    __slots__ = ("by_name", "_parents", "_whole")
    FEW = 3

    def __init__(self, parents: list[Element]) -> None:
        self.by_name: dict[str, list[Element]] = {}  # of the names asked for, or of all
        self._parents, self._whole = parents, False

    def named(self, name: str) -> list[Element]:
        """Those of a name that is not in `by_name`; * is any."""
        if name != "*" and not self._whole and len(self.by_name) >= self.FEW:
            self.by_name, self._whole = {}, True
            for parent in self._parents:
                for child in parent:
                    self.by_name.setdefault(child.tag, []).append(child)
        found = self.by_name.get(name)
        if found is None:
            found = _NONE if self._whole and name != "*" else _named(self._parents, name)
            self.by_name[name] = found
        return found


def _named(parents: list[Element], name: str) -> list[Element]:
    if len(parents) == 1:
        return list(parents[0].iterchildren(name))
    return [each for parent in parents for each in parent.iterchildren(name)]


class Document:
    """One document: its root, the kinds it stands for, and what was found in it so far.

    The XML of a guest that is off is its DomainConfigXML and its DomainXML.
    """

    __slots__ = ("kinds", "root", "source", "_texts", "_below", "cache")

    def __init__(self, kinds: tuple[str, ...], root: Element, source: Optional[Source] = None):
        self.kinds = kinds
        self.root = root
        self.source: Source = Nowhere() if source is None else source
        self._texts: dict[str, Optional[str]] = {}
        self._below: dict[tuple[str, ...], _Below] = {}
        self.cache: dict[Any, Any] = {}  # what the tables found, by table

    def text(self, location: Location, where: str) -> Optional[str]:
        """The text at a path from the root, which is spelled `where`."""
        if where not in self._texts:
            self._texts[where] = located(self.root, self.root, location)
        return self._texts[where]

    def elements(self, path: tuple[str, ...]) -> list[Element]:
        """Every element at a path of names from the root; * is any name."""
        found = [self.root] if path[0] in ("*", self.root.tag) else []
        for name in path[1:]:
            found = _named(found, name)
        return found

    def children(self, path: tuple[str, ...], name: str) -> list[Element]:
        """Every child of that name of the elements at a path; * is any name."""
        if not path:
            return [self.root] if name in ("*", self.root.tag) else []
        below = self._below.get(path)
        if below is None:
            below = self._below[path] = _Below(self.elements(path))
        found = below.by_name.get(name)
        return below.named(name) if found is None else found

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What make() gives, made at the first call for that key."""
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    def forget(self) -> None:
        """Forget what was found, because the document is about to change."""
        self._texts.clear()
        self._below.clear()
        self.cache.clear()
