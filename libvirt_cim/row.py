# SPDX-License-Identifier: LGPL-2.1-or-later
"""A property of a table and the expressions it declares, by document."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import attrs

from . import expression
from .cim import Property, Value
from .expression import (
    HERE,
    Attributes,
    Call,
    ClassName,
    Expression,
    Join,
    Location,
    Mistake,
    Presence,
    Step,
    Template,
)
from .ground import ROOTS


class Arm(NamedTuple):
    """One expression of a row, and the self:: step that says when it is the one."""

    condition: Optional[Step]
    expression: Expression

    def fits(self, tag: str, values: dict[str, Optional[str]]) -> bool:
        """Whether the arm is for an element of that name with those attributes."""
        step = self.condition
        if step is None:
            return True
        if step.name not in (tag, "*"):
            return False
        if step.test is None:
            return True
        value = values.get(step.test[0])
        return value is not None if step.test[1] is None else value == step.test[1]


@attrs.frozen(eq=False)
class Row:
    """A property with its arms; `others` serve the documents that have no arms of their own."""

    declared: Property
    where: str
    own: dict[str, list[Arm]]
    others: list[Arm]

    @property
    def name(self) -> str:
        """The property's name."""
        return self.declared.name

    def arms(self, kind: str) -> list[Arm]:
        """The arms for a document of a kind."""
        return self.own.get(kind, self.others)

    def selected(self, attribute: Optional[str], kind: str) -> set[str]:
        """The children of the node that hold the arms among which that attribute chooses.

        "" stands for the node itself.
        """
        found = set()
        for arm in self.arms(kind):
            test = arm.condition.test if arm.condition else None
            location = leaf_location(arm.expression)
            if test is not None and test[0] == attribute and location is not None:
                first = location.steps[:1]
                found.add(first[0].name if first and first[0].kind == "child" else "")
        return found

    def every_arm(self) -> list[Arm]:
        """All arms, whatever the document."""
        return [arm for arms in (*self.own.values(), self.others) for arm in arms]

    @property
    def constant(self) -> bool:
        """Whether the value is the declared default, or the class's own name."""
        return not self.own and not self.others

    def fitting(
        self, kind: str, tag: str, values: dict[str, Optional[str]]
    ) -> list[Expression]:
        """The expressions for such an element; the first counts, of several joins the first hit."""
        return [arm.expression for arm in self.arms(kind) if arm.fits(tag, values)]


_value = functools.lru_cache(maxsize=None)(expression.value)  # what is inherited is read once
_join = functools.lru_cache(maxsize=None)(expression.join)


def compile_row(row: Property, where: str, documents: Sequence[str]) -> Row:
    """A property's MappingStrings for a class on those documents; Mistake says what is wrong."""
    own: dict[str, list[Arm]] = {}
    others: list[Arm] = []
    back: list[Arm] = []  # to one of the class's own documents, from its others
    strings = row.qualifier("MappingStrings") or ()
    for text in (each for string in strings for each in expression.alternatives(string)):
        document, body = expression.split(text)
        if document == "Python":
            others.append(Arm(None, expression.function(body)))
        elif document is None:
            others.append(_arm(_value(body)))
        elif document not in ROOTS:
            raise Mistake(f"{document} is not a document")
        elif document in documents and not _is_join(body):
            own.setdefault(document, []).append(_arm(_value(body)))
            if row.type == "reference" and body.startswith("/"):
                back.append(Arm(None, _join(document, body)))
        else:
            others.append(Arm(None, _join(document, body)))
    return Row(row, where, own, others or back)


def _is_join(body: str) -> bool:
    """Whether a body on the class's own document leads to a document of that kind: by a test."""
    return body.startswith("/") and expression.TEST.search(body) is not None


def _arm(found: Expression) -> Arm:
    """The arm of an expression: a leading self:: step is its condition."""
    location = leaf_location(found)
    if location is None or not location.steps or location.steps[0].kind != "self":
        return Arm(None, found)
    condition, rest = location.steps[0], Location(False, location.steps[1:])
    if isinstance(found, (Presence, Template, Attributes)):
        return Arm(condition, found._replace(location=rest))
    return Arm(condition, rest)


def tested(rows: Sequence[Row]) -> set[str]:
    """The attributes of the node that arms ask for."""
    return {
        arm.condition.test[0]
        for row in rows for arm in row.every_arm()
        if arm.condition is not None and arm.condition.test is not None
    }


def attribute_of(row: Row) -> Optional[str]:
    """The attribute of the node that a row maps, if that is all it maps."""
    arms = row.every_arm()
    if not arms or not isinstance(arms[0].expression, Location):
        return None
    steps = arms[0].expression.steps
    return steps[0].name if len(steps) == 1 and steps[0].kind == "attribute" else None


def tag_of(row: Row) -> str:
    """The name of the element that a row's first arm is for, nothing where it is for any."""
    step = row.every_arm()[0].condition if row.every_arm() else None
    return step.name if step else ""


def leaf_location(found: Expression) -> Optional[Location]:
    """The path below the node that an expression reads, where it is one path."""
    if isinstance(found, Location):
        return found
    return found.location if isinstance(found, (Presence, Template, Attributes)) else None


def sections_read(arm: Arm, root: tuple[str, ...]) -> Optional[set[str]]:
    """The sections of a document that an arm of a table at a root reads.

    They are children and attributes (@pool) of the document's root, and for a node further down
    the path to it (devices/disk). None: it may be any.
    """
    found = arm.expression
    locations: list[Optional[Location]] = [leaf_location(found)]
    if isinstance(found, ClassName):
        locations = []
    elif isinstance(found, Template):
        locations = [_below(found.location, part) for part in found.parts
                     if not isinstance(part, (str, Call))]
    elif isinstance(found, Join):
        locations = [_below(HERE, ours) for _, ours in found.tests if not isinstance(ours, Call)]
    if arm.condition is not None and arm.condition.test is not None:
        locations.append(Location(False, (Step("attribute", arm.condition.test[0]),)))
    places = {None if each is None else _section(each, root) for each in locations}
    return None if None in places else {each for each in places if each}


def _below(start: Location, part: Any) -> Optional[Location]:
    """The path that a hole reads from a node; None where it counts what is around."""
    if not isinstance(part, Location):
        return None
    return part if part.absolute else Location(start.absolute, (*start.steps, *part.steps))


def _section(location: Location, root: tuple[str, ...]) -> Optional[str]:
    """The section of a document in which a path from a node at a root ends."""
    above, steps = root[1:], location.steps
    if location.absolute:
        above, steps = (), steps[1:] if steps[0].name == root[0] else ()
    while above and steps and steps[0].kind == "parent":
        above, steps = above[:-1], steps[1:]
    if above:
        return "/".join(above)
    mark = {"child": "", "attribute": "@"}.get(steps[0].kind) if steps else None
    return None if mark is None or steps[0].name == "*" else mark + steps[0].name


def default_of(row: Row) -> Optional[str]:
    """libvirt's own default of a discriminator, as text."""
    value: Any = row.declared.qualifier("Virt_Default")
    return None if value is None else str(value)


def initial(row: Row, class_name: str) -> Value:
    """The value of a constant row."""
    if row.name.lower() == "creationclassname":
        return class_name
    value = row.declared.value
    return list(value) if isinstance(value, list) else value
