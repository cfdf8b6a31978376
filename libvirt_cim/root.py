# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the instances of a class stand: the path of an element, with tests on the way there.

    /domain[@id]/devices/interface/source[@network]      /filter/rule[not(*)]
"""

from __future__ import annotations

import functools
import re
from typing import Optional

from .expression import NAME, Mistake, Test, qualified
from .tree import Element
from .walk import holds

EMPTY: Test = ("*", None)  # [not(*)]
_STEP = re.compile(
    rf"/(?P<name>{NAME}|\*)(?P<test>\[(?:(?P<empty>not\(\*\))"
    rf"|@(?P<attribute>{NAME})(?:='(?P<value>[^']*)')?)\])?"
)


class Root(tuple[str, ...]):
    """The names of the elements down to a node, and the tests that some of them must pass.

    The tests are those of the node, of its parent and so on, up to the last that there is.
    """

    tests: tuple[Optional[Test], ...] = ()

    @functools.cached_property
    def above(self) -> tuple[str, ...]:
        """The names down to the parent."""
        return tuple(self[:-1])

    @functools.cached_property
    def last(self) -> str:
        """The node's own name."""
        return self[-1]

    @functools.cached_property
    def some(self) -> bool:
        """Whether not every element at the end of it is meant."""
        return bool(self.tests) or self[-1] == "*"


def parse_root(text: str) -> Root:
    """The root that a class's mapping string means, such as /domain/devices/disk."""
    steps = list(_STEP.finditer(text))
    if not steps or "".join(step[0] for step in steps) != text or steps[0]["name"] == "*":
        raise Mistake(f"{text!r} is not the path of an element")
    found = Root(qualified(step["name"]) for step in steps)
    tests = [_test(step) for step in steps]
    while tests and tests[0] is None:
        del tests[0]
    found.tests = tuple(reversed(tests))
    return found


def _test(step: re.Match[str]) -> Optional[Test]:
    if not step["test"]:
        return None
    return EMPTY if step["empty"] else (qualified(step["attribute"]), step["value"])


def standing(elements: list[Element], root: Root) -> list[Element]:
    """Those of the elements at the end of a root that pass its tests, as those above them do."""
    name, value = root.tests[0] or EMPTY
    if len(root.tests) == 1 and value is not None:  # as mostly
        return [each for each in elements if each.get(name) == value]
    return [each for each in elements if _stands(each, root)]


def _stands(element: Element, root: Root) -> bool:
    for level, test in enumerate(root.tests):
        if level:
            element = element.getparent()
        if test is EMPTY:
            if next(element.iterchildren("*"), None) is not None:
                return False
        elif not holds(element, test):
            return False
    return True
