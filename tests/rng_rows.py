# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every path that the rows of a set of classes read, on every node that a class stands on.

Knows MOF, expressions and rows; reads the declarations for itself and not through the schema, so
that a mistake there does not hide one here. Knows no grammar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Union

from rng import PREFIXES, steps

from libvirt_cim import expression
from libvirt_cim.cim import Class, Property, find
from libvirt_cim.expression import Join, Location, Step, Template
from libvirt_cim.row import Arm, compile_row


class Root(NamedTuple):
    """A node that a class stands on, and the classes that it is embedded in, itself the last."""

    document: str
    path: str
    classes: tuple[str, ...]


class Read(NamedTuple):
    """One path of one row on one root: `path` without its first part, `base`, is the row's own."""

    place: str
    row: Property
    kind: str  # leaf: text is read; presence; node: only its place counts
    document: str
    base: str
    path: str


class Rows:
    """The rows of classes: own and inherited ones, on all roots."""

    def __init__(self, classes: Iterable[Class]) -> None:
        self.classes = {each.name.lower(): each for each in classes}
        self.roots = [root for each in self.classes.values() for root in self._own_roots(each)]
        for root in self.roots:                       # grows: embedded classes stand below
            self.roots += self._embedded(root)

    def reads(self) -> Iterator[Read]:
        """Every path of every row on every root, and the roots themselves."""
        for root in self.roots:
            table = self.classes[root.classes[-1]]
            if len(root.classes) == 1:
                itself = Property(table.name, "reference")
                place = f"{table.file}:{table.line}: {table.name}"
                yield Read(place, itself, "node", root.document, root.path, root.path)
            for place, row in self.rows(table.name):
                yield from self._paths(place, row, root)

    def rows(self, name: str) -> list[tuple[str, Property]]:
        """The mapped properties of a class, each with the place that its strings stand at."""
        found: dict[str, tuple[str, Property]] = {}
        for owner in reversed(self._lineage(name)):
            for each in owner.properties.values():
                place = f"{owner.file}:{each.line}: {owner.name}.{each.name}"
                above = found.get(each.name.lower())
                if above and find(each.qualifiers, "Override"):
                    place = place if find(each.qualifiers, "MappingStrings") else above[0]
                    each = _overridden(above[1], each)
                found[each.name.lower()] = place, each
        return [each for each in found.values() if each[1].qualifier("MappingStrings")]

    def _lineage(self, name: str | None) -> list[Class]:
        found = self.classes.get((name or "").lower())
        return [found, *self._lineage(found.superclass)] if found else []

    def _own_roots(self, table: Class) -> list[Root]:
        """The roots that a class names itself."""
        split = [expression.split(text) for text in table.qualifier("MappingStrings") or ()]
        return [Root(document, path.replace("[not(*)]", ""), (table.name.lower(),))
                for document, path in split if document]

    def _embedded(self, root: Root) -> Iterator[Root]:
        """The roots of the classes embedded at a root; a class within itself only once."""
        for place, row in self.rows(root.classes[-1]):
            held = str(row.qualifier("EmbeddedInstance") or "").lower()
            if held in self.classes and held not in root.classes:
                for read in self._paths(place, row, root):
                    yield Root(read.document, read.path, (*root.classes, held))

    def _paths(self, place: str, row: Property, root: Root) -> Iterator[Read]:
        """Everything that a row reads; a join reads two documents."""
        documents = [each.document for each in self._own_roots(self.classes[root.classes[-1]])]
        for arm in compile_row(row, place, documents).arms(root.document):
            for kind, document, base, path in _paths(arm, root):
                whole = row.type == "reference" or row.qualifier("EmbeddedInstance")
                kind = "node" if kind == "leaf" and whole else kind
                yield Read(place, row, kind, document, base, path)


def _overridden(above: Property, row: Property) -> Property:
    """A property that overrides another keeps the qualifiers that it does not repeat."""
    low = {name.lower() for name in row.qualifiers}
    kept = {name: each for name, each in above.qualifiers.items() if name.lower() not in low}
    return Property(row.name, row.type, row.is_array, row.value, {**kept, **row.qualifiers})


Found = tuple[str, str, str, str]                     # kind, document, base, path


def _paths(arm: Arm, root: Root) -> Iterator[Found]:
    """What one arm reads at a root."""
    found = arm.expression
    at = below(root.path, Location(False, (arm.condition,) if arm.condition else ()))
    if isinstance(found, expression.Presence):
        yield _found("presence", root, at, found.location)
    elif isinstance(found, expression.Attributes):
        yield _found("node", root, at, found.location)
    elif isinstance(found, Join):
        yield from _joined(found, root, at)
    elif isinstance(found, (Location, Template)):
        yield from _text(found, root, at)


def _text(found: Union[Location, Template], root: Root, at: str) -> Iterator[Found]:
    """The leaf of a path, or the holes of a template."""
    if isinstance(found, Location):
        yield _found("leaf", root, at, found)
        return
    at = below(at, found.location)
    for part in found.parts:
        if isinstance(part, Location):
            yield _found("node", root, at, part)


def _found(kind: str, root: Root, at: str, location: Location) -> Found:
    """A path in a root's own document; of an absolute one, only the document's root is given."""
    path = below(at, location)
    base = f"/{path.split('/')[1]}" if location.absolute else root.path
    return kind, root.document, base, path


def _joined(found: Join, root: Root, at: str) -> Iterator[Found]:
    """What a join reads: the other document's nodes, the tests on both sides, and the value."""
    other = Root(found.document, "".join(f"/{spell(name)}" for name in found.path), ())
    yield "node", other.document, other.path, other.path
    for there, here in found.tests:
        if isinstance(there, Location):
            yield _found("node", other, other.path, there)
        if isinstance(here, Location):
            yield _found("node", root, at, here)
    if isinstance(found.value, Join):
        yield from _joined(found.value, other, other.path)
    elif found.value is not None:
        yield from _text(found.value, other, other.path)


def spell(name: str) -> str:
    """A name of lxml's as the tables write it."""
    uri, brace, local = name.rpartition("}")
    return f"{_PREFIX_OF[uri[1:]]}:{local}" if brace else name


_PREFIX_OF: Mapping[str, str] = {uri: prefix for prefix, uri in PREFIXES.items()}


def below(path: str, location: Location) -> str:
    """The path that a location leads to from a path."""
    return ("" if location.absolute else path) + "".join(map(_step, location.steps))


def _step(step: Step) -> str:
    kind, name, test = step
    text = {"parent": "/..", "any": "/*", "attribute": f"/@{spell(name)}",
            "self": f"/self::{spell(name)}"}.get(kind, f"/{spell(name)}")
    if test:
        value: Union[str, None] = test[1]
        text += f"[@{spell(test[0])}]" if value is None else f"[@{spell(test[0])}='{value}']"
    return text


def unguarded(read: Read) -> Iterator[str]:
    """The row's own elements that no predicate picks out, but an array's last, which may repeat."""
    every = steps(read.path)
    texts = [f"/{axis}{name}{tests}" for axis, name, tests in every]
    elements = [number for number, (axis, name, tests) in enumerate(every)
                if number >= len(steps(read.base)) and not axis and not tests and name != ".."]
    if read.row.is_array and read.kind != "presence" and elements:
        last = max(number for number, (axis, _, _) in enumerate(every) if not axis)
        elements = [number for number in elements if number != last]
    for number in elements:
        yield "".join(texts[:number + 1])
