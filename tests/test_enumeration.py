# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pulled enumerations: parts, limits, time, who may go on, and what ends one (DSP0200 1.4)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab import FRONT1, GUESTS
from test_wql import conditions

from libvirt_cim import wql
from libvirt_cim.cim import Error, Status
from libvirt_cim.enumeration import Contexts, Limits, Opened
from libvirt_cim.provider import Provider
from libvirt_cim.session import OPERATIONS, Session

SYSTEM = {"class_name": "Virt_ComputerSystem"}


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def contexts(clock: Clock) -> Contexts:
    limits = Limits(timeout=60, longest_timeout=600, for_each=3, in_all=5, objects=6, idle_pulls=2)
    return Contexts(limits, clock)


@pytest.fixture
def session(lab: Provider, contexts: Contexts) -> Session:
    return Session(lab, contexts, "ann")


def fails(status: Status, call: Any, *arguments: Any, **more: Any) -> None:
    """Assert that a call raises an error with that status."""
    with pytest.raises(Error) as raised:
        call(*arguments, **more)
    assert raised.value.status == status, raised.value


def test_parts(session: Session, contexts: Contexts) -> None:
    part = session.open_enumerate_instance_paths(**SYSTEM)
    assert part.items == [] and not part.end_of_sequence and len(contexts) == 1
    first = session.pull_instance_paths(part.context or "", 5)
    assert len(first.items) == 5 and first.context == part.context
    last = session.pull_instance_paths(part.context or "", 5)
    assert len(last.items) == len(GUESTS) - 5 and last.end_of_sequence and last.context is None
    assert len({*first.items, *last.items}) == len(GUESTS) and len(contexts) == 0
    fails(Status.INVALID_ENUMERATION_CONTEXT, session.pull_instance_paths, part.context, 5)


def test_one_part_may_be_all(session: Session, contexts: Contexts) -> None:
    part = session.open_associator_instances(instance_name=FRONT1, max_object_count=50,
                                             assoc_class="Virt_HostedDependency")
    assert [each.class_name for each in part.items] == ["Virt_HostSystem"]
    assert part.end_of_sequence and len(contexts) == 0


def test_an_answer_has_a_limit(session: Session) -> None:
    part = session.open_enumerate_instances(**SYSTEM, max_object_count=1000)
    assert len(part.items) == 6 and not part.end_of_sequence
    part = session.pull_instances_with_path(part.context or "", 1000)
    assert len(part.items) == len(GUESTS) - 6 and part.end_of_sequence


def test_each_kind_has_its_pull(session: Session) -> None:
    opened = {
        "pull_instances_with_path": session.open_enumerate_instances(**SYSTEM),
        "pull_instance_paths": session.open_reference_instance_paths(instance_name=FRONT1),
        "pull_instances": session.open_query_instances("WQL", "SELECT * FROM CIM_System"),
    }
    for right, part in opened.items():
        for name in opened:
            if name != right:
                fails(Status.INVALID_ENUMERATION_CONTEXT, getattr(session, name), part.context, 1)
        assert len(getattr(session, right)(part.context, 1).items) == 1


@pytest.mark.parametrize("most", [-1, 2**32, "5", True, None])
def test_numbers(session: Session, most: Any) -> None:
    part = session.open_enumerate_instance_paths(**SYSTEM)
    fails(Status.INVALID_PARAMETER, session.pull_instance_paths, part.context, most)
    if most is not None:
        fails(Status.INVALID_PARAMETER, session.open_enumerate_instances, **SYSTEM,
              max_object_count=most)


def test_nothing_can_be_pulled_for_some_time(session: Session) -> None:
    context = session.open_enumerate_instances(**SYSTEM).context or ""  # the first of none
    assert session.pull_instances_with_path(context, 0).items == []
    assert session.pull_instances_with_path(context, 1).items
    assert session.pull_instances_with_path(context, 0).context == context
    assert session.pull_instances_with_path(context, 0).context == context
    fails(Status.SERVER_LIMITS_EXCEEDED, session.pull_instances_with_path, context, 0)
    fails(Status.INVALID_ENUMERATION_CONTEXT, session.pull_instances_with_path, context, 1)


def test_time(session: Session, clock: Clock, contexts: Contexts) -> None:
    short = session.open_enumerate_instances(**SYSTEM).context or ""
    long = session.open_enumerate_instances(**SYSTEM, operation_timeout=600).context or ""
    clock.now += 59
    assert session.pull_instances_with_path(short, 1).items  # it begins anew
    clock.now += 59
    assert session.pull_instances_with_path(short, 1).items
    clock.now += 60
    fails(Status.INVALID_ENUMERATION_CONTEXT, session.pull_instances_with_path, short, 1)
    assert len(contexts) == 1
    assert session.pull_instances_with_path(long, 1).items
    for timeout in (0, 601):
        fails(Status.INVALID_OPERATION_TIMEOUT, session.open_enumerate_instances, **SYSTEM,
              operation_timeout=timeout)


