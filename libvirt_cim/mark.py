# SPDX-License-Identifier: LGPL-2.1-or-later
"""Marks: which leaves of a document rows take, where a walk cannot see it for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Callable, NamedTuple, Optional

from .expression import Step, Test
from .leaf import Steps, at
from .tree import Element

Leaf = Optional[str]  # an attribute's name, or None: the text
Exact = Optional[Callable[[str], bool]]  # whether a text would be written again; None: always
HARD: Set[str] = frozenset()  # no soft attributes
ITSELF = "()"  # taken where a row is there for the element as such


class Mark:
    """What is known of an element before the walk comes to it: the leaves that are taken.

    An attribute is soft, and goes with its element, if all ways to the element assert it.
    """

    __slots__ = ("taken", "soft", "stays")

    def __init__(self) -> None:
        self.taken: set[Leaf] = set()
        self.stays = False  # an empty one, if nothing else
        self.soft: Optional[Set[str]] = None  # None: as the way that the walk comes by has it


Marks = dict[Element, Mark]
GONE = Mark()  # of an element that goes with all it holds
SHELL = Mark()  # of one that goes so, and leaves an empty one where it was
Action = Callable[[Element, Marks], bool]  # whether something was taken


class Taker(NamedTuple):
    """What one row takes: the elements down to it, and the leaf there, or what marks more.

    With neither it takes the element, if nothing else is left in it.
    """

    steps: Steps
    leaf: Optional[tuple[Leaf, Exact]] = None
    action: Optional[Action] = None


def note(marks: Marks, element: Element, leaf: Leaf, steps: Sequence[Step] = ()) -> None:
    """Note that a leaf is taken, and that the walk has to come by the elements above it."""
    _mark(marks, element).taken.add(leaf)
    for step in reversed(steps):
        if step.kind == "parent":
            return
        mark, own = _mark(marks, element), asserted(step.test)
        mark.soft = own if mark.soft is None else mark.soft & own
        element = element.getparent()


def _mark(marks: Marks, element: Element) -> Mark:
    return marks.setdefault(element, Mark())


def remove(marks: Marks, element: Element) -> None:
    """Note that an element goes with all it holds."""
    marks[element] = GONE
    parent = element.getparent()
    while parent is not None and parent not in marks:
        _mark(marks, parent)
        parent = parent.getparent()


def keep(marks: Marks, element: Element, name: str) -> None:
    """Note that the element of a name that a node is, or is in, keeps its place among others."""
    while element is not None and element.tag != name:
        element = element.getparent()
    if element is not None and marks.get(element) is GONE:
        marks[element] = SHELL
    elif element is not None:
        _mark(marks, element).stays = True


def mark_all(takers: Iterable[Taker], base: Element, marks: Marks,
             above: Sequence[Step] = ()) -> None:
    """Mark what takers take below an element to which the walk comes in another way.

    `above` are the steps from where the other way parts.
    """
    for taker in takers:
        element = at(base, taker.steps)
        if element is None or marks.get(element) in (GONE, SHELL):
            continue
        if taker.leaf is not None:
            leaf, exact = taker.leaf
            text = element.get(leaf) if leaf else element.text or ""
            took = text is not None and (exact is None or exact(text))
        elif taker.action is not None:
            leaf, took = ITSELF, taker.action(element, marks)
        else:
            leaf, took = ITSELF, hollow(element, asserted(taker.steps[-1].test))
        if took:
            note(marks, element, leaf, (*above, *taker.steps))


def asserted(test: Optional[Test]) -> Set[str]:
    """The attribute that a test asserts, as the soft attributes of its element."""
    return HARD if test is None or test[1] is None else {test[0]}


def hollow(element: Element, soft: Set[str] = HARD) -> bool:
    """Whether nothing is in an element but attributes that a test asked for."""
    if len(element) or (element.text or "").strip():
        return False
    return not element.attrib or soft >= set(element.keys())
