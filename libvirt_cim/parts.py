# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that are parts of one: a server may ask for each class of an answer by itself.

Who takes such calls says which belong together (`part`), and when something was changed. What was
read for one part is there for the next, which comes at once, so that all are of one time.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Callable, Generic, NamedTuple, Optional, TypeVar

T = TypeVar("T")
SOON = 0.05  # seconds from the end of a part to the beginning of the next
_COUNT = itertools.count(1)
_changes = 0


class Whole(NamedTuple):
    """What was read for the parts so far, which these are, and when the last of them ended."""

    read: Any
    changes: int
    parts: frozenset[Hashable]
    ended: float

    def goes_on(self, name: Hashable) -> bool:
        """Whether a part that begins now is the next one."""
        return self.changes == _changes and name not in self.parts \
            and time.monotonic() < self.ended + SOON


class Part:
    """One call: of which whole, and what tells it from the other parts."""

    def __init__(self, whole: Hashable, name: Hashable) -> None:
        self.whole, self.name = whole, name
        self.ends: list[Callable[[], None]] = []


_PART: ContextVar[Optional[Part]] = ContextVar("part", default=None)


@contextmanager
def part(whole: Hashable, name: Hashable) -> Iterator[None]:
    """What is done inside is that part of a whole."""
    mine = Part(whole, name)
    token = _PART.set(mine)
    try:
        yield
    finally:
        _PART.reset(token)
        for end in mine.ends:
            end()


def changed() -> None:
    """Something was written: what was read before is not read again."""
    global _changes
    _changes = next(_COUNT)


class Shared(Generic[T]):
    """What is made for each call, but once for the parts of a whole, one after another.

    A part that comes again begins another whole, as does one that does not come soon. `make` is
    told whether other parts may follow.
    """

    def __init__(self, make: Callable[[bool], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._wholes: dict[Hashable, Whole] = {}

    def __call__(self) -> T:
        """It, for the call that is answered in this thread; no other call has it meanwhile."""
        mine = _PART.get()
        if mine is None:
            return self._make(False)
        with self._lock:
            whole = self._wholes.pop(mine.whole, None)
        if whole is None or not whole.goes_on(mine.name):
            whole = Whole(None, _changes, frozenset(), 0)
            whole = whole._replace(read=self._make(True))
        read: T = whole.read
        mine.ends.append(lambda: self._keep(mine.whole, whole._replace(
            parts=whole.parts | {mine.name}, ended=time.monotonic())))
        return read

    def _keep(self, name: Hashable, whole: Whole) -> None:
        with self._lock:
            self._wholes = {key: each for key, each in self._wholes.items()
                            if whole.ended < each.ended + SOON}
            self._wholes[name] = whole
