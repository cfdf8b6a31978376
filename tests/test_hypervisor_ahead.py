# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents of many guests are asked for ahead: in order, once each, and not without bound."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from calls import Calls
from small_host import GUEST, UUID, breaking, failing

from libvirt_cim.cim import Error
from libvirt_cim.hypervisor import ahead
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request

MANY = 200


@pytest.fixture(params=[True, False], ids=["in this process", "by a daemon"])
def many(request: Any, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A host with many guests; whether threads make the calls does not show."""
    monkeypatch.setattr(Connection, "in_process", request.param)
    for index in range(MANY):
        uuid = UUID.format(index % 100).replace("a4f3", f"b4f{index // 100}")
        connection.handle.defineXML(GUEST.format(name=uuid, uuid=uuid, state=5, more=""))
    return connection


def test_every_guest_comes_once_and_in_order(many: Connection, calls: Calls) -> None:
    request = Request(many)
    names = [each.root.findtext("name") for each in request.documents("DomainXML", {}, ())]
    assert names == [each.name for each in request.guests.all()]
    assert set(calls.documents.values()) == {1} and calls["XMLDesc"] == len(names) > MANY


def test_no_more_is_asked_for_than_soon_needed(many: Connection, calls: Calls) -> None:
    found = Request(many).documents("DomainXML", {}, ())
    next(found)
    found.close()  # type: ignore[attr-defined]
    many.pool(1).submit(int).result()  # whatever was asked for is done
    assert calls["XMLDesc"] <= 1 + 2 + 4 + 8 + 16


def test_a_call_that_fails_fails_where_its_guest_is_due(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(many)
    names = [each.name for each in request.guests.all()]
    original, bad = libvirt.virDomain.XMLDesc, names[100]

    def described(self: Any, flags: int = 0) -> Any:
        if self.name() == bad:
            raise failing(libvirt.VIR_ERR_INTERNAL_ERROR)
        return original(self, flags)

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", described)
    seen = []
    with pytest.raises(Error, match="no luck"):
        for each in request.documents("DomainXML", {}, ()):
            seen.append(each.root.findtext("name"))
    assert seen == names[:100]


def test_names_alone_are_not_asked_for(many: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", breaking(AssertionError("asked")))
    assert len(list(Request(many).documents("DomainXML", {}, ("name",)))) > MANY


def test_a_daemon_is_asked_by_threads_and_closing_ends_none(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "in_process", False)
    used: set[int] = set()
    original = libvirt.virDomain.XMLDesc

    def described(self: Any, flags: int = 0) -> Any:
        used.add(threading.get_ident())
        return original(self, flags)

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", described)
    found = Request(connection).documents("DomainXML", {}, ())
    next(found)
    connection.close()
    assert list(found)
    assert threading.get_ident() not in used and 1 <= len(used) <= ahead.CALLS


def test_the_test_driver_alone_answers_in_this_process() -> None:
    assert Connection("test:///default").in_process
    assert not Connection("test+unix:///default").in_process
    assert not Connection("qemu:///system").in_process
