# SPDX-License-Identifier: LGPL-2.1-or-later
"""Driver: the price of an answer, in calls of libvirt, on a host with more guests than the lab."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from calls import Calls, counted
from lab import LAB, MORE, ODD, POOLS, crowd, device, disk, link, rasd, system, vssd

from libvirt_cim.cim import Error, Status
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request


@pytest.fixture
def connection() -> Connection:
    return Connection(LAB)


@pytest.fixture
def calls(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the provider asks of libvirt, on the host with more guests."""
    crowd(connection.handle)
    return counted(monkeypatch)


def links(name: str) -> list[str]:
    """Associations of a guest that runs."""
    guest, live = system(name), vssd(f"{name}/active")
    return [
        link("Virt_SystemDevice", GroupComponent=guest, PartComponent=disk(name, "vda")),
        link("Virt_SettingsDefineState", ManagedElement=guest, SettingData=live),
        link("Virt_ElementSettingData", ManagedElement=live, SettingData=vssd(name)),
        link("Virt_VirtualSystemSettingDataComponent", GroupComponent=live,
             PartComponent=rasd("Disk", f"{name}/active/vda")),
        link("Virt_HostedDependency", Dependent=guest,
             Antecedent=system(Connection(LAB).hostname, "Virt_HostSystem")),
        link("Virt_ElementAllocatedFromPool", Antecedent=POOLS[1],
             Dependent=device("Virt_Memory", name, "mem")),
        link("Virt_ResourceAllocationFromPool", Antecedent=POOLS[1],
             Dependent=rasd("Mem", f"{name}/mem")),
    ]


def paths(name: str) -> list[str]:
    """What there is of a guest."""
    return [
        system(name), disk(name, "vda"), device("Virt_Memory", name, "mem"),
        device("Virt_Processor", name, "0"), vssd(name), rasd("Disk", f"{name}/vda"),
        rasd("Mem", f"{name}/mem"), rasd("Proc", f"{name}/proc"),
    ]


RUNNING = [vssd("front1/active"), rasd("Disk", "front1/active/vda"),
           device("Virt_NetworkPort", "front1", "52:54:00:aa:00:01"),
           rasd("Net", "front1/52:54:00:aa:00:01"), rasd("Video", "front1/video")]


@pytest.mark.parametrize("path", [*paths("front1"), *RUNNING, *paths("build1"), vssd(ODD),
                                  vssd("job1"), *POOLS[2:], *links("front1")])
def test_an_instance_costs_two_documents_and_no_listing(
    provider: Provider, calls: Calls, path: str
) -> None:
    provider.get_instance(path)
    assert calls.listings == 0
    assert calls["XMLDesc"] <= 2
    assert max(calls.documents.values(), default=1) == 1


@pytest.mark.parametrize("path", [
    system("nosuch"), vssd("nosuch"), rasd("Mem", "nosuch/mem"), rasd("Mem", "front1/mem") + "x",
    disk("front1", "nosuch"), link("Virt_SystemDevice", GroupComponent=system("front1"),
                                   PartComponent=disk("build1", "vda")),
])
def test_what_is_not_there_costs_no_more(provider: Provider, calls: Calls, path: str) -> None:
    with pytest.raises(Error) as raised:
        provider.get_instance(path)
    assert raised.value.status in (Status.NOT_FOUND, Status.INVALID_PARAMETER)
    assert calls.listings == 0 and calls["XMLDesc"] <= 2


@pytest.mark.parametrize("path", [*paths("front1"), *RUNNING])
@pytest.mark.parametrize("call", ["associator_names", "reference_names", "references",
                                  "associators"])
def test_associations_of_a_guest_cost_its_own_documents(
    provider: Provider, calls: Calls, path: str, call: str
) -> None:
    more = {"property_list": ["ElementName"]} if call == "associators" else {}
    assert list(getattr(provider, call)(path, **more))  # a pool's sums would ask every guest
    assert calls.listings == 0
    assert calls["XMLDesc"] <= 2
    assert max(calls.documents.values()) == 1


@pytest.mark.parametrize("class_name", [
    "CIM_ManagedElement", "CIM_SettingData", "CIM_LogicalDevice", "CIM_Component",
    "CIM_ElementSettingData", "CIM_Dependency", "Virt_VirtualSystemSettingData",
])
def test_an_enumeration_fetches_each_document_once(
    provider: Provider, calls: Calls, class_name: str
) -> None:
    found = list(provider.enumerate_instances(class_name))
    assert len(found) > MORE
    assert calls["XMLDesc"] >= MORE and max(calls.documents.values()) == 1
    assert calls["listAllDomains"] <= 6
    assert calls["getAllDomainStats"] <= 2  # states, and what is measured
    assert calls["lookupByName"] == calls["lookupByUUIDString"] == 0
    assert calls["info"] + calls["state"] + calls["isPersistent"] + calls["autostart"] <= len(found)


