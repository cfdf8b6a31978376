# SPDX-License-Identifier: LGPL-2.1-or-later
"""What several readers ask at one time is asked once.

An answer that was asked for after a reader began is as good for him as one of his own. Only the
last answers are kept, and none while there are no two readers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import Callable, Optional

KEPT = 256  # answers


class _Answer:
    """One that is there, or that somebody is getting: until then he has the lock."""

    __slots__ = ("began", "lock", "text")

    def __init__(self) -> None:
        self.began, self.lock = time.monotonic(), threading.Lock()
        self.lock.acquire()
        self.text: Optional[str] = None


class Together:
    """The readers there are, and what was answered last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.readers: set[int] = set()
        self.answers: dict[Hashable, _Answer] = {}

    def answer(self, question: Hashable, since: float) -> tuple[_Answer, bool]:
        """An answer that was asked for since then, or a new one, which is for the caller to get."""
        with self._lock:
            found = self.answers.get(question)
            if found is not None and found.began >= since:
                return found, False
            self.answers.pop(question, None)  # the new one is the last
            mine = self.answers[question] = _Answer()
            if len(self.answers) > KEPT:
                del self.answers[next(iter(self.answers))]
            return mine, True


class Reader:
    """Somebody who reads, as long as he is there."""

    def __init__(self, together: Together) -> None:
        self._together = together
        self._together.readers.add(id(self))
        self.begin()

    def __del__(self) -> None:
        self._together.readers.discard(id(self))
        if len(self._together.readers) < 2:
            self._together.answers = {}  # no lock: Python may be anywhere now

    def begin(self) -> None:
        """From now on: what was answered before is out of date."""
        self._since = time.monotonic()

    def ask(self, question: Hashable, ask: Callable[[], str]) -> str:
        """The answer, from whoever asked the same; what goes wrong for him is asked again."""
        if len(self._together.readers) < 2:
            return ask()
        answer, mine = self._together.answer(question, self._since)
        if mine:
            try:
                answer.text = ask()
            finally:
                answer.lock.release()
        else:
            with answer.lock:
                pass
        return ask() if answer.text is None else answer.text
