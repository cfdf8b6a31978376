# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must hold of several properties together: a condition in FQL that a change may not break."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

from . import condition, wql
from .cim import Class, Instance, Value
from .wql_parse import parse_condition


class Constraint(NamedTuple):
    """A condition, the properties that it begins at, and whether an instance fits it."""

    names: tuple[str, ...]
    fits: condition.Test

    def broken(self, before: Mapping[str, Value], after: Mapping[str, Value]) -> bool:
        """Whether a change of one of the properties leaves something that does not fit."""
        changed = any(before.get(name) != after.get(name) for name in self.names)
        return changed and not self.fits(Instance("", dict(after)))


class _NoClasses:
    """A constraint is of plain values: it looks at no class."""

    def __contains__(self, class_name: str) -> bool:
        return False

    def is_a(self, name: str, ancestor: str) -> bool:
        """No."""
        return False

    def resolved(self, class_name: str) -> Class:
        """None is known."""
        raise KeyError(class_name)


@functools.cache
def constraint(text: str) -> Constraint:
    """The constraint that a text is; else CIM_ERR_INVALID_QUERY, telling where."""
    found = parse_condition(text)
    names = tuple(dict.fromkeys(
        step.name for term in wql.terms(found) for step in term.steps[:1]))
    return Constraint(names, condition.test(found, wql.FQL, _NoClasses()))