def test_names_of_guests_need_no_document(provider: Provider, calls: Calls) -> None:
    assert len(list(provider.enumerate_instance_names("Virt_ComputerSystem"))) == MORE + 8
    assert calls == {"listAllDomains": 1}
    calls.clear()
    wanted = ["Name", "EnabledState"]
    found = list(provider.enumerate_instances("Virt_ComputerSystem", property_list=wanted))
    assert len(found) == MORE + 8 and {each["EnabledState"] for each in found} == {2, 3, 6, 9}
    assert calls["XMLDesc"] == 0 and calls["state"] == calls["lookupByName"] == 0


@pytest.mark.parametrize("class_name, documents", [
    ("Virt_ComputerSystem", 1), ("Virt_VirtualSystemSettingData", 2)])
def test_rows_that_read_one_document_look_for_it_once(
    provider: Provider, calls: Calls, monkeypatch: pytest.MonkeyPatch, class_name: str,
    documents: int,
) -> None:
    """Five rows of a guest are its state's, two of its settings are autostart's."""
    asked: Counter[str] = Counter()
    original = Request.documents

    def counting(self: Request, kind: str, known: Any, wanted: Any) -> Any:
        asked.update([known["/info/name"]] if kind == "DomainInfo" else [])
        return original(self, kind, known, wanted)

    monkeypatch.setattr(Request, "documents", counting)
    assert list(provider.enumerate_instances(class_name))
    assert len(asked) == MORE + 8 and max(asked.values()) == documents


@pytest.mark.parametrize("class_name", ["CIM_ManagedElement", "Virt_LogicalDisk", "CIM_Component",
                                        "CIM_SettingData"])
def test_the_first_leaves_before_the_last_is_read(
    provider: Provider, calls: Calls, class_name: str
) -> None:
    found = provider.enumerate_instances(class_name)
    assert next(iter(found))
    early = calls["XMLDesc"]
    assert early <= 6  # the lab has guests with no disk
    assert list(found)
    assert calls["XMLDesc"] >= MORE + early


def test_nothing_is_asked_before_the_answer_is_read(provider: Provider, calls: Calls) -> None:
    provider.enumerate_instances("CIM_ManagedElement")
    provider.associators(system("front1"))
    provider.reference_names(system("front1"))
    assert not calls


@pytest.mark.parametrize("query", [
    "SELECT Name FROM Virt_ComputerSystem WHERE Name = 'front1'",
    "SELECT * FROM Virt_ComputerSystem WHERE 'front1' = Name AND EnabledState = 2",
    "SELECT * FROM Virt_LogicalDisk WHERE DeviceID = 'front1/vda'",
    "SELECT * FROM Virt_LogicalDisk WHERE SystemName = 'front1' AND Name <> 'x'",
    "SELECT * FROM CIM_StorageExtent WHERE SystemName = 'front1'",
    "SELECT * FROM Virt_VirtualSystemSettingData WHERE InstanceID = 'Virt:front1/active'",
    "SELECT * FROM Virt_DiskResourceAllocationSettingData WHERE InstanceID = 'front1/active/vda'",
])
def test_a_query_with_a_key_looks_it_up(provider: Provider, calls: Calls, query: str) -> None:
    found = list(provider.exec_query("WQL", query))
    assert found and all("front1" in str(each.path) for each in found)
    assert calls.listings == 0 and calls["XMLDesc"] <= 2


@pytest.mark.parametrize("query, asked", [
    ("SELECT Name FROM Virt_ComputerSystem WHERE EnabledState = 2 OR Name = 'front1'", 0),
    ("SELECT Name FROM Virt_ComputerSystem WHERE CreationClassName = 'Virt_X'", 0),
    ("SELECT Name FROM Virt_ComputerSystem WHERE UUID = 'x'", MORE + 8),
])
def test_a_query_reads_what_it_asks_for(
    provider: Provider, calls: Calls, query: str, asked: int
) -> None:
    list(provider.exec_query("WQL", query))
    assert calls["XMLDesc"] <= asked and calls["lookupByName"] == 0


def test_what_is_drawn_from_a_pool_takes_each_document_once(
    provider: Provider, calls: Calls
) -> None:
    """However many associations lead there: libvirt has no index from pools to guests."""
    found = list(provider.associator_names(POOLS[1]))
    assert len(found) > 2 * MORE and calls.documents
    assert set(calls.documents.values()) == {1}
