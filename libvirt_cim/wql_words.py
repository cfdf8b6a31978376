# SPDX-License-Identifier: LGPL-2.1-or-later
"""The words of a query: names, signs, strings and numbers, and what is said of a wrong one.

Knows where each stands, and nothing of what they say together.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple, NoReturn, Union

from .cim import Error, Status
from .wql import Language

LONGEST = 64 * 1024  # characters of a query
RESERVED = frozenset(
    "select from where and or not is null like isa true false any every as".split())
UNSUPPORTED = frozenset("order group having distinct first within".split())  # CQL has them
VALUES = {"true": True, "false": False, "null": None}
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_ESCAPE = re.compile(r"\\(?:[uUxX]([0-9A-Fa-f]{4,6})|(.))", re.DOTALL)
_TOKEN = re.compile(r"""
    (?P<blank>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<number>[+-]?(?:0[xX][0-9A-Fa-f]+\b|[01]+[bB]\b
                      |(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))
  | (?P<word>[^\W\d]\w*)
  | (?P<sign>::|<>|!=|<=|>=|[=<>(),.\[\]{}*])
""", re.VERBOSE | re.DOTALL)


class Token(NamedTuple):
    """A word of a query, and where it stands."""

    kind: str
    text: str
    position: int


class Words:
    """The words of a query, read one after the other."""

    def __init__(self, text: str, language: Language) -> None:
        self.language = language
        self.at = 0
        self.tokens = self._tokens(text)

    def _tokens(self, text: str) -> list[Token]:
        if len(text) > LONGEST:
            self.wrong(LONGEST, f"it is longer than {LONGEST} characters")
        found, position = [], 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                what = "a string is not closed" if text[position] in "'\"" else \
                    f"{text[position]!r} means nothing"
                self.wrong(position, what)
            kind = match.lastgroup or ""
            if kind != "blank":
                found.append(Token(kind, match[0], position))
            position = match.end()
        return [*found, Token("end", "the end", len(text))]

    # what comes next

    def wrong(self, position: int, what: str, status: int = Status.INVALID_QUERY) -> NoReturn:
        """Refuse the query, telling where and why."""
        raise Error(status, f"{self.language.name}: character {position + 1}: {what}")

    def expected(self, what: str) -> NoReturn:
        """Refuse the next word."""
        token = self.tokens[self.at]
        if token.text.lower() in UNSUPPORTED:
            self.wrong(token.position, f"{token.text.upper()} is not supported",
                        Status.QUERY_FEATURE_NOT_SUPPORTED)
        self.wrong(token.position, f"expected {what}, not {token.text[:40]}")

    def has(self, *texts: str) -> bool:
        """Whether the next word or sign is one of these."""
        token = self.tokens[self.at]
        return token.kind in ("word", "sign") and token.text.lower() in texts

    def take(self, *texts: str) -> str:
        """The next word or sign in lower case if it is one of these, else nothing."""
        if not self.has(*texts):
            return ""
        self.at += 1
        return self.tokens[self.at - 1].text.lower()

    def need(self, text: str) -> None:
        """Read a word that must come next."""
        if not self.take(text):
            self.expected(text.upper())

    def kind(self, kind: str) -> str:
        """The text of the next token if it is of that kind, else nothing."""
        token = self.tokens[self.at]
        if token.kind != kind:
            return ""
        self.at += 1
        return token.text

    def name(self, what: str) -> str:
        """The next word, which must be a name."""
        if self.has(*RESERVED):
            self.expected(what)
        return self.kind("word") or self.expected(what)

    # values

    def literal(self) -> Any:
        """The next value, which must be one."""
        token = self.tokens[self.at]
        if token.kind == "string":
            return self.unquoted(self.kind("string"))
        if token.kind == "number":
            return self.number(self.kind("number"), token.position)
        word = self.take(*VALUES) or self.expected("a value")
        return VALUES[word]

    def number(self, text: str, position: int) -> Union[int, float]:
        """The number that a text is: decimal, 0x1F or 101B."""
        low = text.lower()
        try:
            if len(text) > 100:
                raise ValueError
            if "x" in low:
                return int(low, 16)
            if low.endswith("b"):
                return int(low[:-1], 2)
            if not set(low) & set(".e"):
                return int(low)
            value = float(low)
            if math.isfinite(value):
                return value
        except ValueError:
            pass
        self.wrong(position, "the number is too large")

    def unquoted(self, text: str) -> str:
        """A string without its quotes and escapes."""
        def replaced(match: re.Match[str]) -> str:
            if match[1] and self.language.escapes:
                code = int(match[1], 16)
                return chr(code) if code <= 0x10FFFF else match[0]
            if not match[2]:
                return match[0][1:]
            escapes = _ESCAPES if self.language.escapes else {}
            return escapes.get(match[2], match[2])

        return _ESCAPE.sub(replaced, text[1:-1])
