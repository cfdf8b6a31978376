# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a query says, in WQL, DMTF:CQL (DSP0202) or DMTF:FQL (DSP0212), and how it is printed.

The languages share these values and one grammar, which is wql_parse.py's; what it means on an
instance is condition.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional, Union

import attrs

from .cim import Error, Status

THIS, CLASS = "__this", "__class"  # WMI's names of the instance itself and of its class


@attrs.frozen
class Language:
    """What one language differs in."""

    name: str
    escapes: bool = True  # whether \n is a line feed
    wildcards: bool = False  # LIKE's pattern; else it is a regular expression
    whole: bool = True  # whether LIKE's pattern describes all of a text
    lenient: bool = False  # whether '2' may stand for 2 and 'TRUE' for TRUE


WQL = Language("WQL", escapes=False, wildcards=True, lenient=True)
CQL = Language("DMTF:CQL")
FQL = Language("DMTF:FQL", whole=False)
LANGUAGES = {"wql": WQL, "dmtf:cql": CQL, "cim:cql": CQL, "cql": CQL, "dmtf:fql": FQL}


def language(name: str, known: tuple[Language, ...]) -> Language:
    """The language of a name in any case, or CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED."""
    found = LANGUAGES.get(name.lower())
    if found not in known or found is None:
        names = ", ".join(each.name for each in known)
        raise Error(Status.QUERY_LANGUAGE_NOT_SUPPORTED,
                    f"{name[:40]!r} is not a query language that is supported here: {names}")
    return found


# what a query says

@attrs.frozen
class Step:
    """A property of what the steps before it led to; `scope` is the class that it is asked of."""

    name: str
    scope: str = ""
    index: Optional[int] = None  # an array's element; -1 is all: [*]

    def __str__(self) -> str:
        index = "" if self.index is None else "[*]" if self.index < 0 else f"[{self.index}]"
        return (f"{self.scope}::" if self.scope else "") + self.name + index


@attrs.frozen
class Term:
    """A property, from the instance onwards; with no steps, the instance itself."""

    steps: tuple[Step, ...]
    position: int = attrs.field(default=0, eq=False)

    def __str__(self) -> str:
        return ".".join(map(str, self.steps)) or THIS


@attrs.frozen
class Literal:
    """A value: str, int, float, bool, None, or a tuple of them."""

    value: Any

    def __str__(self) -> str:
        return _spelled(self.value)


Operand = Union[Term, Literal]


@attrs.frozen
class Compare:
    """Two operands and a sign; for ANY or EVERY element of the left one."""

    left: Operand
    sign: str  # = <> < <= > >=
    right: Operand
    quantifier: str = ""

    def __str__(self) -> str:
        return f"{self.quantifier} {self.left} {self.sign} {self.right}".lstrip()


@attrs.frozen
class Like:
    """Whether a text is like a pattern."""

    left: Operand
    pattern: str
    quantifier: str = ""

    def __str__(self) -> str:
        return f"{self.quantifier} {self.left} LIKE {_spelled(self.pattern)}".lstrip()


@attrs.frozen
class IsNull:
    """Whether an operand is NULL."""

    operand: Operand

    def __str__(self) -> str:
        return f"{self.operand} IS NULL"


@attrs.frozen
class Isa:
    """Whether an instance, or what a reference names, is of a class or of one below it."""

    term: Term
    class_name: str

    def __str__(self) -> str:
        return f"{self.term} ISA {self.class_name}"


@attrs.frozen
class Not:
    """The contrary of a condition."""

    part: Condition

    def __str__(self) -> str:
        return f"NOT {_inner(self.part)}"


@attrs.frozen
class And:
    """All of several conditions."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " AND ".join(map(_inner, self.parts))


@attrs.frozen
class Or:
    """One of several conditions."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_inner, self.parts))


Condition = Union[Compare, Like, IsNull, Isa, Not, And, Or]


@attrs.frozen
class Query:
    """A query: the class, the properties asked for (None: all), and the condition if any."""

    class_name: str
    properties: Optional[tuple[Term, ...]] = None
    condition: Optional[Condition] = None

    def __str__(self) -> str:
        what = "*" if self.properties is None else ", ".join(map(str, self.properties))
        where = "" if self.condition is None else f" WHERE {self.condition}"
        return f"SELECT {what} FROM {self.class_name}{where}"


def _inner(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, (And, Or)) else str(condition)


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(map(_spelled, value)) + "}"
    if value is None or isinstance(value, bool):
        return str(value or "NULL").upper() if value is not False else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def terms(condition: Optional[Condition]) -> Iterator[Term]:
    """Every property that a condition asks for."""
    if isinstance(condition, (And, Or)):
        for part in condition.parts:
            yield from terms(part)
    elif isinstance(condition, Not):
        yield from terms(condition.part)
    elif condition is not None:
        for each in attrs.astuple(condition, recurse=False):
            if isinstance(each, Term):
                yield each
