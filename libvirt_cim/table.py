# SPDX-License-Identifier: LGPL-2.1-or-later
"""One class compiled: which elements are its instances, their keys, and what their rows read.

A table knows its own rows. Which other tables there are is schema.py's, how instances are
written is write.py's.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from .cim import Class, Instance, Path, Value, find
from .function import expanded
from .ground import Document, Known
from .key import Composers, Key, Keys, compile_key, constant_key, unused
from .lens import append
from .root import Root, stands
from .row import Row, attribute_of, default_of, initial, tag_of, tested
from .shape import Maker, Shape
from .tree import Element

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
        self.by_tag = any(arm.condition for row in rows.values()
                          if row.declared.qualifier("Key") for arm in row.every_arm())
        self._shapes: dict[Any, Shape] = {}
        self._concrete, self._find_elsewhere = concrete, elsewhere
        self._keys: dict[str, dict[str, Keys]] = {}  # by kind and element, once asked for
        self._kind_of: dict[tuple[str, ...], Optional[str]] = {}

    @functools.cached_property
    def elsewhere(self) -> set[str]:
        """The names that * does not mean at the end of a root: other tables have them."""
        return self._find_elsewhere(self) if self._find_elsewhere else set()

    # keys

    def _compile_keys(self, kind: str, tag: str) -> Keys:
        keys: list[Key] = []
        for row in self.rows.values():
            if not row.declared.qualifier("Key") or row.declared.type == "reference":
                continue
            found = row.fitting(kind, tag, {})
            if not found:
                keys.append(constant_key(row.name, self.constants.get(row.name, "")))
            else:
                keys.append(compile_key(row.name, found[0], self.maker.prefix, self._concrete))
        return Keys(keys)

    def keys(self, kind: str) -> dict[str, Keys]:
        """The keys of instances in a kind of document, by the name of their element.

        Those of the first name hold for all that are not there.
        """
        if kind not in self._keys:
            tags = dict.fromkeys(root[-1] if self.by_tag else "" for root in self.roots[kind])
            self._keys[kind] = {tag: self._compile_keys(kind, tag) for tag in tags}
        return self._keys[kind]

    def first_keys(self, kind: str) -> Sequence[Key]:
        """The keys of an instance in a kind of document, whatever its element."""
        return next(iter(self.keys(kind).values())).all

    def kind_of(self, document: Document) -> Optional[str]:
        """The kind as which the table reads a document: the first of its own."""
        try:
            return self._kind_of[document.kinds]
        except KeyError:
            found = next((kind for kind in self.kinds if kind in document.kinds), None)
            self._kind_of[document.kinds] = found
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

    def place(self, element: Element, document: Document) -> None:
        """Put a new element where instances of the table stand, behind those there are."""
        parent = document.root
        for name in self.root_of(document, element.tag)[1:-1]:
            found = parent.find(name)
            parent = append(parent, name) if found is None else found
        parent.append(element)

    def nodes(self, document: Document) -> list[Element]:
        """The elements of a document that are instances, before expansion."""
        kind = self.kind_of(document)
        found: list[Element] = []
        for root in self.roots[kind] if kind else ():
            elements = document.elements(root)
            if root[-1] == "*" and self.elsewhere:
                elements = [each for each in elements if each.tag not in self.elsewhere]
            if root.tests:
                elements = [each for each in elements if stands(each, root)]
            found += elements
        return found

    def expanded(self, document: Document) -> tuple[list[Element], list[Element]]:
        """The elements that are instances, and for each of them the one it came from."""
        origins = self.nodes(document)
        if not self.expand:
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
        return list(map(Entry, nodes, self._paths(nodes, document, kind), origins))

    def _paths(self, nodes: list[Element], document: Document, kind: str) -> list[Path]:
        by_tag = self.keys(kind)
        first = next(iter(by_tag.values()))
        ready: dict[str, Composers] = {}
        used: dict[str, int] = {}  # the last number of each key
        found = []
        for node in nodes:
            composers = ready.get(node.tag)
            if composers is None:
                composers = by_tag.get(node.tag, first).composers(document, len(nodes) > 1)
                ready[node.tag] = composers
            same, own = composers
            values = same.copy()
            for name, compose in own:
                values[name] = compose(node)
            if own:
                values[name] = unused(values[name], used)
            found.append(Path(self.name, values))
        return found

    def paths_as(self, document: Document, kind: str) -> list[tuple[Entry, Path]]:
        """Every instance of a document with the path it would have in another kind of document."""
        entries = self.entries(document)
        return list(zip(entries, self._paths([each.node for each in entries], document, kind)))

    def find(self, document: Document, path: Path) -> Optional[Entry]:
        """The instance of a document that has a path."""
        wanted = path.identity()[1:]
        for entry in self.entries(document):
            if entry.path.identity()[1:] == wanted:
                return entry
        return None

    def known(self, path: Path) -> list[tuple[str, Known]]:
        """The kinds of documents that may hold a path, the surest first, and what they must say."""
        return self.known_by(path.keys)

    def known_by(self, given: Mapping[str, Value]) -> list[tuple[str, Known]]:
        """The same by the keys alone."""
        found: list[tuple[int, str, Known]] = []
        for kind, keys in self._every_keys():
            known = self._known(kind, {key: str(find(given, key.name) or "") for key in keys})
            if known is not None and (kind, known) not in [each[1:] for each in found]:
                found.append((sum(key.literal for key in keys), kind, known))
        found.sort(key=lambda each: -each[0])
        return [(kind, known) for _, kind, known in found]

    def known_by_some(self, given: Mapping[str, Value]) -> list[tuple[str, Known]]:
        """The kinds of documents that may hold an instance with some keys, and what they say."""
        if not given:
            return [(kind, {}) for kind in self.kinds]
        found: list[tuple[str, Known]] = []
        for kind, keys in self._every_keys():
            values = {key: find(given, key.name) for key in keys}
            known = self._known(kind, {k: str(v) for k, v in values.items() if v is not None})
            if known is not None and (kind, known) not in found:
                found.append((kind, known))
        return found

    def _every_keys(self) -> Iterator[tuple[str, Sequence[Key]]]:
        """The keys in each kind of document, of each sort of element."""
        for kind in self.kinds:
            for keys in self.keys(kind).values():
                yield kind, keys.all

    def _known(self, kind: str, given: Mapping[Key, str]) -> Optional[Known]:
        """What a kind of document must say if keys have those texts; None if they never have."""
        top = self.roots[kind][0]  # what an expansion makes stands below it
        root = top[0] if len(top) == 1 and not self.expand else ""
        known: dict[str, str] = {}
        for key, text in given.items():
            said = key.known(text, root)
            if said is None:
                return None
            known.update(said)
        return known

    def wrong_key(self, path: Path, documents: Iterable[Document] = ()) -> str:
        """The key because of which no instance of the documents looked at has the path."""
        keys = self.first_keys(self.kinds[0])
        wrong = [
            [name for name, value in entry.path.keys.items() if find(path.keys, name) != value]
            for document in documents for entry in self.entries(document)
        ]
        nearest = min(wrong, key=len, default=[])
        if nearest:
            return nearest[0]
        for key in keys:
            given = find(path.keys, key.name)
            if given is None or (len(key.parts) == 1 and key.parts[0] not in (given, "")
                                 and isinstance(key.parts[0], str)):
                return key.name
        return keys[-1].name if keys else ""

    # reading

    def shape(self, node: Element, kind: str) -> Shape:
        """The rows as they apply to an element."""
        tests = self.discriminators
        if not tests:
            key: Any = (kind, node.tag)
        else:
            key = (kind, node.tag, *(node.get(name, self._default(node.tag, name))
                                     for name in tests))
        shape = self._shapes.get(key)
        if shape is None:
            values = dict(zip(tests, key[2:]))
            shape = Shape(self.maker, self.rows, kind, node.tag, values)
            if len(self._shapes) < 1000:  # a hostile document may name any type
                self._shapes[key] = shape
        return shape

    def _default(self, tag: str, name: str) -> Optional[str]:
        """libvirt's own default of a discriminator of such an element."""
        return self.defaults.get((tag, name), self.defaults.get(("", name)))

    def read(self, node: Element, document: Document, wanted: Names = None) -> dict[str, Value]:
        """The values of the wanted rows (None: all) of an element; NULL is absent."""
        found: dict[str, Value] = {}
        kind = self.kind_of(document) or self.kinds[0]
        self.shape(node, kind).reader(wanted)(node, document, found)
        return found

    def instance(self, entry: Entry, document: Document, wanted: Names = None) -> Instance:
        """The instance of an entry: constants, keys and what the rows read."""
        values, keys = self.constants, entry.path.keys
        if wanted is not None and wanted >= self.names:
            wanted = None
        if wanted is None:
            values = values.copy()
        else:
            values = {name: value for name, value in values.items() if name in wanted}
            keys = {name: value for name, value in keys.items() if name in wanted}
        kind = self.kind_of(document) or self.kinds[0]
        self.shape(entry.node, kind).reader(wanted)(entry.node, document, values)
        values.update(keys)
        return Instance(self.name, values, entry.path)
