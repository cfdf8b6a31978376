# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests at one time share what libvirt says, and none is told what was so before it began."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import pytest
from calls import Calls
from small_host import GUESTS

from libvirt_cim.cim import Error, Status
from libvirt_cim.hypervisor import together
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.together import Reader, Together
from libvirt_cim.request import Request

WAIT = 10.0  # seconds


def never() -> str:
    """What must not be asked."""
    raise AssertionError("asked again")


def fails() -> str:
    """What goes wrong for one reader only."""
    raise Error(Status.FAILED, "for him")


def test_readers_have_one_answer() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    assert one.ask("question", lambda: "answer") == "answer"
    assert two.ask("question", never) == one.ask("question", never) == "answer"
    assert two.ask("another", lambda: "another") == "another"


def test_no_answer_is_older_than_the_reader() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    one.ask("question", lambda: "old")
    three = Reader(room)
    assert three.ask("question", lambda: "new") == "new"
    assert one.ask("question", never) == two.ask("question", never) == "new"
    two.begin()
    assert two.ask("question", lambda: "newest") == "newest"


def test_who_comes_meanwhile_waits() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    asked, goes_on = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        assert goes_on.wait(WAIT)
        return "answer"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one.ask, "question", slow)
        assert asked.wait(WAIT)
        second = pool.submit(two.ask, "question", never)
        assert not second.done()
        goes_on.set()
        assert first.result(WAIT) == second.result(WAIT) == "answer"


def test_what_fails_for_one_is_asked_by_the_other() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    with pytest.raises(Error, match="for him"):
        one.ask("question", fails)
    assert two.ask("question", lambda: "answer") == "answer"


def test_a_single_reader_asks_for_himself() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    one.ask("question", lambda: "old")
    del two
    assert one.ask("question", lambda: "new") == "new"
    assert not room.answers


def test_no_more_answers_are_kept_than_said() -> None:
    room = Together()
    one, two = Reader(room), Reader(room)
    for number in range(together.KEPT + 1):
        one.ask(number, lambda: "answer")
    assert len(room.answers) == together.KEPT
    assert two.ask(0, lambda: "asked again") == "asked again"
    assert two.ask(together.KEPT, never) == "answer"


def documents(request: Request) -> Any:
    """Every guest's document, one after another."""
    return request.documents("DomainConfigXML", {}, ())


def test_two_requests_ask_for_a_document_once(connection: Connection, calls: Calls) -> None:
    one, two = Request(connection), Request(connection)
    pairs = list(zip_longest(documents(one), documents(two)))
    assert len(pairs) == len(GUESTS) - 1  # a transient one has no configuration
    assert all(a.root is not b.root for a, b in pairs)
    assert [a.root.findtext("name") for a, _ in pairs] == [
        b.root.findtext("name") for _, b in pairs]
    assert set(calls.documents.values()) == {1}


def test_a_request_sees_what_was_changed_before_it_began(connection: Connection) -> None:
    one, two = Request(connection), Request(connection)
    before = [each.root.findtext("title") for each in documents(one)]
    guest = connection.handle.lookupByName("off")
    guest.setMetadata(1, "changed", None, None, 0)  # its title
    three = Request(connection)
    assert "changed" not in before
    assert "changed" in [each.root.findtext("title") for each in documents(three)]
    two.forget("off")
    assert "changed" in [each.root.findtext("title") for each in documents(two)]


def test_a_request_that_is_done_keeps_nothing(connection: Connection) -> None:
    one, two = Request(connection), Request(connection)
    assert list(zip_longest(documents(one), documents(two))) and connection.together.answers
    del one, two
    assert not connection.together.answers and not connection.together.readers
