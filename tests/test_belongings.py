# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept of a guest, and what its agent says: how it belongs to the guest and its devices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from corpus import EXAMPLES
from enumerated import Host, answering_lab
from lab import PATCHED

import libvirt_cim
from libvirt_cim.convert import documents


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield answering_lab(monkeypatch)


PARTS = {  # a class -> the association that leads to its guest, and its role in that
    "Virt_SnapshotSettingData": ("CIM_SnapshotOfVirtualSystem", "Dependent", "Antecedent"),
    "Virt_Checkpoint": ("Virt_CheckpointOfVirtualSystem", "Dependent", "Antecedent"),
    "CIM_OperatingSystem": ("CIM_RunningOS", "Antecedent", "Dependent"),
    "CIM_FileSystem": ("CIM_HostedFileSystem", "PartComponent", "GroupComponent"),
    "CIM_IPProtocolEndpoint": ("Virt_HostedIPEndpoint", "Dependent", "Antecedent"),
}


def test_what_belongs_to_a_guest_has_one(host: Host) -> None:
    for name, (association, role, other) in PARTS.items():
        found = host.of(name)
        assert found, name
        for path in found:
            (guest,) = host.others(path, association, role, other)
            assert host.schema.is_a(guest.class_name, "CIM_ComputerSystem")


def test_a_tree_of_snapshots(host: Host) -> None:
    """Each has one parent or none, as libvirt says, and a guest has one current one at most."""
    for kind in ("Snapshot", "Checkpoint"):
        whole = "Virt_Checkpoint" if kind == "Checkpoint" else "Virt_SnapshotSettingData"
        for path in host.of(whole):
            parents = host.others(path, f"Virt_Parent{kind}", "Dependent", "Antecedent")
            said = host.provider.get_instance(path).get("Parent")
            assert [host.provider.get_instance(each)["ElementName"] for each in parents] == (
                [said] if said else [])
    for path in host.of("Virt_ComputerSystem"):
        guest = host.guests[path.keys["Name"]]
        for association, role, other in (
                ("CIM_MostCurrentSnapshotInBranch", "Antecedent", "Dependent"),
                ("CIM_LastAppliedSnapshot", "Dependent", "Antecedent")):
            current = host.others(path, association, role, other)
            assert [host.provider.get_instance(each)["ElementName"] for each in current] == (
                [guest.snapshotCurrent().getName()] if guest.hasCurrentSnapshot() else [])


def test_what_an_agent_says_is_on_the_guests_devices(host: Host) -> None:
    for path in host.of("CIM_FileSystem"):
        (extent,) = host.others(path, "CIM_ResidesOnExtent", "Dependent", "Antecedent")
        assert extent.keys["SystemName"] == path.keys["CSName"]
    for path in host.of("CIM_IPProtocolEndpoint"):
        (port,) = host.others(path, "Virt_PortImplementsIPEndpoint", "Dependent", "Antecedent")
        assert port.keys["SystemName"] == path.keys["SystemName"]


def test_a_snapshot_is_no_configuration(host: Host) -> None:
    """Offline it is a document of its own beside its guest's."""
    instances = libvirt_cim.to_cim((EXAMPLES / "test-lab.xml").read_bytes())
    snapshot = host.provider.get_instance(PATCHED)
    found = {whole.tag: text for whole, text in documents([snapshot, *instances])}
    assert found["domain"] == libvirt_cim.to_xml(instances)
    assert set(found) == {"domain", "domainsnapshot"}
