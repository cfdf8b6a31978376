# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients have open of pulled enumerations (DSP0200 1.4, 5.3.2.24): whose, until when.

Knows iterators and principals; what is enumerated is session.py's.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional

import attrs

from .cim import Class, Error, Status, invalid

_LARGEST = 2**32 - 1


@attrs.frozen
class Limits:
    """What clients may have open, and for how long; times in seconds."""

    timeout: int = 300  # for a client that says none
    longest_timeout: int = 3600  # 0: any, also none
    for_each: int = 100  # enumerations that one principal has open
    in_all: int = 1000
    objects: int = 10000  # in one answer
    idle_pulls: int = 1000  # pulls of no object, one after the other


@attrs.frozen
class Part:
    """What Open and Pull answer: objects, and the context where there may be more to come."""

    items: list[Any]
    context: Optional[str]
    class_origin: bool = False  # whether Open asked for it, which holds for all parts
    result_class: Optional[Class] = None

    @property
    def end_of_sequence(self) -> bool:
        """Whether that was all."""
        return self.context is None


@attrs.define(eq=False)
class Opened:
    """One enumeration: whose it is, what it has yet to give, and when it expires."""

    kind: str
    principal: Optional[str]
    items: Iterator[Any]
    timeout: float  # 0: never
    class_origin: bool = False
    expires: float = 0.0
    idle: int = 0
    users: int = 0  # pulls that wait or run
    abandoned: bool = False
    ended: bool = False
    lock: Any = attrs.Factory(threading.Lock)  # one pull at a time

    def close(self) -> None:
        """Let go of what a generator holds."""
        close = getattr(self.items, "close", None)
        if close is not None:
            close()


class Contexts:
    """The enumerations that are open; any thread may use it. `clock` tells seconds."""

    def __init__(self, limits: Limits = Limits(),  # noqa: B008
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._open: dict[str, Opened] = {}
        self._lock = threading.Lock()
        self._shut = False

    def __len__(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """Close all; whoever opens or pulls from now on gets CIM_ERR_SERVER_IS_SHUTTING_DOWN."""
        with self._lock:
            self._shut = True
            found, self._open = list(self._open.values()), {}
        for each in found:
            self._abandon(each)

    def close_of(self, principal: Optional[str]) -> None:
        """Close all that one principal has open."""
        with self._lock:
            found = [key for key, each in self._open.items() if each.principal == principal]
            gone = [self._open.pop(key) for key in found]
        for each in gone:
            self._abandon(each)

    # what sessions do

    def timeout(self, asked: Optional[int]) -> int:
        """The seconds that an enumeration may be idle, or CIM_ERR_INVALID_OPERATION_TIMEOUT."""
        found = self.limits.timeout if asked is None else count("OperationTimeout", asked)
        longest = self.limits.longest_timeout
        if longest and not 0 < found <= longest:
            raise Error(Status.INVALID_OPERATION_TIMEOUT,
                        f"OperationTimeout is 1 to {longest} seconds")
        return found

    def check_room(self, principal: Optional[str]) -> None:
        """Refuse one more enumeration where that is too many, or the server is shutting down."""
        self._expire()
        with self._lock:
            self._check_room(principal)

    def _check_room(self, principal: Optional[str]) -> None:
        self._check_running()
        own = sum(each.principal == principal for each in self._open.values())
        if own >= self.limits.for_each or len(self._open) >= self.limits.in_all:
            raise Error(Status.SERVER_LIMITS_EXCEEDED, "too many enumerations are open")

    def _check_running(self) -> None:
        if self._shut:
            raise Error(Status.SERVER_IS_SHUTTING_DOWN, "the server is shutting down")

    def first(self, opened: Opened, most: int) -> Part:
        """The first part of a new enumeration."""
        context = secrets.token_hex(16)
        with self._lock:
            self._check_room(opened.principal)
            opened.users = 1
            self._open[context] = opened
        return self._part(context, opened, most)

    def next(self, context: str, kind: str, principal: Optional[str], most: int) -> Part:
        """The next part of an enumeration."""
        self._expire()
        with self._lock:
            opened = self._found(context, principal)
            if opened.kind != kind:
                raise _unknown(f"it gives {opened.kind}, not {kind}")
            opened.users += 1
        return self._part(context, opened, most)

    def drop(self, context: str, principal: Optional[str]) -> None:
        """Close an enumeration; a pull of it that runs is CIM_ERR_PULL_HAS_BEEN_ABANDONED."""
        self._expire()
        with self._lock:
            opened = self._found(context, principal)
            del self._open[context]
        self._abandon(opened)

    def _found(self, context: str, principal: Optional[str]) -> Opened:
        """An open enumeration of a principal; whether another has one is not told."""
        self._check_running()
        opened = self._open.get(context)
        if opened is None or opened.principal != principal:
            raise _unknown("it was closed, or never opened")
        return opened

    def _expire(self) -> None:
        with self._lock:
            now = self._clock()
            keys = [key for key, each in self._open.items()
                    if each.timeout and not each.users and each.expires <= now]
            gone = [self._open.pop(key) for key in keys]
        for each in gone:
            self._abandon(each)

    def _abandon(self, opened: Opened) -> None:
        """Close what was taken out; where a pull runs, that pull does it."""
        opened.abandoned = True
        if opened.lock.acquire(blocking=False):
            try:
                opened.close()
            finally:
                opened.lock.release()

    def _part(self, context: str, opened: Opened, most: int) -> Part:
        ended = True  # an error ends it too
        with opened.lock:
            try:
                items = self._pulled(opened, most)
                ended = len(items) < min(most, self.limits.objects)
            finally:
                opened.ended = ended
                with self._lock:
                    opened.users -= 1
                    opened.expires = self._clock() + opened.timeout
                    if ended:
                        self._open.pop(context, None)
                if ended:
                    opened.close()
        return Part(items, None if ended else context, opened.class_origin)

    def _pulled(self, opened: Opened, most: int) -> list[Any]:
        if opened.ended:
            raise _unknown("it has ended")
        opened.idle = 0 if most else opened.idle + 1
        if opened.idle > self.limits.idle_pulls:
            raise Error(Status.SERVER_LIMITS_EXCEEDED, "too many pulls asked for no objects")
        found: list[Any] = []
        for each in itertools.islice(opened.items, min(most, self.limits.objects)):
            if opened.abandoned:
                break
            found.append(each)
        if opened.abandoned:
            raise Error(Status.PULL_HAS_BEEN_ABANDONED, "the enumeration was closed meanwhile")
        return found


def count(name: str, value: object) -> int:
    """A number that a client sent, or CIM_ERR_INVALID_PARAMETER."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
        return value
    raise invalid(f"{name}: {value!r} is not a uint32")


def _unknown(why: str) -> Error:
    return Error(Status.INVALID_ENUMERATION_CONTEXT, f"no such enumeration: {why}")
