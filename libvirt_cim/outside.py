# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values that are not below their node: of the whole document, of another one, or from Python."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional

from .cim import Property, Value
from .expression import (
    HERE,
    Call,
    ClassName,
    Count,
    Function,
    Hole,
    Join,
    Location,
    Presence,
    Step,
    Template,
)
from .function import FUNCTIONS, OF_TEXT, expanded
from .ground import Document, Known
from .key import counted, local_name, path_text
from .leaf import at, leaf_text
from .lens import Lens
from .row import Row
from .shape import Getter, Maker, presence_values
from .tree import Element
from .value import converter
from .walk import Out, compile_walk

Read = Callable[[Element, Document], Optional[str]]


def getter(maker: Maker, concrete: Callable[[str], str], row: Row, found: Any,
           rows: Mapping[str, Row]) -> Getter:
    """What reads an expression that no lens can."""
    if isinstance(found, ClassName):
        name = concrete(found.name)
        return lambda node, document: name
    if isinstance(found, Function):
        if found.argument is not None:
            return _of_text(found.name, reader(found.argument))
        function = FUNCTIONS[found.name]
        return lambda node, document: function(node, document, maker.prefix)
    if isinstance(found, Count):
        return lambda node, document: counted(node, found)
    if isinstance(found, Join):
        return _joined(maker, row, found, rows)
    if isinstance(found, Presence):
        return _present(row.declared, found)
    parts = found.parts if isinstance(found, Template) else (found,)
    return _composed(row.declared, parts, maker.prefix)


def first(getters: Sequence[Getter]) -> Getter:
    """What reads the first of several expressions that has a value."""
    if len(getters) == 1:
        return getters[0]

    def get(node: Element, document: Document) -> Value:
        for each in getters:
            value = each(node, document)
            if value is not None:
                return value
        return None

    return get


def _of_text(name: str, read: Read) -> Getter:
    function = OF_TEXT[name]

    def get(node: Element, document: Document) -> Value:
        text = read(node, document)
        return None if text is None else function(text, local_name(node))

    return get


def _present(row: Property, found: Presence) -> Getter:
    present, absent = presence_values(row)
    where = path_text(found.location.steps)

    def get(node: Element, document: Document) -> Value:
        return absent if document.text(found.location, where) is None else present

    return get


def _composed(row: Property, parts: tuple[Any, ...], prefix: str) -> Getter:
    convert = converter(row)
    readers = [_text(part) if isinstance(part, str) else reader(part, prefix) for part in parts]
    if len(readers) == 1 and convert is None:
        return readers[0]

    def get(node: Element, document: Document) -> Value:
        texts = [read(node, document) for read in readers]
        if None in texts:
            return None
        whole = "".join([text or "" for text in texts])
        return convert.read(whole) if convert else whole

    return get


def _text(text: str) -> Read:
    return lambda node, document: text


def reader(part: Hole, prefix: str = "") -> Read:
    """What reads the text of a hole, or None where there is no such leaf."""
    if isinstance(part, Count):
        return lambda node, _: str(counted(node, part))
    if isinstance(part, Call):
        return _text(prefix) if part.name == "prefix()" else lambda node, _: local_name(node)
    if part.absolute:
        where = path_text(part.steps)
        return lambda node, document: document.text(part, where)
    return lambda node, document: leaf_text(node, part.steps)


# joins

class Search:
    """A join made ready: finds the nodes of the other document for which every test holds.

    Where they do not hold for an element, they may for what an expansion makes of it.
    `wanted` are the root's children that will be read, if the join itself does not say it.
    """

    def __init__(self, join: Join, expansions: frozenset[str] = frozenset(),
                 wanted: tuple[str, ...] = ()) -> None:
        self.join, self.document, self.path = join, join.document, join.path
        self.expansions = expansions if join.last is join else frozenset[str]()
        self.tests = [(_place(join, theirs), reader(theirs), reader(ours))
                      for theirs, ours in join.tests]
        self.wanted = wanted or _wanted(join)
        self.further = Search(join.value, expansions) if join.last is not join else None

    def found(self, node: Element, document: Document) -> Sequence[Element]:
        """The nodes, looked for once for all rows that want them."""
        found: Sequence[Element] = document.once(
            (self, node), lambda: [each for each, _ in self.nodes(node, document)])
        return found

    def nodes(self, node: Element, document: Document) -> Iterator[tuple[Element, Document]]:
        """The nodes, each with its document."""
        if not document.source.offers(self.document):
            return
        values = []
        for _, _, ours in self.tests:
            value = ours(node, document)
            if value is None:
                return
            values.append(value)
        known = {place: value for (place, _, _), value in zip(self.tests, values) if place}
        for other in document.source.documents(self.document, known, self.wanted):
            for found in other.elements(self.path):
                for each in self._of(found, other, values):
                    if self.further is None:
                        yield each, other
                    else:
                        yield from self.further.nodes(each, other)

    def _of(self, found: Element, other: Document, values: list[str]) -> Iterator[Element]:
        """The element if the tests hold for it, else those of its parts for which they do."""
        if self._hold(found, other, values):
            yield found
            return
        for name in self.expansions:
            for part in expanded(name, found, other):
                if self._hold(part, other, values):
                    yield part

    def _hold(self, found: Element, other: Document, values: list[str]) -> bool:
        for (_, theirs, _), value in zip(self.tests, values):
            if theirs(found, other) != value:
                return False
        return True

    def backwards(self, node: Element, origin: Element, document: Document) -> Optional[Known]:
        """What a document must say whose nodes lead to a node of that origin; None: none can."""
        steps = behind(self.join)
        if not any(origin is at(each, steps) for each in document.elements(self.path)):
            return None
        known: dict[str, str] = {}
        if steps:
            return known
        for (_, theirs, _), (_, ours) in zip(self.tests, self.join.tests):
            if isinstance(ours, Location) and ours.absolute:
                text = theirs(origin, document)
                if text is not None and text == theirs(node, document):
                    known[path_text(ours.steps)] = text
        return known