def test_without_a_longest_time_one_may_be_open_for_ever(lab: Provider, clock: Clock) -> None:
    session = Session(lab, Contexts(Limits(longest_timeout=0), clock))
    context = session.open_enumerate_instances(**SYSTEM, operation_timeout=0).context or ""
    clock.now += 1e9
    assert session.pull_instances_with_path(context, 1).items


def test_limits(session: Session, lab: Provider, contexts: Contexts, clock: Clock) -> None:
    opened = [session.open_enumerate_instances(**SYSTEM) for _ in range(3)]
    fails(Status.SERVER_LIMITS_EXCEEDED, session.open_enumerate_instances, **SYSTEM)
    bob, cid = Session(lab, contexts, "bob"), Session(lab, contexts, "cid")
    assert bob.open_enumerate_instances(**SYSTEM) and bob.open_enumerate_instances(**SYSTEM)
    fails(Status.SERVER_LIMITS_EXCEEDED, cid.open_enumerate_instances, **SYSTEM)
    session.close_enumeration(opened[0].context or "")
    assert cid.open_enumerate_instances(**SYSTEM)
    contexts.close_of("bob")
    assert len(contexts) == 3
    clock.now += 60
    assert session.open_enumerate_instances(**SYSTEM) and len(contexts) == 1


def test_a_context_is_its_principals(
    session: Session, lab: Provider, contexts: Contexts
) -> None:
    context = session.open_enumerate_instances(**SYSTEM).context or ""
    for other in (Session(lab, contexts, "bob"), Session(lab, contexts)):
        fails(Status.INVALID_ENUMERATION_CONTEXT, other.pull_instances_with_path, context, 1)
        fails(Status.INVALID_ENUMERATION_CONTEXT, other.close_enumeration, context)
    assert Session(lab, contexts, "ann").pull_instances_with_path(context, 1).items


def test_closing(session: Session, contexts: Contexts) -> None:
    context = session.open_enumerate_instances(**SYSTEM, max_object_count=1).context or ""
    session.close_enumeration(context)
    fails(Status.INVALID_ENUMERATION_CONTEXT, session.close_enumeration, context)
    fails(Status.INVALID_ENUMERATION_CONTEXT, session.pull_instances_with_path, context, 1)
    context = session.open_enumerate_instances(**SYSTEM).context or ""
    contexts.close()
    fails(Status.SERVER_IS_SHUTTING_DOWN, session.pull_instances_with_path, context, 1)
    fails(Status.SERVER_IS_SHUTTING_DOWN, session.open_enumerate_instances, **SYSTEM)


def test_what_is_not_supported(session: Session) -> None:
    fails(Status.CONTINUATION_ON_ERROR_NOT_SUPPORTED, session.open_enumerate_instances, **SYSTEM,
          continue_on_error=True)
    fails(Status.NOT_SUPPORTED, session.enumeration_count, enumeration_context="x")
    fails(Status.INVALID_PARAMETER, session.open_associator_instances,
          instance_name="Virt_ComputerSystem")
    assert session.open_enumerate_instances(**SYSTEM, continue_on_error=False).context
    assert {name for name in dir(session)
            if name.startswith(("open_", "pull_", "close_", "enumeration_"))} == OPERATIONS


# filters

def test_filters(session: Session) -> None:
    def names(language: str, query: str, **more: Any) -> list[dict[str, Any]]:
        part = session.open_enumerate_instances(
            class_name="CIM_System", filter_query_language=language, filter_query=query,
            max_object_count=6, **more)
        return [each.properties for each in part.items]

    assert names("DMTF:FQL", "EnabledState = 9", property_list=["Name"]) == [{"Name": "cache1"}]
    assert names("DMTF:CQL", "EnabledState = 9", property_list=["Name"]) == [{"Name": "cache1"}]
    assert names("DMTF:FQL", "EnabledState = 9", property_list=[]) == [{}]
    [found] = names("DMTF:FQL", "EnabledState = 9", deep_inheritance=False)
    assert found["Name"] == "cache1" and "UUID" not in found
    assert names("DMTF:FQL", "UUID = 'x'") == names("DMTF:FQL", "NoSuch = 1") == []
    [found] = names("DMTF:FQL", "UUID LIKE '0001$'", deep_inheritance=False,
                    property_list=["Name", "UUID"])
    assert found == {"Name": "front1"}


def test_filters_see_the_rest(session: Session) -> None:
    part = session.open_enumerate_instances(
        class_name="Virt_VirtualSystemSettingData", filter_query_language="DMTF:FQL",
        filter_query="UnmappedXML LIKE '^<domain'", max_object_count=1)
    assert part.items


