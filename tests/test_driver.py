# SPDX-License-Identifier: LGPL-2.1-or-later
"""Driver: what the provider says of the lab is what libvirt says, and what it says of mistakes."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest
from lab import GUESTS, LAB, MORE_GUEST, POOLS, crowd, device, identified, rasd, system, vssd

import libvirt_cim
from libvirt_cim.cim import Error, Instance, Path, Status
from libvirt_cim.hypervisor import ahead
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.provider import Provider


@pytest.fixture
def connection() -> Connection:
    return Connection(LAB)


def the(provider: Provider, name: str, class_name: str = "Virt_ComputerSystem") -> Instance:
    """The instance of a guest or of what has that InstanceID."""
    whole = system(name, class_name) if "System." in f"{class_name}." else ""
    return provider.get_instance(whole or identified(class_name, name))


# values

STATES = {  # virDomainState -> EnabledState, HealthState, OperationalStatus; -1: memory saved
    libvirt.VIR_DOMAIN_RUNNING: (2, 5, 2), libvirt.VIR_DOMAIN_PAUSED: (9, 5, 2),
    libvirt.VIR_DOMAIN_SHUTOFF: (3, 0, 15), libvirt.VIR_DOMAIN_CRASHED: (3, 20, 6), -1: (6, 0, 15),
}


def state(guest: Any) -> int:
    """A guest's state as libvirt says it now."""
    if not guest.isActive() and guest.hasManagedSaveImage(0):
        return -1
    return int(guest.state(0)[0])


def shown(instance: Instance) -> tuple[Any, ...]:
    """What an instance says of its guest's state."""
    return instance["EnabledState"], instance["HealthState"], *instance["OperationalStatus"]


def test_states(provider: Provider, host: Any) -> None:
    found = {each["Name"]: shown(each)
             for each in provider.enumerate_instances("Virt_ComputerSystem")}
    assert found == {each.name(): STATES[state(each)] for each in host.listAllDomains()}
    assert {found[name][0] for name in GUESTS} == {2, 3, 6, 9}
    for name, values in found.items():
        assert shown(the(provider, name)) == values


@pytest.mark.parametrize("name, change", [
    ("front1", "suspend"), ("cache1", "resume"), ("build1", "create"), ("front1", "destroy"),
    ("store1", "managedSave"), ("mail1", "managedSaveRemove"), ("front1", "shutdown"),
])
def test_a_change_of_state_is_seen(provider: Provider, host: Any, name: str, change: str) -> None:
    guest = host.lookupByName(name)
    before = shown(the(provider, name))
    getattr(guest, change)(*([0] if change.startswith("managed") else []))
    after = shown(the(provider, name))
    assert after == STATES[state(guest)] != before
    by_walk = {each["Name"]: shown(each)
               for each in provider.enumerate_instances("Virt_ComputerSystem")}
    assert by_walk[name] == after


def test_memory(provider: Provider, host: Any) -> None:
    host.lookupByName("store1").setMemory(2097152)
    for guest in host.listAllDomains():
        most, now = guest.info()[1:3]
        device_ = provider.get_instance(device("Virt_Memory", guest.name(), "mem"))
        assert device_["NumberOfBlocks"] * device_["BlockSize"] == most * 1024
        assert device_["ConsumableBlocks"] * device_["BlockSize"] == now * 1024
        active = "/active" if guest.isActive() else ""
        setting = provider.get_instance(rasd("Mem", f"{guest.name()}{active}/mem"))
        assert setting["AllocationUnits"] == "KiloBytes"
        assert (setting["Limit"], setting["VirtualQuantity"], setting["Reservation"]) == (
            most, now, now)
    assert provider.get_instance(rasd("Mem", "store1/active/mem"))["VirtualQuantity"] == 2097152
    assert provider.get_instance(rasd("Mem", "store1/mem"))["VirtualQuantity"] == 4194304


def test_processors(provider: Provider, host: Any) -> None:
    host.lookupByName("store1").setVcpus(3)
    counts: dict[str, int] = {}
    for each in provider.enumerate_instance_names("Virt_Processor"):
        counts[each.keys["SystemName"]] = counts.get(each.keys["SystemName"], 0) + 1
    for guest in host.listAllDomains():
        live = guest.isActive()
        flag = libvirt.VIR_DOMAIN_AFFECT_LIVE if live else libvirt.VIR_DOMAIN_AFFECT_CONFIG
        assert counts[guest.name()] == guest.vcpusFlags(flag)
        setting = provider.get_instance(
            rasd("Proc", f"{guest.name()}{'/active' if live else ''}/proc"))
        assert setting["VirtualQuantity"] == guest.vcpusFlags(flag)
    assert counts["store1"] == 3 and counts["front1"] == 2


def test_volumes(provider: Provider, host: Any) -> None:
    seen = 0
    wanted = ["Address", "PoolID", "VirtualQuantity", "InstanceID"]
    for each in provider.enumerate_instances("Virt_DiskResourceAllocationSettingData",
                                             property_list=wanted):
        if each["InstanceID"].startswith("DiskPool/"):
            continue  # it says what a pool can give
        if each["Address"].startswith("/"):
            volume = host.storageVolLookupByPath(each["Address"])
        else:
            pool, name = each["Address"].split("/")
            volume = host.storagePoolLookupByName(pool).storageVolLookupByName(name)
        assert each["VirtualQuantity"] == volume.info()[1]
        assert each["PoolID"] == f"DiskPool/{volume.storagePoolLookupByVolume().name()}"
        seen += 1
    assert seen == 11
    host.storageVolLookupByPath("/srv/lab/images/cache1.raw").delete()
    gone = provider.get_instance(rasd("Disk", "cache1/vda"))
    assert gone.get("VirtualQuantity") is None and gone.get("PoolID") is None
    host.storagePoolLookupByName("images").createXML(
        "<volume><name>cache1.raw</name><capacity unit='MiB'>7</capacity></volume>")
    assert provider.get_instance(rasd("Disk", "cache1/vda"))["VirtualQuantity"] == 7 * 2**20


