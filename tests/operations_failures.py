# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of failures: unknown classes and namespaces, and paths of nothing."""

from __future__ import annotations

from expected import Fails, Row
from lab import FRONT1, MAC, disk, identified, link, system, text, vssd

UNKNOWN = "class CIM_NoSuchClass is not declared"
ELSEWHERE = {"namespace": "root/nowhere"}
NOWHERE = Fails(3, "namespace root/nowhere does not exist")
NONE = {"class_name": "CIM_NoSuchClass"}
SYSTEM_KEYS = {"SystemCreationClassName": "Virt_ComputerSystem", "SystemName": "front1"}
KEYS = {
    "Virt_ComputerSystem": {"CreationClassName": "Virt_ComputerSystem", "Name": "front1"},
    "Virt_LogicalDisk": {"CreationClassName": "Virt_LogicalDisk", "DeviceID": "front1/vda"},
    "Virt_NetworkPort": {"CreationClassName": "Virt_NetworkPort",
                         "DeviceID": f"front1/{MAC}1"},
    "Virt_Memory": {"CreationClassName": "Virt_Memory", "DeviceID": "front1/mem"},
    "Virt_Processor": {"CreationClassName": "Virt_Processor", "DeviceID": "front1/0"},
    "Virt_VirtualSystemSettingData": {"InstanceID": "Virt:front1"},
    "Virt_SnapshotSettingData": {"InstanceID": "Virt:front1/snapshot/base"},
    "Virt_Checkpoint": {"InstanceID": "Virt:front1/checkpoint/first"},
    "Virt_DiskResourceAllocationSettingData": {"InstanceID": "front1/vda"},
    "Virt_ProcResourceAllocationSettingData": {"InstanceID": "front1/proc"},
    "Virt_MemoryPool": {"InstanceID": "MemoryPool/0"},
    "Virt_ProcessorPool": {"InstanceID": "ProcessorPool/0"},
}


def unknown_instances() -> list[Row]:
    """Instances of what is not there."""
    return [
        ("enumerate_instances", NONE, Fails(5, UNKNOWN)),
        ("enumerate_instance_names", NONE, Fails(5, UNKNOWN)),
        ("enumerate_instances", {"class_name": "CIM_System", **ELSEWHERE}, NOWHERE),
        ("enumerate_instance_names", {"class_name": "CIM_System", **ELSEWHERE}, NOWHERE),
        ("get_instance", {"instance_name": "root/nowhere:" + FRONT1}, NOWHERE),
        ("get_instance", {"instance_name": 'CIM_NoSuchClass.Name="x"'}, Fails(5, UNKNOWN)),
        ("associators", {"object_name": 'CIM_NoSuchClass.Name="x"'}, Fails(5, UNKNOWN)),
        ("associators", {"object_name": FRONT1, "assoc_class": "CIM_NoSuchClass"},
         Fails(4, UNKNOWN)),
        ("associator_names", {"object_name": FRONT1, "result_class": "CIM_NoSuchClass"},
         Fails(4, UNKNOWN)),
        ("reference_names", {"object_name": FRONT1, "result_class": "CIM_NoSuchClass"},
         Fails(4, UNKNOWN)),
        ("associator_names", {"object_name": system("nosuch")},
         Fails(6, "No such instance (Name)")),
        ("references", {"object_name": vssd("nosuch")}, Fails(6, "No such instance (InstanceID)")),
    ]


def unknown_classes() -> list[Row]:
    """Classes and qualifiers that are not there."""
    return [
        ("get_class", NONE, Fails(6, UNKNOWN)),
        ("get_class", {"class_name": "CIM_System", **ELSEWHERE}, NOWHERE),
        ("enumerate_classes", NONE, Fails(5, UNKNOWN)),
        ("enumerate_class_names", NONE, Fails(5, UNKNOWN)),
        ("enumerate_class_names", ELSEWHERE, NOWHERE),
        ("get_qualifier", {"qualifier_name": "NoSuch"},
         Fails(6, "qualifier NoSuch is not declared")),
        ("enumerate_qualifiers", ELSEWHERE, NOWHERE),
    ]


def wrong_keys() -> list[Row]:
    """libvirt-cim's rule for every class: CIM_ERR_NOT_FOUND, `No such instance (<Key>)`."""
    found: list[Row] = []
    for name, given in KEYS.items():
        given = {**(SYSTEM_KEYS if "DeviceID" in given else {}), **given}
        for wrong in given:
            for value in ("wrong", "front1/wrong", ""):
                texts = ",".join(f"{key}={text(value if key == wrong else right)}"
                                 for key, right in given.items())
                found.append(("get_instance", {"instance_name": f"{name}.{texts}"},
                              Fails(6, f"No such instance ({wrong})")))
    return found


def wrong_paths() -> list[Row]:
    """Keys that are there, but not of one instance of that class."""
    return [
        ("get_instance", {"instance_name": 'Virt_ComputerSystem.Name="front1"'},
         Fails(6, "No such instance (CreationClassName)")),
        ("get_instance", {"instance_name": identified("Virt_MemoryPool", "ProcessorPool/0")},
         Fails(6, "No such instance (InstanceID)")),
        ("get_instance", {"instance_name": vssd("mail1/active")},  # it is off
         Fails(6, "No such instance (InstanceID)")),
        ("get_instance", {"instance_name": link(
            "Virt_SystemDevice", GroupComponent=FRONT1, PartComponent=disk("store1", "vda"))},
         Fails(6, "No such instance (GroupComponent)")),
        ("get_instance", {"instance_name": identified("CIM_MemoryPool", "MemoryPool/0")},
         Fails(5, "class CIM_MemoryPool is not declared")),
        ("get_instance", {"instance_name": identified("CIM_ResourcePool", "MemoryPool/0")},
         Fails(6, "No such instance (CIM_ResourcePool has none of its own)")),
    ]