def test_filters_are_refused(session: Session, contexts: Contexts) -> None:
    for status, language, query in (
        (Status.QUERY_LANGUAGE_NOT_SUPPORTED, "WQL", "Name = 'x'"),
        (Status.QUERY_LANGUAGE_NOT_SUPPORTED, "XPath", "Name = 'x'"),
        (Status.INVALID_QUERY, "DMTF:FQL", "Name ="),
        (Status.INVALID_QUERY, "DMTF:FQL", "Name LIKE '('"),
        (Status.INVALID_QUERY, "DMTF:CQL", "SELECT * FROM CIM_System"),
        (Status.INVALID_PARAMETER, "DMTF:FQL", None),
        (Status.INVALID_PARAMETER, None, "Name = 'x'"),
    ):
        fails(status, session.open_enumerate_instances, **SYSTEM, filter_query_language=language,
              filter_query=query)
    fails(Status.QUERY_LANGUAGE_NOT_SUPPORTED, session.open_query_instances, "DMTF:FQL", "a = 1")
    fails(Status.QUERY_LANGUAGE_NOT_SUPPORTED, session.open_query_instances)
    fails(Status.INVALID_CLASS, session.open_enumerate_instances, class_name="CIM_Nothing")
    assert len(contexts) == 0


@given(conditions(st.sampled_from(["Name", "EnabledState", "OperationalStatus", "CIM_System"])))
def test_any_filter_filters_or_is_refused(lab: Provider, condition: wql.Condition) -> None:
    session = Session(lab, Contexts())
    try:
        part = session.open_enumerate_instances(
            **SYSTEM, filter_query_language="DMTF:FQL", filter_query=str(condition),
            max_object_count=100)
        assert part.end_of_sequence and len(part.items) <= len(GUESTS)
    except Error as error:
        assert error.status == Status.INVALID_QUERY


# what happens inside

class Items:
    """Something to give: it says when it is being read and waits until it may go on."""

    def __init__(self) -> None:
        self.reading, self.go = threading.Event(), threading.Event()
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        try:
            yield 1
            self.reading.set()
            assert self.go.wait(10)
            yield 2
            yield 3
        finally:
            self.closed = True


def opened(items: Any, kind: str = "paths") -> Opened:
    return Opened(kind, "ann", iter(items), 60)


def test_an_error_ends_it(contexts: Contexts) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise Error(Status.FAILED, "no luck")

    part = contexts.first(opened(failing()), 1)
    fails(Status.FAILED, contexts.next, part.context, "paths", "ann", 1)
    fails(Status.INVALID_ENUMERATION_CONTEXT, contexts.next, part.context, "paths", "ann", 1)


def test_what_is_closed_lets_go(contexts: Contexts, clock: Clock) -> None:
    items = [Items() for _ in range(3)]
    first, _, _ = [contexts.first(opened(each), 1).context or "" for each in items]
    contexts.drop(first, "ann")
    assert [each.closed for each in items] == [True, False, False]
    clock.now += 60
    fails(Status.INVALID_ENUMERATION_CONTEXT, contexts.next, "x", "paths", "ann", 1)
    assert [each.closed for each in items] == [True, True, True]


def in_thread(results: list[Any], call: Any, *arguments: Any) -> threading.Thread:
    """Call something in a thread of its own; what it gives or raises goes to results."""
    def run() -> None:
        try:
            results.append(call(*arguments).items)
        except Error as error:
            results.append(error.status)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_pull_is_abandoned(contexts: Contexts, clock: Clock) -> None:
    items, results = Items(), list[Any]()
    context = contexts.first(opened(items), 1).context or ""
    thread = in_thread(results, contexts.next, context, "paths", "ann", 5)
    assert items.reading.wait(10)
    clock.now += 1000  # what is being read does not expire
    fails(Status.INVALID_ENUMERATION_CONTEXT, contexts.drop, "x", "ann")
    contexts.drop(context, "ann")
    items.go.set()
    thread.join(10)
    assert results == [Status.PULL_HAS_BEEN_ABANDONED] and items.closed


def test_one_pull_at_a_time(contexts: Contexts) -> None:
    items, results = Items(), list[Any]()
    context = contexts.first(opened(items), 1).context or ""
    first = in_thread(results, contexts.next, context, "paths", "ann", 1)
    assert items.reading.wait(10)
    second = in_thread(results, contexts.next, context, "paths", "ann", 5)
    items.go.set()
    first.join(10)
    second.join(10)
    assert results in ([[2], [3]], [[2, 3], Status.INVALID_ENUMERATION_CONTEXT])
    assert items.closed == (len(contexts) == 0)
