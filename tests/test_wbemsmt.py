# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an existing client does: the virtual machines application of SBLIM's WBEM SMT, as it reads.

It begins in root/PG_InterOp, follows associations and looks at few properties. Its order is kept
here; it goes through pywbem and knows nothing else of us. Its methods are not here yet.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from lab import GUESTS, LAB

import libvirt_cim
from libvirt_cim.adapter.pywbem import Connection

INTEROP = "root/PG_InterOp"
LOOKED_FOR = {"System Virtualization", "Virtual System Profile", "Virtual System Migration"}
VALUE_ROLES, VALUE_RANGES = {0, 3}, {0, 1, 2, 3}


@pytest.fixture(scope="module")
def wbem() -> Connection:
    found = libvirt_cim.adapter.pywbem.connect(LAB)
    found.default_namespace = INTEROP
    return found


@pytest.fixture(scope="module")
def profiles(wbem: Connection) -> dict[str, Any]:
    """The profiles of DMTF that it knows, in version 1.0.0 or later."""
    return {
        each["RegisteredName"]: each for each in wbem.EnumerateInstances("CIM_RegisteredProfile")
        if each["RegisteredOrganization"] == 2 and each["RegisteredName"] in LOOKED_FOR
        and tuple(map(int, each["RegisteredVersion"].split("."))) >= (1, 0, 0)
    }


@pytest.fixture(scope="module")
def host(wbem: Connection, profiles: dict[str, Any]) -> Any:
    """The host that keeps to System Virtualization."""
    (found,) = wbem.Associators(
        profiles["System Virtualization"].path, AssocClass="CIM_ElementConformsToProfile",
        ResultClass="CIM_ComputerSystem")
    return found.path


@pytest.fixture(scope="module")
def guests(wbem: Connection, host: Any) -> list[Any]:
    """The systems of the host that keep to Virtual System themselves; a switch does not."""
    found: list[Any] = wbem.Associators(host, AssocClass="CIM_HostedDependency",
                                        ResultClass="CIM_ComputerSystem")
    return [each for each in found
            if wbem.AssociatorNames(each.path, AssocClass="CIM_ElementConformsToProfile")]


def test_profiles(profiles: dict[str, Any]) -> None:
    assert set(profiles) == LOOKED_FOR


def test_the_host_leads_to_the_guests(
    wbem: Connection, profiles: dict[str, Any], guests: list[Any]
) -> None:
    assert {each["Name"] for each in guests} == set(GUESTS)
    for guest in guests:
        assert guest["ElementName"] and guest["EnabledState"] is not None
        assert guest["RequestedState"] is not None and guest["Caption"]
        found = wbem.AssociatorNames(guest.path, AssocClass="CIM_ElementConformsToProfile")
        ids = [each["InstanceID"] for each in found]
        assert ids == [profiles["Virtual System Profile"]["InstanceID"]]


@pytest.mark.parametrize("class_name", [
    "CIM_VirtualSystemManagementService", "CIM_VirtualSystemMigrationService",
    "CIM_VirtualSystemSnapshotService",
])
def test_services_are_hosted(wbem: Connection, host: Any, class_name: str) -> None:
    assert len(wbem.Associators(host, AssocClass="CIM_HostedService",
                                ResultClass=class_name)) == 1


def test_capabilities_of_the_host(wbem: Connection, host: Any) -> None:
    links = wbem.References(host, ResultClass="CIM_ElementCapabilities", Role="ManagedElement")
    assert all(2 in each["Characteristics"] for each in links)
    found = {name: each for each in wbem.Associators(host, AssocClass="CIM_ElementCapabilities")
             for name in [each.classname.partition("_")[2]]}
    management = found["VirtualSystemManagementCapabilities"]
    assert management["VirtualSystemTypesSupported"] == ["Virt"]
    assert set(management.get("SynchronousMethodsSupported") or ()) <= set(range(2, 11))
    assert found["VirtualSystemMigrationCapabilities"]


def test_capabilities_of_a_guest(wbem: Connection, guests: list[Any]) -> None:
    for guest in guests:
        (found,) = wbem.Associators(guest.path, AssocClass="CIM_ElementCapabilities",
                                    ResultClass="CIM_EnabledLogicalElementCapabilities")
        assert set(found.get("RequestedStatesSupported") or ()) <= {2, 3, 4, 6, 9, 10, 11}
        assert found["ElementNameEditSupported"] is False


def test_pools(wbem: Connection, host: Any) -> None:
    pools = {each["InstanceID"]: each for each in wbem.Associators(
        host, AssocClass="CIM_HostedResourcePool", ResultClass="CIM_ResourcePool")}
    assert {"MemoryPool/0", "ProcessorPool/0"} <= set(pools)
    for each in pools.values():
        assert each["PoolID"] == each["InstanceID"] and each["ResourceType"] is not None
        for capabilities in wbem.Associators(each.path, AssocClass="CIM_ElementCapabilities"):
            assert capabilities["ResourceType"] == each["ResourceType"]
            links = wbem.References(capabilities.path,
                                    ResultClass="CIM_SettingsDefineCapabilities")
            assert {each["ValueRole"] for each in links} <= VALUE_ROLES
            assert {each["ValueRange"] for each in links} <= VALUE_RANGES


def test_settings(wbem: Connection, guests: list[Any]) -> None:
    for guest in guests:
        (state,) = wbem.Associators(guest.path, AssocClass="CIM_SettingsDefineState",
                                    ResultClass="CIM_VirtualSystemSettingData")
        assert state["VirtualSystemIdentifier"] == guest["Name"]
        assert state["VirtualSystemType"] and state["ElementName"]
        parts = wbem.Associators(state.path, AssocClass="CIM_VirtualSystemSettingDataComponent",
                                 ResultClass="CIM_ResourceAllocationSettingData")
        ids = {each["InstanceID"] for each in parts}
        assert all(re.match(re.escape(guest["Name"]) + "/", each) for each in ids)
        for each in wbem.References(state.path, ResultClass="CIM_ElementSettingData",
                                    Role="ManagedElement"):
            assert {each["IsDefault"], each["IsNext"]} == {1} and each["IsCurrent"] in (1, 2)


def test_devices_have_one_setting_each(wbem: Connection, guests: list[Any]) -> None:
    for guest in guests:
        devices = wbem.Associators(guest.path, AssocClass="CIM_SystemDevice")
        memory = [each for each in devices if each.classname.endswith("_Memory")]
        assert [bool(each["BlockSize"] * each["NumberOfBlocks"]) for each in memory] == [True]
        for device in devices:
            (setting,) = wbem.Associators(device.path, AssocClass="CIM_SettingsDefineState",
                                          ResultClass="CIM_ResourceAllocationSettingData")
            assert setting["ResourceType"] is not None
        (memory_setting,) = wbem.Associators(memory[0].path, AssocClass="CIM_SettingsDefineState")
        assert memory_setting["AllocationUnits"] in ("KiloBytes", "byte*2^10")
        assert memory_setting["VirtualQuantity"] and memory_setting["Reservation"]
