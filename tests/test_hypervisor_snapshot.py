# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots and checkpoints as documents: what is added to them, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Calls
from small_host import breaking, failing

from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load

SNAPSHOT = "<domainsnapshot><name>{}</name></domainsnapshot>"
CHECKPOINT = "<domaincheckpoint><name>{}</name></domaincheckpoint>"
DISK = """<domain type='test'><name>disk</name><memory>2048</memory>
<os><type arch='x86_64'>hvm</type></os>
<devices><disk type='file'><source file='/a'/><target dev='vda'/></disk></devices></domain>"""
NAMES = ["a/b %2F", "first", "third"]  # in order; libvirt lists them in any
CURRENT = "third"


@pytest.fixture
def request_(connection: Connection, calls: Calls) -> Request:
    """A request on a host whose guest `runs` has three snapshots, a new guest `disk` two points."""
    host = connection.handle
    for name in NAMES:
        host.lookupByName("runs").snapshotCreateXML(SNAPSHOT.format(name))
    guest = host.createXML(DISK)
    for name in ("one", "two"):
        guest.checkpointCreateXML(CHECKPOINT.format(name))
    calls.clear()
    return Request(connection)


def provider(request: Request) -> Provider:
    """The provider of that one request."""
    return Provider(load("Virt"), lambda: request)


def said(request: Request, kind: str, **known: str) -> dict[str, dict[str, str]]:
    """The attributes of the documents of a kind, by their names."""
    root = {"SnapshotXML": "domainsnapshot", "CheckpointXML": "domaincheckpoint"}[kind]
    texts = {f"/{root}/{'@guest' if name == 'guest' else name}": text
             for name, text in known.items()}
    found = list(request.documents(kind, texts, ()))
    return {each.root.findtext("name"): dict(each.root.attrib) for each in found}


def test_all_snapshots(request_: Request, calls: Calls) -> None:
    expected = {name: {"guest": "runs", "current": "yes" if name == CURRENT else "no"}
                for name in NAMES}
    assert said(request_, "SnapshotXML") == expected
    once = {"listAllDomains": 2, "listAllSnapshots": 1, "snapshotCurrent": 1,
            "Snapshot.getXMLDesc": 3}
    assert calls == once  # two listings: all guests, and those that have snapshots
    assert said(request_, "SnapshotXML") == expected and calls == once


def test_one_snapshot(request_: Request, calls: Calls) -> None:
    one = {"guest": "runs", "name": "a/b %2F"}
    assert said(request_, "SnapshotXML", **one) == {
        "a/b %2F": {"guest": "runs", "current": "no"}}
    assert calls == {"lookupByName": 1, "snapshotLookupByName": 1, "snapshotCurrent": 1,
                     "Snapshot.getXMLDesc": 1}
    assert said(request_, "SnapshotXML", guest="runs", name="none") == {}
    assert said(request_, "SnapshotXML", guest="none", name="first") == {}
    assert said(request_, "SnapshotXML", guest="runs", name="\ud800") == {}
    assert said(request_, "SnapshotXML", guest="off") == {}


def test_all_checkpoints(request_: Request, calls: Calls) -> None:
    assert said(request_, "CheckpointXML") == {"one": {"guest": "disk"}, "two": {"guest": "disk"}}
    assert calls == {"listAllDomains": 2, "listAllCheckpoints": 1, "Checkpoint.getXMLDesc": 2}
    assert said(request_, "CheckpointXML", guest="disk", name="two") == {"two": {"guest": "disk"}}
    assert said(request_, "CheckpointXML", guest="disk", name="no\nne") == {}


def test_names_need_no_document(request_: Request, calls: Calls) -> None:
    found = provider(request_).enumerate_instance_names("Virt_SnapshotSettingData")
    keys = [f"Virt:runs/snapshot/{name}" for name in NAMES]
    assert sorted(each.keys["InstanceID"] for each in found) == keys
    assert calls == {"listAllDomains": 2, "listAllSnapshots": 1}
    for key in keys:
        path = f'Virt_SnapshotSettingData.InstanceID="{key}"'
        assert provider(request_).get_instance(path)["InstanceID"] == key


def test_a_listing_that_libvirt_lacks(
    request_: Request, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then every guest is asked."""
    original = libvirt.virConnect.listAllDomains

    def refusing(self: Any, flags: int = 0) -> Any:
        if flags:
            raise failing(libvirt.VIR_ERR_INVALID_ARG)
        return original(self, flags)

    monkeypatch.setattr(libvirt.virConnect, "listAllDomains", refusing)
    assert sorted(said(request_, "SnapshotXML")) == NAMES
    assert calls["listAllSnapshots"] == 7


@pytest.mark.parametrize("code", ["NO_DOMAIN_SNAPSHOT", "NO_SUPPORT"])
def test_a_snapshot_that_goes_meanwhile(
    request_: Request, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    original = libvirt.virDomainSnapshot.getXMLDesc

    def going(self: Any, flags: int = 0) -> str:
        if self.getName() == "first":
            raise failing(getattr(libvirt, f"VIR_ERR_{code}"))
        return str(original(self, flags))

    monkeypatch.setattr(libvirt.virDomainSnapshot, "getXMLDesc", going)
    assert sorted(said(request_, "SnapshotXML")) == ["a/b %2F", "third"]


def test_a_driver_without_snapshots(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = breaking(failing(libvirt.VIR_ERR_NO_SUPPORT))
    monkeypatch.setattr(libvirt.virDomain, "listAllSnapshots", broken)
    assert said(request_, "SnapshotXML") == {}


def test_what_was_written_is_asked_again(request_: Request) -> None:
    known = {"guest": "runs"}
    assert sorted(said(request_, "SnapshotXML", **known)) == NAMES
    guest = request_.connection.handle.lookupByName("runs")
    guest.snapshotLookupByName("first").delete()
    request_.forget("runs")
    assert sorted(said(request_, "SnapshotXML", **known)) == ["a/b %2F", "third"]
    assert said(request_, "SnapshotXML", guest="runs", name="first") == {}


@pytest.mark.parametrize("class_name", [
    "Virt_ComputerSystem", "Virt_VirtualSystemSettingData", "CIM_LogicalDevice",
    "CIM_ResourceAllocationSettingData", "CIM_SettingsDefineState", "CIM_Component",
])
def test_what_is_not_about_snapshots_asks_for_none(
    request_: Request, calls: Calls, class_name: str
) -> None:
    assert list(provider(request_).enumerate_instances(class_name))
    assert not [name for name in calls if "napshot" in name or "heckpoint" in name]


def test_a_guests_snapshots_cost_its_own_calls(request_: Request, calls: Calls) -> None:
    """Seen from the guest no other guest is asked, and the guests are not listed."""
    path = 'Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="runs"'
    found = provider(request_).associator_names(path, "CIM_SnapshotOfVirtualSystem")
    assert len(list(found)) == len(NAMES)
    assert calls == {"lookupByName": 1, "XMLDesc": 1, "listAllSnapshots": 1, "snapshotCurrent": 1,
                     "Snapshot.getXMLDesc": 3}
