# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of a query or a condition, in any of the languages: one grammar for all.

    query     = SELECT ( * | term { , term } ) FROM class [ [ AS ] alias ] [ WHERE condition ]
    condition = all { OR all }                all = one { AND one }
    one       = NOT one | ( condition ) | operand IS [ NOT ] NULL | term ISA class
              | [ ANY | EVERY ] operand ( sign operand | [ NOT ] LIKE string )
    operand   = term | string | number | TRUE | FALSE | NULL | { literal, … }
    term      = step { . step }               step = [ class :: ] name [ [ number | * ] ]

FQL is a condition alone. In CQL and FQL a backslash escapes as in DSP0202 (a line feed, a code
point); in WQL it stands for the character behind it. LIKE has WQL's wildcards, or else regular
expressions. A term may have the class's name or its alias before it.
"""

from __future__ import annotations

from typing import Any, Optional

from .wql import (
    FQL,
    THIS,
    WQL,
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
    Query,
    Step,
    Term,
)
from .wql_words import RESERVED, UNSUPPORTED, VALUES, Words

DEEPEST = 60  # of what is in parentheses or negated
SIGNS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_AFTER_NAMES = (".", ",", "::", "[", "from")


def parse(text: str, language: Language = WQL) -> Query:
    """The query that a text is; else CIM_ERR_INVALID_QUERY, telling where."""
    return _Parser(text, language).query()


def parse_condition(text: str, language: Language = FQL) -> Condition:
    """The condition that a text is; else CIM_ERR_INVALID_QUERY, telling where."""
    return _Parser(text, language).only_condition()


class _Parser(Words):
    def __init__(self, text: str, language: Language) -> None:
        super().__init__(text, language)
        self.own: tuple[str, ...] = ()  # what may be before a term: the class and its alias
        self.depth = 0

    def query(self) -> Query:
        self.need("select")
        after = self.tokens[self.at + 1:self.at + 2]
        if self.has("distinct", "first") and after and after[0].text.lower() not in _AFTER_NAMES:
            self.expected("a property")
        start = self.at
        self._terms()
        self.need("from")
        class_name = self.name("a class")
        alias = self._alias()
        self.own = tuple(each.lower() for each in (class_name, alias) if each)
        end, self.at = self.at, start
        properties = self._terms()  # again, now that it is known what may be before them
        self.at = end
        condition = self._condition() if self.take("where") else None
        self._end()
        return Query(class_name, properties, condition)

    def only_condition(self) -> Condition:
        found = self._condition()
        self._end()
        return found

    def _end(self) -> None:
        if self.tokens[self.at].kind != "end":
            self.expected("the end")

    def _alias(self) -> str:
        if self.has(*RESERVED - {"as"}, *UNSUPPORTED):
            return ""
        return self.name("an alias") if self.take("as") else self.kind("word")

    def _terms(self) -> Optional[tuple[Term, ...]]:
        if self.take("*"):
            return None
        found = [self._selected()]
        while self.take(","):
            found.append(self._selected())
        return None if any(not each.steps for each in found) else tuple(found)

    def _selected(self) -> Term:
        if [each.text for each in self.tokens[self.at + 1:self.at + 3]] == [".", "*"]:  # class.*
            position = self.tokens[self.at].position
            self.at += 3
            return Term((), position)
        return self._term()

    def _condition(self) -> Condition:
        parts = [self._all()]
        while self.take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self.take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            self.wrong(self.tokens[self.at].position, "it is nested too deeply")
        found: Condition
        if self.take("not"):
            found = Not(self._one())
        elif self.take("("):
            found = self._condition()
            self.need(")")
        else:
            found = self._comparison()
        self.depth -= 1
        return found

    def _comparison(self) -> Condition:
        quantifier = self.take("any", "every").upper()
        left = self._operand()
        if not quantifier and self.take("is"):
            negated = self.take("not")
            self.need("null")
            return Not(IsNull(left)) if negated else IsNull(left)
        if not quantifier and isinstance(left, Term) and self.take("isa"):
            return Isa(left, self._class())
        negated = self.take("not")
        if negated or self.has("like"):
            self.need("like")
            like = Like(left, self._pattern(), quantifier)
            return Not(like) if negated else like
        sign = SIGNS.get(self.take(*SIGNS)) or self.expected("a comparison")
        return Compare(left, sign, self._operand(), quantifier)

    def _class(self) -> str:
        if self.tokens[self.at].kind == "string":  # as in WQL
            return self.unquoted(self.kind("string"))
        return self.name("a class")

    def _pattern(self) -> str:
        text = self.kind("string") or self.expected("a string")
        return self.unquoted(text)

    def _operand(self) -> Operand:
        token = self.tokens[self.at]
        if self.take("{"):
            values: list[Any] = []
            while not self.take("}"):
                if values:
                    self.need(",")
                values.append(self.literal())
            return Literal(tuple(values))
        if token.kind in ("string", "number") or self.has(*VALUES):
            return Literal(self.literal())
        return self._term()

    def _term(self) -> Term:
        position = self.tokens[self.at].position
        steps = [self._step()]
        while self.take("."):
            steps.append(self._step())
        first = steps[0]
        if not first.scope and first.index is None and first.name.lower() in (*self.own, THIS):
            del steps[0]
        return Term(tuple(steps), position)

    def _step(self) -> Step:
        name, scope = self.name("a property"), ""
        if self.take("::"):
            name, scope = self.name("a property"), name
        if not self.take("["):
            return Step(name, scope)
        index = -1 if self.take("*") else self._index()
        self.need("]")
        return Step(name, scope, index)

    def _index(self) -> int:
        position = self.tokens[self.at].position
        found = self.number(self.kind("number") or self.expected("a number or *"), position)
        if not isinstance(found, int) or found < 0:
            self.wrong(position, f"{found} is no index")
        return found
