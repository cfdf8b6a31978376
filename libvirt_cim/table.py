# SPDX-License-Identifier: LGPL-2.1-or-later
"""One class compiled: which elements are its instances, their keys, and what their rows read.

A table knows its own rows. Which other tables there are is schema.py's, how instances are
written is write.py's.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Optional

from .cim import Class, Instance, Path, Value, invalid
from .function import expanded
from .ground import Document
from .identity import Identity
from .key import compile_key
from .lens import append
from .root import Root, standing
from .row import Row, attribute_of, default_of, initial, sections_read, tag_of, tested
from .shape import Maker, Shape
from .tree import Element, empty

Names = Optional[frozenset[str]]
REST = "UnmappedXML"


class Entry(NamedTuple):
    """An instance in a document: the element read, its path, and the element it came from."""

    node: Element
    path: Path
    origin: Element


class Table:
    """A class with the elements it stands for, in the kinds of documents it lists."""

    def __init__(self, class_: Class, rows: Mapping[str, Row], roots: Mapping[str, list[Root]],
                 maker: Maker, concrete: Any,
                 elsewhere: Optional[Callable[[Any], set[str]]] = None) -> None:
        self.class_, self.name, self.rows = class_, class_.name, rows
        self.roots = roots  # by kind of document
        self.kinds = tuple(roots)
        self.maker = maker
        initials = {row.name: initial(row, self.name) for row in rows.values() if row.constant}
        self.constants = {name: value for name, value in initials.items() if value is not None}
        self.discriminators = sorted(tested(list(rows.values())))
        self.defaults = {(tag_of(row), name): default_of(row)
                         for row in reversed(list(rows.values()))
                         for name in [attribute_of(row)] if name in self.discriminators}
        self.association = bool(class_.qualifier("Association"))
        self.references = [row for row in rows.values() if row.declared.type == "reference"]
        self.expand = class_.qualifier("Virt_Expand")
        self.names = frozenset(rows)
        self.identity = Identity(self.name, rows, roots, self.constants, bool(self.expand),
                                 lambda row, found: compile_key(row, found, maker.prefix, concrete))
        self._shapes: dict[Any, Shape] = {}
        self._find_elsewhere = elsewhere
        self._kind_of: dict[tuple[str, ...], Optional[str]] = {}

    @functools.cached_property
    def elsewhere(self) -> set[str]:
        """The names that * does not mean at the end of a root: other tables have them."""
        return self._find_elsewhere(self) if self._find_elsewhere else set()

    def kind_of(self, document: Document) -> Optional[str]:
        """The kind as which the table reads a document: the first of its own."""
        try:
            return self._kind_of[document.kinds]
        except KeyError:
            found = next((kind for kind in self.kinds if kind in document.kinds), None)
            self._kind_of[document.kinds] = found
            return found

    def sections(self, kind: str, wanted: Names) -> Optional[set[str]]:
        """The sections of a document that keys and wanted rows read; None where it may be any."""
        roots = self.roots[kind]
        if self.expand or self.association or any(root.tests or root[-1] == "*" for root in roots):
            return None
        found = {"/".join(root[1:]) for root in roots if len(root) > 1}
        for row in self.rows.values():
            if row.declared.qualifier("Key") or (
                    row.name != REST if wanted is None else row.name in wanted):
                for arm, root in itertools.product(row.arms(kind), roots):
                    sections = sections_read(arm, root)
                    if sections is None:
                        return None
                    found |= sections
        return found

    # instances

    @property
    def is_root(self) -> bool:
        """Whether an instance is a document as a whole."""
        return all(len(root) == 1 for roots in self.roots.values() for root in roots)

    def root_of(self, document: Document, tag: Optional[str] = None) -> Root:
        """The path that a new element of that name has, or any new element."""
        roots = self.roots[self.kind_of(document) or self.kinds[0]]
        return next((root for root in roots if tag in (None, root[-1])), roots[0])

    def place(self, element: Element, document: Document, number: Optional[int] = None) -> None:
        """Put a new element where instances of the table stand, behind those there are.

        Where keys count elements it is in or instead of the one of a number, or of a new one.
        """
        *above, last = self.root_of(document, element.tag)[1:]
        parent = document.root
        for name in above:
            parent = self._step(parent, name, number)
        if last == self.identity.counted:
            there = self._step(parent, last, number)
            if not empty(there):
                raise invalid(f"{self.name}: there is a <{last}> in its place")
            parent.replace(there, element)
        else:
            parent.append(element)

    def _step(self, parent: Element, name: str, number: Optional[int]) -> Element:
        """The child of a name, made if it is missing: the first, or of those counted the one."""
        if name != self.identity.counted:
            found = parent.find(name)
            return append(parent, name) if found is None else found
        there = parent.findall(name)
        if number is None or number == len(there):
            return append(parent, name)
        if number > len(there):
            raise invalid(f"{self.name}: there are {len(there)} <{name}> before it, not {number}")
        return there[number]

    def nodes(self, document: Document) -> list[Element]:
        """The elements of a document that are instances, before expansion."""
        kind = self.kind_of(document)
        return [] if kind is None else self._nodes(document, kind)

    def _nodes(self, document: Document, kind: str) -> list[Element]:
        found: list[Element] = []
        for root in self.roots[kind]:
            elements = document.children(root.above, root.last)
            if elements:
                if root.some:
                    elements = self._standing(elements, root)
                found = found + elements if found else elements
        return found

    def elements(self, document: Document, kind: str) -> list[Element]:
        """The elements that are instances in a document read as a kind."""
        return self.expanded(document)[0] if self.expand else self._nodes(document, kind)

    def _standing(self, elements: list[Element], root: Root) -> list[Element]:
        """Those of the elements at the end of a root that are instances."""
        if root.last == "*" and self.elsewhere:
            elements = [each for each in elements if each.tag not in self.elsewhere]
        return standing(elements, root) if root.tests else elements

    def expanded(self, document: Document) -> tuple[list[Element], list[Element]]:
        """The elements that are instances, and for each of them the one it came from."""
        origins = self.nodes(document)
        if not self.expand or not origins:
            return origins, origins
        pairs = [(part, origin) for origin in origins
                 for part in expanded(self.expand, origin, document)]
        return [part for part, _ in pairs], [origin for _, origin in pairs]

    def entries(self, document: Document) -> list[Entry]:
        """Every instance of a document with its path, in document order."""
        found: Optional[list[Entry]] = document.cache.get(self.name)
        if found is None:
            found = document.cache[self.name] = self._entries(document)
        return found

    def _entries(self, document: Document) -> list[Entry]:
        kind, (nodes, origins) = self.kind_of(document), self.expanded(document)
        if kind is None or not origins:
            return []
        return list(map(Entry, nodes, self.identity.paths(nodes, document, kind), origins))

    def paths_as(self, document: Document, kind: str) -> list[tuple[Entry, Path]]:
        """Every instance of a document with the path it would have in another kind of document."""
        entries = self.entries(document)
        nodes = [each.node for each in entries]
        return list(zip(entries, self.identity.paths(nodes, document, kind)))

    def find(self, document: Document, path: Path) -> Optional[Entry]:
        """The instance of a document that has a path."""
        wanted = path.identity()[1:]
        for entry in self.entries(document):
            if entry.path.identity()[1:] == wanted:
                return entry
        return None

    def wrong_key(self, path: Path, documents: Iterable[Document]) -> str:
        """The key because of which no instance of the documents looked at has the path."""
        return self.identity.wrong(
            path.keys, [entry.path for each in documents for entry in self.entries(each)])

    # reading

    def shape(self, node: Element, kind: str) -> Shape:
        """The rows as they apply to an element."""
        tag = node.tag
        key: tuple[Optional[str], ...] = (kind, tag)
        for name in self.discriminators:
            value = node.get(name)
            key += (self._default(tag, name) if value is None else value,)
        shape = self._shapes.get(key)
        if shape is None:
            shape = Shape(self.maker, self.rows, self.constants, kind, tag,
                          dict(zip(self.discriminators, key[2:])))
            if len(self._shapes) < 1000:  # a hostile document may name any type
                self._shapes[key] = shape
        return shape

    def _default(self, tag: str, name: str) -> Optional[str]:
        """libvirt's own default of a discriminator of such an element."""
        return self.defaults.get((tag, name), self.defaults.get(("", name)))

    def values(self, node: Element, document: Document, wanted: Names = None) -> dict[str, Value]:
        """Constants and the values of the wanted rows (None: all) but keys; NULL is absent."""
        return self._instance(node, Path(self.name, {}), document, wanted).properties

    def read(self, node: Element, document: Document) -> dict[str, Value]:
        """The values that an element and its document say."""
        return {name: value for name, value in self.values(node, document).items()
                if name not in self.constants}

    def instance(self, entry: Entry, document: Document, wanted: Names = None) -> Instance:
        """The instance of an entry: constants, keys and what the rows read."""
        return self._instance(entry.node, entry.path, document, wanted)

    def _instance(self, node: Element, path: Path, document: Document, wanted: Names) -> Instance:
        kind = self.kind_of(document) or self.kinds[0]
        return self.instances_of([node], [path], document, kind, wanted)[0]

    def instances(self, document: Document, wanted: Names = None) -> list[Instance]:
        """Every instance of a document, in document order."""
        kind = self.kind_of(document)
        if kind is None:
            return []
        nodes = self.elements(document, kind)
        paths = self.identity.paths(nodes, document, kind)
        return self.instances_of(nodes, paths, document, kind, wanted)

    def instances_of(self, nodes: list[Element], paths: list[Path], document: Document, kind: str,
                     wanted: Names = None) -> list[Instance]:
        """The instances that elements of a document read as a kind are, which have those paths."""
        if wanted is self.names:
            wanted = None
        found = []
        for node, path in zip(nodes, paths):
            shape = self.shape(node, kind)
            start, walk, beyond = shape.readings.get(wanted) or shape.reading(wanted)
            values = start | (path.keys if wanted is None else _only(path.keys, wanted))
            walk(node, values)
            if beyond is not None:
                beyond(node, document, values)
            found.append(Instance(self.name, values, path))
        return found


def _only(values: dict[str, Value], wanted: frozenset[str]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name in wanted}
