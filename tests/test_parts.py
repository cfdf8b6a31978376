# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of one: what is made for one of them is there for the next, if that comes at once."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest

from libvirt_cim import parts
from libvirt_cim.parts import Shared, part


@pytest.fixture
def shared() -> Shared[list[bool]]:
    """Lists, each another, that know whether other parts may follow."""
    return Shared(lambda more: [more])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Time that a test sets."""
    now = [1000.0]
    monkeypatch.setattr("libvirt_cim.parts.time.monotonic", lambda: now[0])
    yield now


def got(shared: Shared[list[bool]], whole: object, name: str) -> list[bool]:
    """What a part of a whole gets."""
    with part(whole, name):
        return shared()


def test_who_is_no_part_has_his_own(shared: Shared[list[bool]]) -> None:
    assert shared() == [False] and shared() is not shared()


def test_parts_share(shared: Shared[list[bool]], clock: list[float]) -> None:
    first = got(shared, 1, "a")
    assert first == [True] and got(shared, 1, "b") is first
    clock[0] += parts.SOON / 2
    assert got(shared, 1, "c") is first
    assert got(shared, 2, "d") is not first


def test_a_part_that_comes_again_begins_anew(
    shared: Shared[list[bool]], clock: list[float]
) -> None:
    first, again = got(shared, 1, "a"), got(shared, 1, "a")
    assert again is not first and got(shared, 1, "b") is again


def test_what_comes_late_begins_anew(shared: Shared[list[bool]], clock: list[float]) -> None:
    first, other = got(shared, 1, "a"), got(shared, 2, "a")
    clock[0] += parts.SOON
    late = got(shared, 1, "b")
    assert late is not first
    assert list(shared._wholes) == [1] and other  # nothing is kept that nobody may have


def test_after_a_change_all_begins_anew(shared: Shared[list[bool]], clock: list[float]) -> None:
    first = got(shared, 1, "a")
    with part(1, "b"):
        assert shared() is first
        parts.changed()  # by another call meanwhile
    assert got(shared, 1, "c") is not first


def test_one_at_a_time_has_it(shared: Shared[list[bool]], clock: list[float]) -> None:
    first, others = got(shared, 1, "a"), []
    with part(1, "b"):
        assert shared() is first
        thread = Thread(target=lambda: others.append(got(shared, 1, "c")))
        thread.start()
        thread.join()
    assert others and others[0] is not first
