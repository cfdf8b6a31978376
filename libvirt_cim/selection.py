# SPDX-License-Identifier: LGPL-2.1-or-later
"""A query, or the filter of an enumeration, on the classes of a schema: what it reads and keeps.

Knows the schema and instances; what reads them is query.py's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Callable, Optional

import attrs

from . import condition, wql
from .cim import Class, Error, Instance, Status, Value
from .schema import Schema
from .table import REST, Table
from .wql import CQL, FQL, WQL, And, Compare, Condition, Language, Literal, Term
from .wql_parse import parse, parse_condition


class Filter:
    """The condition of an enumeration: FQL, or CQL without SELECT.

    A property that an instance's class does not have is NULL (DSP0212).
    """

    def __init__(self, schema: Schema, language: str, text: str) -> None:
        self.language = wql.language(language, (FQL, CQL))
        self._schema = schema
        self.condition: Optional[Condition] = parse_condition(text, self.language)
        self.fits = condition.test(self.condition, self.language, schema)

    def reads(self, asked: Optional[Collection[str]]) -> Optional[list[str]]:
        """The properties of a list and those that the condition asks for; None is all."""
        return _with(self._schema.tables.values, asked, _first_names(wql.terms(self.condition)))


class Selection:
    """A query of WQL or CQL (ExecQuery).

    What is wrong in it is CIM_ERR_INVALID_QUERY, also a class or property that is not declared;
    what CQL has and this has not is CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED.
    """

    def __init__(self, schema: Schema, language: str, text: str) -> None:
        self.language = wql.language(language, (WQL, CQL))
        self.query = parse(text, self.language)
        self._schema = schema
        if self.query.class_name not in schema:
            raise _invalid(self.language, f"class {self.query.class_name} is not declared")
        self._check_names()
        where = self.query.condition
        self.fits = (lambda instance: True) if where is None else \
            condition.test(where, self.language, schema)

    def _check_names(self) -> None:
        name = self._schema.name(self.query.class_name)
        known = {each.lower() for each in self._schema.resolved(name).properties}
        for below in self._schema.children(name, True):
            known |= {each.lower() for each in self._schema.declared[below].properties}
        for term in [*(self.query.properties or ()), *wql.terms(self.query.condition)]:
            if term.steps and term.steps[0].name.lower() not in known | {wql.CLASS}:
                raise _invalid(self.language, f"character {term.position + 1}: {name} has no "
                               f"property {term.steps[0].name}")
        for term in self.query.properties or ():
            if len(term.steps) > 1 or term.steps[0].index is not None:
                raise Error(Status.QUERY_FEATURE_NOT_SUPPORTED, f"{self.language.name}: character "
                            f"{term.position + 1}: {term} cannot be selected, only what it is of")

    @property
    def selected(self) -> Optional[list[str]]:
        """The properties that are asked for; None is all."""
        terms = self.query.properties
        return None if terms is None else _first_names(terms)

    @property
    def reads(self) -> Optional[list[str]]:
        """The properties that are asked for or tested; None is all."""
        tested = _first_names(wql.terms(self.query.condition))
        return _with(self._tables, self.selected, tested)

    def _tables(self) -> list[Table]:
        return self._schema.below(self._schema.name(self.query.class_name))

    @property
    def fixed(self) -> dict[str, Value]:
        """The properties that an instance must have exactly one text of to fit."""
        return dict(_fixed(self.query.condition))

    @property
    def result_class(self) -> Class:
        """The class of what is found: the class asked, with the properties asked for."""
        class_ = self._schema.resolved(self.query.class_name)
        if self.selected is None:
            return class_
        names = {each.lower() for each in self.selected}
        return attrs.evolve(class_, properties={
            name: row for name, row in class_.properties.items() if name.lower() in names})


def trimmed(instance: Instance, names: Optional[Collection[str]]) -> Instance:
    """The instance with the properties of those names only, in any case; None is all."""
    if names is not None:
        kept = {name.lower() for name in names}
        instance.properties = {name: value for name, value in instance.properties.items()
                               if name.lower() in kept}
    return instance


def _with(tables: Callable[[], Iterable[Table]], asked: Optional[Collection[str]],
          tested: list[str]) -> Optional[list[str]]:
    """What is to be read; all of it does not have the rest, so if that is tested, all is named."""
    if asked is not None:
        return [*asked, *tested]
    if REST.lower() not in (each.lower() for each in tested):
        return None
    return [name for table in tables() for name in table.names]


def _first_names(terms: Iterable[Term]) -> list[str]:
    names = [term.steps[0].name for term in terms if term.steps]
    return list(dict.fromkeys(each for each in names if each.lower() != wql.CLASS))


def _fixed(found: Optional[Condition]) -> Iterable[tuple[str, Value]]:
    if isinstance(found, And):
        for part in found.parts:
            yield from _fixed(part)
    elif isinstance(found, Compare) and found.sign == "=" and not found.quantifier:
        for term, literal in ((found.left, found.right), (found.right, found.left)):
            if isinstance(term, Term) and isinstance(literal, Literal) \
                    and isinstance(literal.value, str) and len(term.steps) == 1 \
                    and term.steps[0].index is None and term.steps[0].name.lower() != wql.CLASS:
                yield term.steps[0].name, literal.value


def _invalid(language: Language, what: str) -> Error:
    return Error(Status.INVALID_QUERY, f"{language.name}: {what}")
