# SPDX-License-Identifier: LGPL-2.1-or-later
"""DomainStats and NodeStats: libvirt's numbers by their own names, for one call however many.

The test driver counts next to nothing, so what libvirt's calls give is put in their place.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from calls import Calls, counted
from small_host import GUESTS, breaking, failing, roots
from test_metrics import NUMBERS, OF_A_GUEST

from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.document import stats
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.hypervisor.statistics import now
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load
from libvirt_cim.tree import text_of

NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
ASKED = (libvirt.VIR_DOMAIN_STATS_CPU_TOTAL | libvirt.VIR_DOMAIN_STATS_BALLOON
         | libvirt.VIR_DOMAIN_STATS_VCPU | libvirt.VIR_DOMAIN_STATS_INTERFACE
         | libvirt.VIR_DOMAIN_STATS_BLOCK)
Flags = list[tuple[int, int]]


@pytest.fixture
def flags(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> Flags:
    """Give every guest NUMBERS; what the calls were asked for, but for states."""
    asked: Flags = []

    def bulk(self: Any, groups: int = 0, flags: int = 0) -> Any:
        if groups == libvirt.VIR_DOMAIN_STATS_STATE:
            return [(each, {"state.state": 1}) for each in self.listAllDomains()]
        asked.append((groups, flags))
        return [(each, NUMBERS) for each in self.listAllDomains()]

    def some(self: Any, handles: Any, groups: int = 0, flags: int = 0) -> Any:
        asked.append((groups, flags))
        return [(each, NUMBERS) for each in handles]

    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", bulk)
    monkeypatch.setattr(libvirt.virConnect, "domainListGetStats", some)
    return asked


def made(connection: Connection) -> Provider:
    return Provider(load("Virt"), lambda: Request(connection))


# the document

@pytest.mark.parametrize("numbers, document", [
    ({}, ""),
    ({"cpu.time": 1, "cpu.user": 2}, '<cpu time="1" user="2"/>'),
    ({"cpu.time": 1, "cpu.haltpoll.fail.time": 2},
     '<cpu time="1"><haltpoll><fail time="2"/></haltpoll></cpu>'),
    ({"vcpu.current": 2, "vcpu.1.time": 3, "vcpu.1.halted": False, "vcpu.0.time": 4},
     '<vcpu current="2"/><vcpu id="1" time="3" halted="no"/><vcpu id="0" time="4"/>'),
    ({"block.0.name": "vda", "block.0.rd.bytes": 1, "block.0.wr.bytes": 2, "block.1.name": "a&b"},
     '<block id="0" name="vda"><rd bytes="1"/><wr bytes="2"/></block>'
     '<block id="1" name="a&amp;b"/>'),
    ({"cpu.bank.0.part.1.bytes": 1, "cpu.bank.0.part.2.bytes": 2},
     '<cpu><bank id="0"><part id="1" bytes="1"/><part id="2" bytes="2"/></bank></cpu>'),
])
def test_a_dotted_name_is_a_place(numbers: dict[str, Any], document: str) -> None:
    root = stats("stats", {"@active": "yes", "name": "g"}, numbers)
    assert text_of(root) == f'<stats active="yes"><name>g</name>{document}</stats>'


def test_now_is_a_datetime_of_cim() -> None:
    assert re.fullmatch(r"20\d{12}\.\d{6}\+000", now())


# guests

def test_all_guests_are_one_call(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    found = roots(request.documents("DomainStats", {}, ()))
    assert set(found) == set(GUESTS)
    assert calls == {"listAllDomains": 1, "getAllDomainStats": 1}
    assert {name for name, root in found.items() if root.get("active") == "no"} == {
        "off", "sleeps"}
    assert found["runs"].find("uuid") is not None and len(found["runs"].get("time", "")) == 25
    (again,) = request.documents("DomainStats", {"/stats/name": "runs"}, ())
    assert again.root is found["runs"] and calls["domainListGetStats"] == 0


def test_one_guest_is_asked_alone(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (found,) = request.documents("DomainStats", {"/stats/name": "runs"}, ())
    assert calls == {"lookupByName": 1, "domainListGetStats": 1}
    assert list(request.documents("DomainStats", {"/stats/name": "runs"}, ())) == [found]
    assert list(request.documents("DomainStats", {"/stats/name": "none"}, ())) == []
    assert calls["domainListGetStats"] == 1
    request.forget("runs")
    (new,) = request.documents("DomainStats", {"/stats/name": "runs"}, ())
    assert new is not found and calls["domainListGetStats"] == 2


def test_only_what_there_are_metrics_of_is_asked_for(
    connection: Connection, flags: Flags
) -> None:
    list(Request(connection).documents("DomainStats", {}, ()))
    list(Request(connection).documents("DomainStats", {"/stats/name": "runs"}, ()))
    assert flags == [(ASKED, NOWAIT), (ASKED, NOWAIT)]


def test_a_driver_that_must_wait_is_waited_for(
    connection: Connection, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = failing(libvirt.VIR_ERR_INVALID_ARG)
    original = libvirt.virConnect.getAllDomainStats
    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", lambda self, groups, flags: (
        breaking(refused)() if flags else original(self, groups, flags)))
    assert set(roots(Request(connection).documents("DomainStats", {}, ()))) == set(GUESTS)
    assert calls["getAllDomainStats"] == 1


@pytest.mark.parametrize("name", ["getAllDomainStats", "domainListGetStats"])
def test_without_the_call_there_are_no_statistics(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known = {"/stats/name": "runs"} if name.startswith("domain") else {}
    monkeypatch.setattr(libvirt.virConnect, name, breaking(failing(libvirt.VIR_ERR_NO_SUPPORT)))
    assert list(Request(connection).documents("DomainStats", known, ())) == []
    monkeypatch.delattr(libvirt.virConnect, name)
    assert list(Request(connection).documents("DomainStats", known, ())) == []


def test_a_lost_connection_is_no_empty_answer(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = breaking(failing(libvirt.VIR_ERR_INTERNAL_ERROR))
    monkeypatch.setattr(libvirt.virConnect, "getAllDomainStats", broken)
    with pytest.raises(Exception, match="no luck"):
        list(Request(connection).documents("DomainStats", {}, ()))


# the price of values

def test_all_values_are_one_call(
    connection: Connection, flags: Flags, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    provider = made(connection)
    found = list(provider.enumerate_instances("Virt_BaseMetricValue"))
    assert len(found) >= len(GUESTS) * len(OF_A_GUEST)
    assert calls["getAllDomainStats"] == 1 and calls["domainListGetStats"] == 0
    assert calls["XMLDesc"] == calls["lookupByName"] == 0
    links = list(provider.enumerate_instance_names("Virt_MetricForME"))
    assert {str(each.path) for each in found} >= {str(each.keys["Dependent"]) for each in links}
    assert calls["getAllDomainStats"] == 2 and calls["XMLDesc"] == len(GUESTS)


@pytest.mark.parametrize("key", ["runs/ProcessorTime", "runs/1/VirtualProcessorTime"])
def test_one_value_and_its_element_are_one_guest(
    connection: Connection, flags: Flags, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    provider = made(connection)
    path = f'Virt_BaseMetricValue.InstanceID="{key}"'
    calls = counted(monkeypatch)
    provider.get_instance(path)
    assert calls == {"lookupByName": 1, "domainListGetStats": 1}
    calls.clear()
    (element,) = provider.associator_names(path, assoc_class="Virt_MetricForME")
    assert calls == {"lookupByName": 1, "domainListGetStats": 1, "XMLDesc": 1}
    calls.clear()
    back = [str(each) for each in
            provider.associator_names(element, assoc_class="Virt_MetricForME")]
    assert f"root/virt:{path}" in back
    assert calls == {"lookupByName": 1, "domainListGetStats": 1, "XMLDesc": 1}


# the host

def test_the_host(
    connection: Connection, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libvirt.virConnect, "getMemoryStats", lambda self, cell, flags: {
        "total": 7, "free": 5} if (cell, flags) == (-1, 0) else {})
    monkeypatch.setattr(libvirt.virConnect, "getCellsFreeMemory", lambda self, first, most: [
        1024 * (first + number) for number in range(most)])
    request = Request(connection)
    (found,) = request.documents("NodeStats", {}, ())
    assert list(request.documents("NodeStats", {}, ())) == [found]
    assert calls == {"getInfo": 1, "getHostname": 1, "getCPUStats": 1}
    root = found.root
    assert root.findtext("name") == connection.hostname and set(root.find("cpu").keys()) == {
        "user", "kernel", "idle", "iowait"}
    assert dict(root.find("memory").attrib) == {"total": "7", "free": "5"}
    assert [dict(each.attrib) for each in root.iter("cell")] == [
        {"id": "0", "free": "0"}, {"id": "1", "free": "1024"}]


def test_a_host_that_counts_nothing(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("getCPUStats", "getMemoryStats", "getCellsFreeMemory"):
        monkeypatch.setattr(libvirt.virConnect, name,
                            breaking(failing(libvirt.VIR_ERR_NO_SUPPORT)))
    (found,) = Request(connection).documents("NodeStats", {}, ())
    assert [child.tag for child in found.root] == ["name"]
    assert not list(made(connection).enumerate_instances("Virt_BaseMetricValue"))