def test_pools_of_the_host(provider: Provider, host: Any) -> None:
    memory, processors = (provider.get_instance(POOLS[index]) for index in (1, 0))
    running = [each.info()[2] for each in host.listAllDomains() if each.isActive()]
    assert memory["Reserved"] == memory["CurrentlyConsumedResource"] == sum(running)
    assert memory["Capacity"] == host.getInfo()[1] * 1024 == 268435456
    assert processors["Capacity"] == host.getInfo()[2] == 60
    host.lookupByName("build1").create()
    assert provider.get_instance(POOLS[1])["Reserved"] == sum(running) + 4194304


def test_autostart(provider: Provider, host: Any) -> None:
    host.lookupByName("build1").setAutostart(True)
    name = "Virt_VirtualSystemSettingData"
    found = {each["ElementName"]: each["AutoStart"] for each in provider.enumerate_instances(
        name, property_list=["ElementName", "AutoStart"])}
    assert found == {each.name(): each.autostart() for each in host.listAllDomains()}
    assert the(provider, "Virt:build1", name)["AutoStart"] == 1
    assert the(provider, "Virt:build1", name)["AutomaticStartupAction"] == 4


def test_the_host(provider: Provider, host: Any) -> None:
    (found,) = provider.enumerate_instances("Virt_HostSystem")
    assert found["Name"] == found["ElementName"] == host.getHostname()


def test_each_operation_sees_what_is_there_now(provider: Provider, host: Any) -> None:
    host.lookupByName("build1").undefine()
    with pytest.raises(Error, match=r"^No such instance \(Name\)$"):
        the(provider, "build1")
    host.defineXML(MORE_GUEST.format("x"))
    assert the(provider, "morex")["EnabledState"] == 3
    host.lookupByName("morex").rename("morey", 0)
    assert the(provider, "morey") and vssd("morex") not in {
        str(each) for each in provider.enumerate_instance_names("Virt_VirtualSystemSettingData")}


# what goes wrong

@pytest.mark.parametrize("class_name", ["CIM_ManagedElement", "Virt_LogicalDisk", "CIM_Component"])
def test_a_guest_that_vanishes_is_skipped(
    provider: Provider, host: Any, class_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "ROW", 4)
    crowd(host)
    found = iter(provider.enumerate_instances(class_name))
    kept = re.findall(r"more\d+", str(next(found).path))[:1]
    for guest in host.listAllDomains():
        if guest.name().startswith("more") and guest.name() not in kept:
            if guest.isActive():
                guest.destroy()
            guest.undefine()
    rest = [str(each.path) for each in found]
    seen = {name for each in rest for name in re.findall(r"more\d+", each)}
    assert len(seen - set(kept)) <= 4  # those whose documents were at hand
    assert any("front1" in each for each in rest)


def test_a_guest_that_vanishes_from_associators_is_skipped(provider: Provider, host: Any) -> None:
    (hosted,) = provider.enumerate_instance_names("Virt_HostSystem")
    found: Iterator[Instance] = iter(provider.associators(
        hosted, assoc_class="Virt_HostedDependency"))
    first = next(found)
    for guest in host.listAllDomains():
        if guest.name() != first["Name"]:
            if guest.isActive():
                guest.destroy()
            if guest.name() != "job1":  # it is gone with its run
                guest.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                                    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    assert not list(found)


@pytest.mark.parametrize("uri", ["nosuch:///system", "test:///no/such/file.xml", "a\0b",
                                 "qemu+unix:///system?socket=/no/such/socket"])
def test_a_wrong_uri_is_one_clear_error(uri: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Error) as raised:
        list(libvirt_cim.connect(uri).enumerate_instances("CIM_System"))
    assert raised.value.status == Status.FAILED
    shown_uri = repr(uri) if "\0" in uri else uri
    assert raised.value.text.startswith(f"cannot connect to {shown_uri}: ")
    assert "\n" not in raised.value.text
    assert "libvirt" not in capfd.readouterr().err  # the test driver's XML parser prints its own


def test_a_path_is_as_good_as_its_text(provider: Provider) -> None:
    for each in provider.enumerate_instance_names("CIM_ManagedElement"):
        assert isinstance(each, Path)
        assert provider.get_instance(each) == provider.get_instance(str(each))


# memory

def test_a_request_leaves_nothing_that_waits_to_be_collected(provider: Provider) -> None:
    """What it had is let go with it: documents are large, and Python is slow to find rings."""
    def asked() -> None:
        guest = provider.get_instance(system("front1")).path or ""
        for found in (provider.associators(guest), provider.references(guest),
                      provider.enumerate_instances("CIM_SettingData"),
                      provider.enumerate_instances("CIM_BaseMetricValue")):
            assert list(found)

    asked()  # what is compiled once stays
    gc.collect()
    gc.disable()
    try:
        asked()
        assert gc.collect() == 0
    finally:
        gc.enable()
