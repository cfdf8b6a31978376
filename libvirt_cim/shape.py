# SPDX-License-Identifier: LGPL-2.1-or-later
"""A table's rows as they apply to one kind of element: the arms chosen, the lenses made.

The same class has one shape for each value of its discriminators (a disk's type); all shapes
are made when first met and kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from .cim import Property, Value
from .compound import AttributesLens, PresenceLens, TemplateLens
from .expression import (
    Attributes,
    Call,
    Count,
    Expression,
    Function,
    Location,
    Presence,
    Rest,
    Template,
)
from .ground import Document
from .left import Left, Visit, compile_left
from .lens import Lens, TextLens
from .mark import HARD, Marks, Taker, mark_all
from .quantity import QuantityLens
from .repeated import EmbeddedLens, ListLens, Part
from .row import Row
from .tree import Element
from .value import cim_unit, converter, libvirt_unit, meanings
from .walk import Leaf, Out, Walk, compile_walk

Getter = Callable[[Element, Document], Value]


class Reading(NamedTuple):
    """How rows of an element are read: their values to begin with, the walk, and what is beyond."""

    start: dict[str, Value]
    walk: Walk
    beyond: Optional[Callable[[Element, Document, Out], None]]


class Maker:
    """What a shape needs to know of its class and its surroundings to make lenses."""

    def __init__(self, prefix: str, part: Callable[[str], Part], outside: Callable[..., Getter]):
        self.prefix = prefix
        self.part = part  # the table of an embedded class, by its name
        self.outside = outside  # row, expressions, rows -> a getter, for what is not below the node

    def lens(self, row: Row, found: Expression, rows: Mapping[str, Row]) -> Optional[Lens]:
        """The lens of an expression that stands below the node, or None."""
        if isinstance(found, Location) and not found.absolute:
            return self._leaf(row.declared, found, rows)
        if isinstance(found, Presence) and not found.location.absolute:
            present, absent = presence_values(row.declared)
            return PresenceLens(found.location.steps, present, absent)
        if isinstance(found, Attributes):
            return AttributesLens(found.location.steps, found.values)
        if isinstance(found, Template):
            return self._template(found)
        return None

    def _leaf(self, row: Property, found: Location, rows: Mapping[str, Row]) -> Lens:
        embedded = row.qualifier("EmbeddedInstance")
        if embedded:
            return EmbeddedLens(found.steps, lambda: self.part(embedded), row.is_array)
        unit = row.qualifier("Virt_Unit")
        if unit:
            return QuantityLens(
                found.steps, unit, bytes_per_value(row, rows), int(row.type.removeprefix("uint")))
        if row.is_array:
            return ListLens(found.steps, converter(row))
        return TextLens(found.steps, converter(row))

    def _template(self, found: Template) -> Optional[Lens]:
        parts: list[Any] = [
            self.prefix if part == Call("prefix()") else part for part in found.parts
        ]
        if any(isinstance(part, (Call, Count)) for part in parts):
            return None
        if any(isinstance(part, Location) and part.absolute for part in parts):
            return None
        if not any(isinstance(part, Location) for part in parts):
            return None
        return TemplateLens(found.location.steps, tuple(parts))


def presence_values(row: Property) -> tuple[Value, Value]:
    """The values of there and not there: True and False, or what the tokens true, false mean."""
    tokens = row.qualifier("Virt_Tokens")
    if tokens is None:
        return True, False
    values = dict(zip(tokens, meanings(row)))
    return values.get("true"), values.get("false")


def bytes_per_value(row: Property, rows: Mapping[str, Row]) -> int:
    """How many bytes one of a quantity's units is: the sibling's default unit, or its own."""
    sibling = row.qualifier("Virt_UnitProperty")
    unit = rows[sibling].declared.value if sibling else row.qualifier("Virt_Unit")
    return cim_unit(unit) or libvirt_unit(str(unit)) or 1


class Shape:
    """The lenses of one class for one sort of element in one kind of document."""

    def __init__(self, maker: Maker, rows: Mapping[str, Row], constants: Mapping[str, Value],
                 kind: str, tag: str, values: dict[str, Optional[str]]) -> None:
        self.constants = constants
        self.lenses: dict[str, Lens] = {}
        self.outside: dict[str, Getter] = {}
        self.elsewhere: set[str] = set()  # of those what the element alone does not tell
        self.absent: dict[str, Value] = {}
        self.rest = False
        for row in rows.values():
            if row.constant or row.declared.qualifier("Key"):  # keys are key.py's
                continue
            found = row.fitting(kind, tag, values)
            if found:
                self._add(maker, row, found, rows)
        self._group_lists()
        self._find_tested()
        self.owners = self._owners()
        self.readings: dict[Optional[frozenset[str]], Reading] = {}
        self._left: Optional[tuple[Visit, list[Taker]]] = None

    def _add(self, maker: Maker, row: Row, found: list[Expression],
             rows: Mapping[str, Row]) -> None:
        if isinstance(found[0], Rest):
            self.rest = True
            return
        lens = maker.lens(row, found[0], rows)
        if lens is None:
            self.outside[row.name] = maker.outside(row, found, rows)
            if not all(map(_of_the_element, found)):
                self.elsewhere.add(row.name)
            return
        self.lenses[row.name] = lens
        if isinstance(lens, PresenceLens) and lens.absent is not None:
            self.absent[row.name] = lens.absent

    def _group_lists(self) -> None:
        groups: dict[Any, list[ListLens]] = {}
        for lens in self.lenses.values():
            if isinstance(lens, ListLens):
                lens.group = groups.setdefault((lens.parents, lens.item), [])
                lens.group.append(lens)

    def _find_tested(self) -> None:
        """Tell the lenses if the path of some row asks for one of their leaves."""
        asked = {
            (tuple(step.name for step in steps[:number + 1]), step.test[0])
            for lens in self.lenses.values() for steps, _ in lens.keys
            for number, step in enumerate(steps) if step.test
        }
        for lens in self.lenses.values() if asked else ():
            lens.tested = any(
                (tuple(step.name for step in steps), leaf) in asked for steps, leaf in lens.keys)

    def _owners(self) -> dict[str, str]:
        """For each row itself, or the one it is an alias of: the first where all leaves have one.
        """
        first: dict[Any, str] = {}
        owners: dict[str, str] = {}
        for name, lens in self.lenses.items():
            known = [first[key] for key in lens.keys if key in first]
            owners[name] = known[0] if known and len(known) == len(lens.keys) else name
            for key in lens.keys:
                first.setdefault(key, name)
        return owners

    def reading(self, wanted: Optional[frozenset[str]]) -> Reading:
        """What reads the wanted rows (None: all) of an element, constants included."""
        found = self.readings.get(wanted)
        if found is None:
            found = self._compile(wanted)
            if len(self.readings) < 100:  # a client may ask for any of the names together
                self.readings[wanted] = found
        return found

    def _compile(self, wanted: Optional[frozenset[str]]) -> Reading:
        def asked(name: str) -> bool:
            return wanted is None or name in wanted

        leaves = [lens.leaf(name) for name, lens in self.lenses.items() if asked(name)]
        climbing = [leaf for leaf in leaves if leaf.steps and leaf.steps[0].kind == "parent"]
        outside = [(name, get) for name, get in self.outside.items() if asked(name)]
        start = {**self.constants, **self.absent}
        return Reading({name: value for name, value in start.items() if asked(name)},
                       compile_walk([leaf for leaf in leaves if leaf not in climbing]),
                       _beyond(climbing, outside) if climbing or outside else None)

    def left(self, node: Element, marks: Marks) -> Left:
        """What is left of an element without what the rows would write again.

        What they take of the element around it is marked.
        """
        if self._left is None:
            self._left = self._compile_left()
        visit, climbing = self._left
        if climbing and node.getparent() is not None:
            mark_all(climbing, node.getparent(), marks)
        return visit(node, marks, HARD)

    def _compile_left(self) -> tuple[Visit, list[Taker]]:
        takers = [taker for name, lens in self.lenses.items()
                  if lens.writable and not lens.tested and self.owners[name] == name
                  for taker in [lens.taker()] if taker is not None]
        climbing = [each._replace(steps=each.steps[1:]) for each in takers
                    if each.steps and each.steps[0].kind == "parent"]
        return compile_left([each for each in takers
                             if not each.steps or each.steps[0].kind != "parent"]), climbing


def _of_the_element(found: Expression) -> bool:
    """Whether an expression's value depends on no more than the element and what is in it."""
    if isinstance(found, Template):
        return all(isinstance(part, (str, Call)) or isinstance(part, Location)
                   and not part.absolute for part in (found.location, *found.parts))
    if isinstance(found, Function):
        return found.argument is not None
    return isinstance(found, Location) and not found.absolute


def _beyond(climbing: Sequence[Leaf], outside: Sequence[tuple[str, Getter]]
            ) -> Callable[[Element, Document, Out], None]:
    """What reads rows of the element around, and those that are not in the document's tree."""
    above = compile_walk([leaf._replace(steps=leaf.steps[1:]) for leaf in climbing])

    def read(node: Element, document: Document, found: Out) -> None:
        if climbing:
            parent = node.getparent()
            if parent is not None:
                above(parent, found)
        for name, get in outside:
            value = get(node, document)
            if value is not None:
                found[name] = value

    return read
