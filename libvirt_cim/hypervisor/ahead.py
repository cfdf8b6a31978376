# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents of many guests, asked for before they are read.

A daemon answers several calls at once, and Python has other work meanwhile: the calls are made by
a few threads. Where libvirt answers in this process no thread would be faster, but many calls in a
row are (their code stays in the processor's cache). Batches grow: the first guest need not wait.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable

from .connection import Connection
from .guest import Guest

CALLS = 4  # at once; libvirtd serves five of a connection (max_client_requests)
BATCH = 16  # guests, at most
ROW = 64  # the same where libvirt answers in this process
Wanted = Callable[[Guest], Iterable[bool]]  # which documents of a guest: its configuration's?


def fetched(connection: Connection, guests: Sequence[Guest], wanted: Wanted) -> Iterator[Guest]:
    """The guests in their order, each with the wanted documents' texts at hand."""
    batches = _batches(guests, ROW if connection.in_process else BATCH)
    if connection.in_process:
        for batch in batches:
            _fetch(_calls(batch, wanted))
            yield from batch
        return
    pool = connection.pool(CALLS)
    waiting = deque(_ask(pool, batch, wanted) for batch in itertools.islice(batches, CALLS))
    try:
        while waiting:
            batch, future = waiting.popleft()
            future.result()
            waiting.extend(_ask(pool, batch, wanted) for batch in itertools.islice(batches, 1))
            yield from batch
    finally:
        for _, future in waiting:
            future.cancel()


def _batches(guests: Sequence[Guest], most: int) -> Iterator[Sequence[Guest]]:
    start, size = 0, 1
    while start < len(guests):
        yield guests[start:start + size]
        start, size = start + size, min(2 * size, most)


def _ask(
    pool: ThreadPoolExecutor, batch: Sequence[Guest], wanted: Wanted
) -> tuple[Sequence[Guest], Future[None]]:
    return batch, pool.submit(_fetch, _calls(batch, wanted))


def _calls(batch: Sequence[Guest], wanted: Wanted) -> list[tuple[Guest, bool]]:
    return [(guest, inactive) for guest in batch for inactive in wanted(guest)]


def _fetch(calls: Sequence[tuple[Guest, bool]]) -> None:
    for guest, inactive in calls:
        guest.fetch(inactive)
