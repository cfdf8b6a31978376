# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a listing tells of all guests makes the same instances as their documents do."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Calls
from small_host import GUESTS, breaking, failing

from libvirt_cim.cim import Instance
from libvirt_cim.expression import Join, Location
from libvirt_cim.ground import Nowhere
from libvirt_cim.hypervisor import document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load
from libvirt_cim.sheet import MEANINGS, Meanings, sheet
from libvirt_cim.shelf import Shelf

SYSTEM = "Virt_ComputerSystem"
STATE = ["Name", "EnabledState", "RequestedState", "HealthState", "OperationalStatus"]
WANTED = [[], ["Name"], ["UUID", "nothing"], ["elementname", "CREATIONCLASSNAME"], ["EnabledState"],
          ["OtherEnabledState", "OperatingStatus", "uuid", "Description"], STATE]


def sorted_(found: Any) -> list[Instance]:
    return sorted(found, key=lambda each: str(each.path))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As if documents had to be read."""
    monkeypatch.setattr(Request, "sheet", lambda self, columns: None)
    return monkeypatch


@pytest.mark.parametrize("wanted", WANTED, ids=" ".join)
def test_the_instances_are_those_of_the_documents(
    provider: Provider, without: pytest.MonkeyPatch, wanted: list[str]
) -> None:
    read = sorted_(provider.enumerate_instances(SYSTEM, property_list=wanted))
    without.undo()
    told = sorted_(provider.enumerate_instances(SYSTEM, property_list=wanted))
    assert len(told) == len(GUESTS) and told == read
    assert [each.path.namespace for each in told if each.path] == ["root/virt"] * len(GUESTS)


def test_the_price_is_two_calls_however_many_guests(provider: Provider, calls: Calls) -> None:
    found = list(provider.enumerate_instances("CIM_ComputerSystem", property_list=STATE))
    assert len(found) > len(GUESTS)
    assert calls["getAllDomainStats"] == calls["listAllDomains"] == 1  # who is saved
    assert calls["XMLDesc"] == calls["state"] == calls["hasManagedSaveImage"] == 0
    calls.clear()
    assert {each.keys["Name"] for each in provider.enumerate_instance_names(SYSTEM)} == set(GUESTS)
    assert calls == {"listAllDomains": 1}


def test_nobody_is_asked_who_is_saved_where_all_run(
    connection: Connection, provider: Provider, calls: Calls
) -> None:
    for name in ("off", "sleeps"):
        connection.handle.lookupByName(name).undefineFlags(
            libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    calls.clear()
    found = list(provider.enumerate_instances(SYSTEM, property_list=["EnabledState"]))
    assert sorted(each["EnabledState"] for each in found) == [2, 2, 3, 9]
    assert calls == {"getAllDomainStats": 1}


def test_a_list_is_nobody_elses(provider: Provider) -> None:
    first = list(provider.enumerate_instances(SYSTEM, property_list=STATE))
    for each in first:
        each["OperationalStatus"].append(99)
    again = provider.enumerate_instances(SYSTEM, property_list=STATE)
    assert all(len(each["OperationalStatus"]) == 1 for each in again)


@pytest.mark.parametrize("missing", ["getAllDomainStats", "listAllDomains"])
def test_what_libvirt_cannot_tell_at_once_is_read(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    expected = sorted_(provider.enumerate_instances(SYSTEM, property_list=STATE))
    original, refused = libvirt.virConnect.listAllDomains, failing(libvirt.VIR_ERR_NO_SUPPORT)
    if missing == "getAllDomainStats":
        monkeypatch.delattr(libvirt.virConnect, missing)
    else:  # by flags it has none to list
        monkeypatch.setattr(libvirt.virConnect, missing, lambda self, flags=0: (
            breaking(refused)() if flags else original(self, flags)))
    assert sorted_(provider.enumerate_instances(SYSTEM, property_list=STATE)) == expected


def test_who_may_not_be_read_is_not_told_of(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = libvirt.virConnect.getAllDomainStats
    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", lambda self, *arguments: [
        each for each in original(self, *arguments) if each[0].name() != "off"])
    told = provider.enumerate_instances(SYSTEM, property_list=["EnabledState"])
    assert {each.path.keys["Name"] for each in told if each.path} == set(GUESTS) - {"off"}
    assert {each.keys["Name"] for each in provider.enumerate_instance_names(SYSTEM)} == set(GUESTS)


def test_a_host_without_guests(provider: Provider, connection: Connection) -> None:
    for each in connection.handle.listAllDomains():
        if each.isActive():
            each.destroy()
        if each.name() != "passes":
            each.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    assert list(provider.enumerate_instances(SYSTEM, property_list=STATE)) == []
    assert list(provider.enumerate_instance_names(SYSTEM)) == []


def test_a_state_we_do_not_know(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    original = libvirt.virConnect.getAllDomainStats
    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", lambda self, *arguments: [
        (each, {"state.state": 99}) for each, _ in original(self, *arguments)])
    found = provider.enumerate_instances(SYSTEM, property_list=["EnabledState"])
    assert {each["EnabledState"] for each in found} == {0}


# which tables have one

def test_every_sheet_reads_as_its_table_does() -> None:
    """Any leaves, on documents of their own: for each table that has a sheet for each of its rows.
    """
    seen = set()
    schema = load("KVM")
    for table in map(schema.table, schema.tables):
        for row in table.rows:
            found = sheet(table, frozenset((row,)))
            if found is not None:
                seen.add((table.name, row))
                assert not table.association and len(table.kinds) == 1
                for arm in table.rows[row].every_arm():
                    assert isinstance(arm.expression, (Join, Location))
    systems = {row for name, row in seen if name == "KVM_ComputerSystem"}
    assert systems >= {*STATE, "UUID", "ElementName", "OperatingStatus"}
    assert not systems & {"Caption", "OtherIdentifyingInfo"}


def test_without_wanted_rows_there_is_none() -> None:
    table = load("KVM").table("KVM_ComputerSystem")
    assert sheet(table, None) is None
    assert sheet(table, frozenset(("Name", "Caption"))) is None


def test_documents_that_are_there_are_read() -> None:
    assert Nowhere().sheet([("DomainXML", "name")]) is None
    assert Shelf([]).sheet([("DomainXML", "name")]) is None


@pytest.mark.parametrize("columns", [
    [("DomainXML", "title")], [("DomainInfo", "memory")], [("PoolXML", "name")],
    [("DomainXML", "state")],
])
def test_what_no_listing_tells(
    connection: Connection, calls: Calls, columns: list[tuple[str, str]]
) -> None:
    assert Request(connection).sheet(columns) is None and not calls


def test_the_meanings_of_texts_are_few() -> None:
    asked: list[str] = []

    def meaning(text: str) -> int:
        asked.append(text)
        return len(asked)

    found = Meanings(meaning)
    assert [found["a"], found["b"], found["a"]] == [1, 2, 1]
    for number in range(2 * MEANINGS):
        assert found[str(number)] and len(found) <= MEANINGS


def test_states_have_words() -> None:
    assert document.state_word(1) == "running"
    assert document.state_word(-1) == document.state_word(99) == "nostate"
