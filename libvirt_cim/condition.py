# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether an instance fits the condition of a query.

Texts are compared as they are, upper and lower case apart, in every language: libvirt's names
are like that, and a key in a query is a key. NULL equals NULL only; <> is the contrary of =; an
order, LIKE or ISA with NULL does not hold. Values of two types are not equal and have no order;
only in WQL may a string stand for a number or a boolean. A datetime is compared as the time or
interval that it is. Embedded instances and references are followed without reading anything.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Callable, Optional, Protocol

from . import like
from .cim import Class, Error, Instance, Path, Value, find, parse_path
from .wql import (
    CLASS,
    And,
    Compare,
    Condition,
    Isa,
    IsNull,
    Language,
    Like,
    Literal,
    Not,
    Operand,
    Or,
    Step,
    Term,
)

Test = Callable[[Instance], bool]
Read = Callable[[Instance], tuple[Value, str]]  # a value and its declared type, "" where unknown
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_TIME = re.compile(r"([0-9]{14})\.([0-9]{6})([+-])([0-9]{3})")
_INTERVAL = re.compile(r"([0-9]{8})([0-9]{2})([0-9]{2})([0-9]{2})\.([0-9]{6}):000")


class Classes(Protocol):
    """The declared classes, as far as conditions need them."""

    def __contains__(self, class_name: str) -> bool:
        """Whether a class is declared."""

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether a class is that class or below it."""

    def resolved(self, class_name: str) -> Class:
        """A class with all that it inherits."""


def test(condition: Condition, language: Language, classes: Classes) -> Test:
    """What tells whether an instance fits; a pattern that is none is CIM_ERR_INVALID_QUERY."""
    return _Compiler(language, classes).test(condition)


class _Compiler:
    def __init__(self, language: Language, classes: Classes) -> None:
        self.language, self.classes = language, classes

    def test(self, condition: Condition) -> Test:
        if isinstance(condition, (And, Or)):
            tests = [self.test(part) for part in condition.parts]
            if isinstance(condition, And):
                return lambda instance: all(each(instance) for each in tests)
            return lambda instance: any(each(instance) for each in tests)
        if isinstance(condition, Not):
            part = self.test(condition.part)
            return lambda instance: not part(instance)
        if isinstance(condition, Isa):
            return self._isa(condition)
        if isinstance(condition, IsNull):
            read = self._operand(condition.operand)
            return lambda instance: read(instance)[0] is None
        return self._like(condition) if isinstance(condition, Like) else self._compare(condition)

    def _isa(self, condition: Isa) -> Test:
        read, name = self._operand(condition.term), condition.class_name

        def test(instance: Instance) -> bool:
            value = read(instance)[0]
            return isinstance(value, (Instance, Path)) and self.classes.is_a(value.class_name, name)

        return test

    def _like(self, condition: Like) -> Test:
        matches = like.matcher(condition.pattern, self.language.wildcards, self.language.whole)
        return _quantified(self._operand(condition.left), condition.quantifier, lambda _: (
            lambda value, type_: isinstance(value, str) and matches(value)))

    def _compare(self, condition: Compare) -> Test:
        right, lenient = self._operand(condition.right), self.language.lenient

        def against(instance: Instance) -> Callable[[Value, str], bool]:
            other, other_type = right(instance)
            return lambda value, type_: compare(
                condition.sign, value, other, "datetime" in (type_, other_type), lenient)

        return _quantified(self._operand(condition.left), condition.quantifier, against)

    # what an operand is

    def _operand(self, operand: Operand) -> Read:
        if isinstance(operand, Literal):
            value = list(operand.value) if isinstance(operand.value, tuple) else operand.value
            return lambda instance: (value, "")
        return self._term(operand)

    def _term(self, term: Term) -> Read:
        def read(instance: Instance) -> tuple[Value, str]:
            value: Value = instance
            type_ = ""
            for step in term.steps:
                value, type_ = self._step(value, step)
            return value, type_

        return read

    def _step(self, value: Value, step: Step) -> tuple[Value, str]:
        """What a step leads to: a property, or the key of what a reference names."""
        if not isinstance(value, (Instance, Path)):
            return None, ""
        name = value.class_name
        if step.scope and not self.classes.is_a(name, step.scope):
            return None, ""
        if step.name.lower() == CLASS:
            return name, "string"
        values = value.properties if isinstance(value, Instance) else value.keys
        found = find(values, step.name)
        row = find(self.classes.resolved(name).properties, step.name) \
            if name in self.classes else None
        if step.index is not None and step.index >= 0:
            there = found if isinstance(found, list) else []
            found = there[step.index] if step.index < len(there) else None
        return found, row.type if row is not None else ""


def _quantified(
    read: Read, quantifier: str, against: Callable[[Instance], Callable[[Value, str], bool]]
) -> Test:
    """A test of a value, or of any or every element of it; of a NULL array no element fits."""
    def test(instance: Instance) -> bool:
        value, type_ = read(instance)
        holds = against(instance)
        if not quantifier:
            return holds(value, type_)
        elements: Sequence[Value] = value if isinstance(value, list) else [value]
        if quantifier == "ANY":
            return value is not None and any(holds(each, type_) for each in elements)
        return value is not None and all(holds(each, type_) for each in elements)

    return test


# comparing

def compare(sign: str, left: Value, right: Value, times: bool, lenient: bool) -> bool:
    """Whether two values compare as a sign says; `times` where one is declared a datetime."""
    if sign in ("=", "<>"):
        return _equal(left, right, times, lenient) == (sign == "=")
    if times:
        left, right = _moment(left), _moment(right)
    elif lenient:
        left, right = _lent(left, right), _lent(right, left)
    for kind in (str, (int, float), datetime, timedelta):
        if isinstance(left, kind) and isinstance(right, kind):
            return not isinstance(left, bool) and not isinstance(right, bool) \
                and _ORDER[sign](left, right)
    return False


def _equal(left: Value, right: Value, times: bool, lenient: bool) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            _equal(one, other, times, lenient) for one, other in zip(left, right))
    if isinstance(left, Path) or isinstance(right, Path):
        return bool(_named(left) == _named(right))
    if times:
        moments = _moment(left), _moment(right)
        return bool(left == right or (None not in moments and moments[0] == moments[1]))
    if lenient:
        left, right = _lent(left, right), _lent(right, left)
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _named(value: Value) -> Value:
    """The path that a text names, as a reference is compared with it."""
    try:
        return parse_path(value) if isinstance(value, str) else value
    except Error:
        return value


def _lent(value: Value, other: Value) -> Value:
    """A string as the number or boolean that it stands for beside one."""
    if not isinstance(value, str):
        return bool(value) if isinstance(other, bool) and value in (0, 1) else value
    if isinstance(other, bool):
        return {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(other, (int, float)) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _moment(value: Value) -> Optional[object]:
    """The time or the interval that a datetime is (DSP0004, 5.2.4); None if it is none."""
    try:
        time = _TIME.fullmatch(value)
        if time is not None:
            local = datetime.strptime(time[1] + time[2], "%Y%m%d%H%M%S%f")
            return local - timedelta(minutes=int(time[3] + time[4]))
        interval = _INTERVAL.fullmatch(value)
        if interval is not None:
            days, hours, minutes, seconds, micro = map(int, interval.groups())
            return timedelta(days, seconds, micro, minutes=minutes, hours=hours)
    except (TypeError, ValueError, OverflowError):
        pass
    return None