def behind(join: Join) -> tuple[Step, ...]:
    """The path by which a reference's join goes on from the node that it finds."""
    return join.value.steps if isinstance(join.value, Location) else ()


def _place(join: Join, theirs: Hole) -> Optional[str]:
    """The path that a test asks for, from the root of the other document."""
    if not isinstance(theirs, Location):
        return None
    steps = path_text(theirs.steps)
    return steps if theirs.absolute else "/" + "/".join(join.path) + steps


def _wanted(join: Join) -> tuple[str, ...]:
    """The root's children that a join reads, for documents that are made of single calls."""
    if join.value is None or join.last is not join or join.path[1:2] == ("*",):
        return ()
    values = join.value.parts if isinstance(join.value, Template) else (join.value,)
    found = dict.fromkeys(join.path[1:2])
    for each in (*values, *(theirs for theirs, _ in join.tests)):
        if isinstance(each, Location) and (each.absolute or len(join.path) == 1):
            steps = each.steps[1:] if each.absolute else each.steps
            found[next((step.name for step in steps if step.kind == "child"), "")] = None
    return tuple(found)


_shared = functools.lru_cache(maxsize=None)(Search)


def _search(join: Join) -> Search:
    """What all rows share that find the same nodes to read the same leaves."""
    if join.last is not join:
        return _shared(join)
    return _shared(join._replace(value=None, total=False), wanted=_wanted(join))


def _joined(maker: Maker, row: Row, join: Join, rows: Mapping[str, Row]) -> Getter:
    """What reads a value of another document, or the sum over all that match."""
    values = _values(maker, row, join, rows)

    def get(node: Element, document: Document) -> Value:
        if not document.source.offers(join.document):
            return 0 if join.total else None
        every = values(node, document)
        if join.total:
            return sum(every)
        if row.declared.is_array:
            return [value for each in every for value in each] or None
        return next(every, None)

    return get


def _values(maker: Maker, row: Row, join: Join, rows: Mapping[str, Row]
            ) -> Callable[[Element, Document], Iterator[Any]]:
    """What reads the values of all nodes that a join finds."""
    found = join.last.value or HERE
    steps = found.steps if isinstance(found, Location) else ()
    test = steps[:1] if steps and steps[0].kind == "self" else ()
    lens = maker.lens(row, Location(False, steps[1:]) if test else found, rows)
    search, read = _search(join), _nothing if lens is None else reading(lens)
    few = bool(join.tests)  # else it may be a node of every document that there is

    def values(node: Element, document: Document) -> Iterator[Value]:
        for each in search.found(node, document) if few else (
                each for each, _ in search.nodes(node, document)):
            element = at(each, test)
            value = None if element is None else read(element)
            if value is not None:
                yield value

    return values


def _nothing(node: Element) -> Value:
    return None


def reading(lens: Lens) -> Callable[[Element], Value]:
    """What reads the value of one lens at a node."""
    leaf, absent = lens.leaf("value"), getattr(lens, "absent", None)
    above = leaf.steps[:-1] if leaf.each else leaf.steps
    walk = compile_walk([leaf._replace(steps=(), each=False)])

    def read(node: Element) -> Value:
        out: Out = {}
        element = at(node, above)
        if element is not None:
            for each in element.iterchildren(leaf.steps[-1].name) if leaf.each else (element,):
                walk(each, out)
        return out.get("value", absent)

    return read
