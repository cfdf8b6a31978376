# SPDX-License-Identifier: LGPL-2.1-or-later
"""Indications on their way to listeners: each has a queue and a thread of its own.

So one that is slow or gone keeps nobody waiting but itself. How an indication is sent is for others
to know.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Collection
from typing import Callable, NamedTuple

from ..cim import Error, Instance

LOG = logging.getLogger("libvirt_cim.indications")
MANY = 1000  # indications that wait for one listener; when there are more, the oldest are lost


class Sent(NamedTuple):
    """An indication on its way: from where, and to where."""

    url: str
    namespace: str
    indication: Instance


Send = Callable[[Sent], None]  # OSError or cim.Error if it did not arrive


class Listener:
    """The way to one listener: in order, and again where it fails."""

    def __init__(self, name: str, send: Send, retries: int, interval: float) -> None:
        self.name, self._send = name, send
        self.retries, self.interval = retries, interval
        self._waiting: collections.deque[Sent] = collections.deque()
        self._more = threading.Condition()
        self._closed = self._failing = False
        self._lost = self._number = 0
        self._context = f"libvirt-cim:{name}:{time.time_ns()}"  # a new one for each start (DSP1054)
        self._thread = threading.Thread(target=self._run, name=f"listener {name}", daemon=True)
        self._thread.start()

    def put(self, sent: Sent) -> None:
        """Have an indication sent, numbered so that a listener sees what it has missed."""
        with self._more:
            sent.indication.properties.update(
                SequenceContext=self._context, SequenceNumber=self._number)
            self._number += 1
            self._waiting.append(sent)
            if len(self._waiting) > MANY:
                self._waiting.popleft()
                self._lost += 1
            self._more.notify()

    def close(self) -> None:
        """Send nothing more; what is on its way may still arrive."""
        with self._more:
            self._closed = True
            self._waiting.clear()
            self._more.notify()

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._waiting and not self._closed:
                    self._more.wait()
                if self._closed:
                    return
                sent = self._waiting.popleft()
            self._deliver(sent)

    def _deliver(self, sent: Sent) -> None:
        for attempt in range(self.retries + 1):
            if attempt and not self._rest():
                return
            try:
                self._send(sent)
            except (OSError, Error) as error:
                self._failed(sent, str(error) or type(error).__name__)
            except Exception as mistake:
                LOG.error("a mistake in libvirt_cim", exc_info=mistake)
                break
            else:
                self._arrived(sent)
                return
        self._lost += 1

    def _rest(self) -> bool:
        """Wait before the next attempt; False if there will be none."""
        until = time.monotonic() + self.interval
        with self._more:
            while not self._closed and time.monotonic() < until:
                self._more.wait(until - time.monotonic())
            return not self._closed

    def _failed(self, sent: Sent, why: str) -> None:
        level = logging.DEBUG if self._failing else logging.WARNING
        LOG.log(level, "listener %s is not reached: %s: %s", self.name, sent.url, why)
        self._failing = True

    def _arrived(self, sent: Sent) -> None:
        LOG.debug("%s to %s", sent.indication.class_name, sent.url)
        if self._failing or self._lost:
            LOG.warning("listener %s is reached%s; %d indications were lost", self.name,
                        " again" if self._failing else "", self._lost)
        self._failing, self._lost = False, 0


class Delivery:
    """The ways to all listeners, by their names."""

    def __init__(self, send: Send, retries: int, interval: float) -> None:
        self._how = send, retries, interval
        self._listeners: dict[str, Listener] = {}
        self._lock = threading.Lock()

    def put(self, name: str, sent: Sent) -> None:
        """Have an indication sent to a listener."""
        with self._lock:
            listener = self._listeners.get(name)
            if listener is None:
                listener = self._listeners[name] = Listener(name, *self._how)
        listener.put(sent)

    def keep(self, names: Collection[str]) -> None:
        """Send nothing more to others."""
        with self._lock:
            for name in [each for each in self._listeners if each not in names]:
                self._listeners.pop(name).close()

    def close(self) -> None:
        """Send nothing more."""
        self.keep(())
