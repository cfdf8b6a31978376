# SPDX-License-Identifier: LGPL-2.1-or-later
"""Patterns of LIKE: WQL's wildcards, and the regular expressions of DSP1001 for CQL and FQL.

A pattern becomes an automaton of which all states are followed at once, so that no pattern and
no text takes longer than their lengths multiplied. Knows neither queries nor instances.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Callable, Optional, Union

from .cim import Error, Status

Test = Union[Callable[[str], bool], str]  # of a character, or a place: "^" or "$"
Item = Callable[["Automaton", int], int]  # adds what it is before a state, and says where it begins

MOST_STATES = 5000
DEEPEST = 50
END = 0  # the state that accepts


class Automaton:
    """States, each with what it asks for and those that follow it; 0 accepts."""

    def __init__(self) -> None:
        self.tests: list[Optional[Test]] = [None]
        self.next: list[list[int]] = [[]]

    def add(self, test: Optional[Test], following: Iterable[int]) -> int:
        """A new state's number; a pattern that needs too many is CIM_ERR_INVALID_QUERY."""
        if len(self.tests) >= MOST_STATES:
            raise _wrong("it is too long")
        self.tests.append(test)
        self.next.append(list(following))
        return len(self.tests) - 1

    def reached(self, starts: Iterable[int], first: bool, last: bool) -> set[int]:
        """The states that are reached with no further character."""
        found: set[int] = set()
        todo = list(starts)
        while todo:
            state = todo.pop()
            if state in found:
                continue
            found.add(state)
            test = self.tests[state]
            if test is None or (test == "^" and first) or (test == "$" and last):
                todo += self.next[state]
        return found


def matcher(pattern: str, wildcards: bool, whole: bool) -> Callable[[str], bool]:
    """Whether a text is like a pattern: of wildcards, or else a regular expression.

    `whole` has the pattern describe all of the text, as WQL and CQL do, not some part of it.
    """
    automaton = Automaton()
    item = _wildcards(pattern) if wildcards else _Expression(pattern).whole()
    start = item(automaton, END)

    def matches(text: str) -> bool:
        states = automaton.reached([start], True, not text)
        for position, character in enumerate(text, 1):
            if not whole and END in states:
                return True
            following = [each for state in states for each in automaton.next[state]
                         if _fits(automaton.tests[state], character)]
            if not whole:
                following.append(start)
            if not following:
                return False
            states = automaton.reached(following, False, position == len(text))
        return END in states

    return matches


def _fits(test: Optional[Test], character: str) -> bool:
    return callable(test) and test(character)


def _wrong(what: str) -> Error:
    return Error(Status.INVALID_QUERY, f"the pattern of LIKE: {what}")


# what patterns consist of

def _one(test: Callable[[str], bool]) -> Item:
    return lambda automaton, end: automaton.add(test, [end])


def _character(wanted: str) -> Item:
    return _one(lambda character: character == wanted)


_ANY = _one(lambda character: True)


def _place(name: str) -> Item:
    return lambda automaton, end: automaton.add(name, [end])


def _sequence(items: Sequence[Item]) -> Item:
    def add(automaton: Automaton, end: int) -> int:
        for item in reversed(items):
            end = item(automaton, end)
        return end

    return add


def _choice(items: Sequence[Item]) -> Item:
    return lambda automaton, end: automaton.add(None, [item(automaton, end) for item in items])


def _repeated(item: Item) -> Item:
    def add(automaton: Automaton, end: int) -> int:
        again = automaton.add(None, [end])
        automaton.next[again].append(item(automaton, again))
        return again

    return add


def _times(item: Item, least: int, most: Optional[int]) -> Item:
    if max(least, most or 0) > MOST_STATES:
        raise _wrong("it is too long")
    if most is None:
        return _sequence([item] * least + [_repeated(item)])
    if most < least:
        raise _wrong(f"{{{least},{most}}} is no number of times")
    maybe: Item = _choice([item, _sequence([])])
    return _sequence([item] * least + [maybe] * (most - least))


def _set(text: str, negated: bool) -> Item:
    """One of the characters of a set; a-z are all between them."""
    single, ranges, position = set(), [], 0
    while position < len(text):
        if text[position + 1:position + 2] == "-" and position + 2 < len(text):
            ranges.append((text[position], text[position + 2]))
            position += 3
        else:
            single.add(text[position])
            position += 1
    return _one(lambda character: negated != (
        character in single or any(low <= character <= high for low, high in ranges)))


# the two ways to spell them

def _wildcards(pattern: str) -> Item:
    """WQL: % is any text, _ any character, [a-f] and [^a-f] one of a set."""
    items, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        closing = pattern.find("]", position + 2) if character == "[" else -1
        if closing > 0:
            inside = pattern[position + 1:closing]
            negated = len(inside) > 1 and inside[0] == "^"
            items.append(_set(inside[negated:], negated))
            position = closing
        elif character in "%_":
            items.append(_ANY if character == "_" else _repeated(_ANY))
        else:
            items.append(_character(character))
        position += 1
    return _sequence(items)


class _Expression:
    """The regular expressions of DSP1001: . [] []^ ^ $ * + ? {n,m} | ( ) and the escape \\."""

    def __init__(self, text: str) -> None:
        self.text, self.position, self.depth = text, 0, 0

    def whole(self) -> Item:
        """All of it."""
        found = self._choice()
        if self.position < len(self.text):
            raise _wrong(f"{self.text[self.position]!r} closes nothing")
        return found

    def _peek(self) -> str:
        return self.text[self.position:self.position + 1]

    def _take(self) -> str:
        taken = self._peek()
        if not taken:
            raise _wrong("it ends too early")
        self.position += 1
        return taken

    def _choice(self) -> Item:
        items = [self._sequence()]
        while self._peek() == "|":
            self._take()
            items.append(self._sequence())
        return items[0] if len(items) == 1 else _choice(items)

    def _sequence(self) -> Item:
        items = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._multiplied(self._single()))
        return _sequence(items)

    def _single(self) -> Item:
        taken = self._take()
        if taken == "(":
            return self._group()
        if taken == "[":
            return self._class()
        if taken in "*+?{":
            raise _wrong(f"{taken!r} repeats nothing")
        if taken in "^$":
            return _place(taken)
        return _ANY if taken == "." else _character(self._take() if taken == "\\" else taken)

    def _group(self) -> Item:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _wrong("it is nested too deeply")
        found = self._choice()
        if self._take() != ")":
            raise _wrong("( is not closed")
        self.depth -= 1
        return found

    def _class(self) -> Item:
        inside, negated = "", self._peek() == "^"
        if negated:
            self._take()
        while self._peek() != "]":
            taken = self._take()
            inside += self._take() if taken == "\\" else taken
        self._take()
        if self._peek() == "^":  # DSP1001 has it behind
            self._take()
            negated = not negated
        return _set(inside, negated)

    def _multiplied(self, item: Item) -> Item:
        sign = self._peek()
        if sign not in ("*", "+", "?", "{"):
            return item
        self._take()
        if sign == "{":
            return _times(item, *self._numbers())
        return _times(item, int(sign == "+"), 1 if sign == "?" else None)

    def _numbers(self) -> tuple[int, Optional[int]]:
        inside = ""
        while self._peek() != "}":
            inside += self._take()
        self._take()
        low, comma, high = inside.partition(",")
        for each in (low, high):
            if not (each.isascii() and each.isdigit() and len(each) < 6) and (each or not low):
                raise _wrong(f"{{{inside}}} is no number of times")
        return int(low), (int(high) if high else None) if comma else int(low)
