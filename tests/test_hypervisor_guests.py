# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as documents: which there are, what reading them costs, and which are gone."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections import Counter
from typing import Any

import pytest
from calls import Calls
from small_host import GUEST, GUESTS, UUID, get, roots

from libvirt_cim.cim import Error
from libvirt_cim.ground import Document
from libvirt_cim.hypervisor import ahead
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import OF_MANY, Request
from libvirt_cim.tree import text_of


def test_a_guest_that_is_off_is_one_document(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (live,) = get(request, "DomainXML", name="off")
    (config,) = get(request, "DomainConfigXML", name="off")
    assert live is config and live.source == request
    assert live.kinds == ("DomainConfigXML", "DomainXML")
    assert calls == {"lookupByName": 1, "XMLDesc": 1}


def test_a_running_guest_has_two(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (live,) = get(request, "DomainXML", name="runs")
    assert calls == {"lookupByName": 1, "XMLDesc": 1}
    (config,) = get(request, "DomainConfigXML", name="runs")
    assert (live.kinds, config.kinds) == (("DomainXML",), ("DomainConfigXML",))
    assert live.root.get("id") and config.root.get("id") is None
    get(request, "DomainXML", uuid=UUID.format(0))
    get(request, "DomainInfo", uuid=UUID.format(0))
    assert calls["XMLDesc"] == 2 and calls["isPersistent"] == 1
    assert calls["listAllDomains"] == 0 and calls["lookupByUUIDString"] == 0


def test_a_transient_guest_has_its_live_document_only(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    assert "passes" not in roots(request.documents("DomainConfigXML", {}, ()))
    assert "passes" in roots(request.documents("DomainXML", {}, ()))
    calls.clear()
    (live,) = get(request, "DomainXML", name="passes")
    (asked,) = get(request, "DomainConfigXML", name="passes")
    assert asked.kinds == ("DomainConfigXML",) and asked.root is live.root
    assert get(request, "DomainConfigXML", name="passes") == [asked]
    assert "passes" not in roots(request.documents("DomainConfigXML", {}, ()))
    assert calls["XMLDesc"] == calls["lookupByName"] == calls["isPersistent"] == 0
    (alone,) = get(Request(connection), "DomainConfigXML", name="passes")
    assert alone.kinds == ("DomainConfigXML",)
    assert calls == {"lookupByName": 1, "isPersistent": 1, "XMLDesc": 1}


def test_guests_are_listed_once_and_read_as_they_are_asked_for(
    connection: Connection, calls: Calls
) -> None:
    request = Request(connection)
    found = request.documents("DomainXML", {}, ())
    assert not calls
    next(found)
    assert calls == {"listAllDomains": 1, "XMLDesc": 1}
    assert len(list(found)) == len(GUESTS) - 1
    assert calls == {"listAllDomains": 1, "XMLDesc": len(GUESTS)}
    assert len(get(request, "DomainXML")) == len(GUESTS)
    get(request, "DomainXML", name="runs")
    assert calls == {"listAllDomains": 1, "XMLDesc": len(GUESTS)}


def test_both_documents_of_every_guest_in_one_walk(connection: Connection, calls: Calls) -> None:
    request = Request(connection, keep=1)
    kinds = Counter(each.kinds for each in request.every(("DomainConfigXML", "DomainXML"), {}, ()))
    assert kinds == {("DomainConfigXML", "DomainXML"): 2, ("DomainConfigXML",): 3,
                     ("DomainXML",): 4}
    assert calls == {"listAllDomains": 2, "XMLDesc": 9}  # the second: who is transient


def test_names_need_no_document(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    found = list(request.documents("DomainXML", {}, ("name", "uuid")))
    assert {each.root.findtext("name") for each in found} == set(GUESTS)
    assert text_of(roots(iter(found))["off"]) == (
        f"<domain><name>off</name><uuid>{UUID.format(2)}</uuid></domain>")
    (named,) = request.documents("DomainConfigXML", {"/domain/name": "off"}, ("name",))
    assert named.kinds == ("DomainConfigXML", "DomainXML")
    assert list(request.documents("DomainConfigXML", {"/domain/name": "passes"}, ("name",)))
    assert calls["XMLDesc"] == 0
    (whole,) = request.documents("DomainXML", {"/domain/name": "off"}, ("name", ""))
    assert whole.root.get("type") == "test" and calls["XMLDesc"] == 1
    (same,) = request.documents("DomainXML", {"/domain/name": "off"}, ("name",))
    assert same is whole


def test_secrets_stay_masked(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = libvirt.virDomain.XMLDesc

    def described(self: Any, flags: int = 0) -> Any:
        asked.append(flags)
        return original(self, flags)

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", described)
    request = Request(connection)
    for each in request.every(("DomainXML", "DomainConfigXML"), {}, ()):
        assert "hidden" not in text_of(each.root)
    assert set(asked) == {0, libvirt.VIR_DOMAIN_XML_INACTIVE}


@pytest.mark.parametrize("known", [
    {"/domain/name": "nobody"}, {"/domain/name": ""}, {"/domain/name": "a\0b"},
    {"/domain/name": "\ud800"}, {"/domain/uuid": "nobody"}, {"/domain/uuid": UUID.format(99)},
])
def test_an_unknown_guest_is_no_document(
    connection: Connection, calls: Calls, known: dict[str, str]
) -> None:
    request = Request(connection)
    assert list(request.documents("DomainXML", known, ())) == []
    assert list(request.documents("DomainConfigXML", known, ())) == []
    assert calls["listAllDomains"] == 0 and calls["lookupByName"] <= 1


@pytest.mark.parametrize("kind", ["DomainXML", "DomainConfigXML", "DomainInfo"])
def test_a_guest_that_vanished_is_skipped(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(ahead, "ROW", 1)  # what is at hand already would be shown
    request = Request(connection)
    found = request.documents(kind, {}, ())
    first = next(found).root.findtext("name")  # libvirt lists them in any order
    for each in connection.handle.listAllDomains(0):
        if each.name() != first:
            if each.isActive():
                each.destroy()
            if each.name() != "passes":  # it is gone with its run
                each.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    assert list(found) == []
    assert {name for name in GUESTS if get(request, kind, name=name)} == {first}


def test_a_guest_that_vanished_is_let_go_at_once(connection: Connection) -> None:
    """Later, Python would free its handle in the midst of another call, whose error was lost."""
    request = Request(connection)
    (guest,) = [each for each in request.guests.all() if each.name == "off"]
    gone = weakref.ref(guest.handle)
    guest.handle.undefine()
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(Error):
            guest.xml(True)
        del guest, request
        assert gone() is None
    finally:
        gc.enable()


def test_what_was_written_is_read_again(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (before,) = get(request, "DomainXML", name="off")
    (other,) = get(request, "DomainXML", name="sleeps")
    connection.handle.lookupByName("off").create()
    assert get(request, "DomainXML", name="off") == [before]
    calls.clear()
    request.forget("off")
    (after,) = get(request, "DomainXML", name="off")
    assert after.kinds == ("DomainXML",) and calls["XMLDesc"] == 1
    assert get(request, "DomainXML", name="sleeps") == [other]
    assert get(request, "DomainXML", name="new") == []
    connection.handle.defineXML(GUEST.format(name="new", uuid=UUID.format(50), state=5, more=""))
    request.forget("new")
    assert len(get(request, "DomainXML", name="new")) == 1
    request.forget()
    assert len(get(request, "DomainXML")) == len(GUESTS) + 1


def test_few_documents_are_held(connection: Connection) -> None:
    for index in range(12):
        uuid = UUID.format(index).replace("a4f3", "b4f3")
        connection.handle.defineXML(GUEST.format(name=uuid, uuid=uuid, state=5, more=""))

    def held() -> int:
        return sum(type(each) is Document for each in gc.get_objects())

    gc.collect()
    before = held()
    walk = Request(connection, keep=8).documents("DomainXML", {}, ())
    assert max(held() - before for _ in walk) == OF_MANY
