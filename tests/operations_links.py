# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of associators and references, and of their names."""

from __future__ import annotations

from expected import Instances, Paths, Row
from lab import (
    FRONT1,
    GUESTS,
    INSTALLED,
    ODD,
    PATCHED,
    POOLS,
    SNAPSHOTS,
    SWITCHES,
    SYSTEMS,
    VDA,
    definitions,
    device,
    devices,
    disk,
    endpoint,
    link,
    rasd,
    resources,
    system,
    vssd,
)

DEVICE_OF = {"object_name": FRONT1, "assoc_class": "Virt_SystemDevice"}
ENDS = [endpoint("front1", each) for each in GUESTS["front1"].ports]
STATE = link("Virt_SettingsDefineState", ManagedElement=FRONT1, SettingData=vssd("front1/active"))


def of_a_guest(host: str) -> list[Row]:
    """associator_names of a guest; `host` is the host's path."""
    names = "associator_names"
    first = devices("front1", GUESTS["front1"])
    ports = [each for each in first if "NetworkPort" in each]
    return [
        (names, {"object_name": FRONT1},
         Paths([*first, *ENDS, vssd("front1/active"), host, *definitions("domain")],
               others=True)),
        (names, DEVICE_OF, Paths(first)),
        (names, {**DEVICE_OF, "assoc_class": "CIM_Component"}, Paths(first)),
        (names, {**DEVICE_OF, "role": "GroupComponent"}, Paths(first)),
        (names, {**DEVICE_OF, "role": "partcomponent"}, Paths([])),
        (names, {**DEVICE_OF, "role": "NoSuchRole"}, Paths([])),
        (names, {**DEVICE_OF, "result_role": "PARTCOMPONENT"}, Paths(first)),
        (names, {**DEVICE_OF, "result_role": "GroupComponent"}, Paths([])),
        (names, {**DEVICE_OF, "result_class": "CIM_NetworkPort"}, Paths(ports)),
        (names, {**DEVICE_OF, "result_class": "CIM_SettingData"}, Paths([])),
        (names, {"object_name": FRONT1, "result_class": "CIM_SettingData"},
         Paths([vssd("front1/active")])),
    ]


def of_settings() -> list[Row]:
    """associator_names of settings, the state's and those that are next."""
    names = "associator_names"
    return [
        (names, {"object_name": vssd("build1"), "assoc_class": "CIM_ElementSettingData"},
         Paths([vssd("build1")])),
        (names, {"object_name": vssd("front1"), "assoc_class": "CIM_ElementSettingData",
                 "role": "SettingData"}, Paths([vssd("front1/active")])),
        (names, {"object_name": vssd("front1"), "assoc_class": "CIM_ElementSettingData",
                 "role": "ManagedElement"}, Paths([])),
        (names, {"object_name": vssd("job1/active"), "assoc_class": "CIM_ElementSettingData"},
         Paths([])),
    ]


def of_snapshots() -> list[Row]:
    """associator_names of snapshots and their guest."""
    names, guest = "associator_names", system(ODD)
    return [
        (names, {"object_name": guest, "assoc_class": "CIM_SnapshotOfVirtualSystem"},
         Paths(SNAPSHOTS)),
        (names, {"object_name": guest, "assoc_class": "CIM_MostCurrentSnapshotInBranch"},
         Paths([PATCHED])),
        (names, {"object_name": INSTALLED}, Paths([guest, PATCHED])),
        (names, {"object_name": PATCHED, "assoc_class": "Virt_ParentSnapshot",
                 "result_role": "Antecedent"}, Paths([INSTALLED])),
        (names, {"object_name": PATCHED, "assoc_class": "Virt_ParentSnapshot",
                 "result_role": "Dependent"}, Paths([])),
    ]


def of_others(host: str) -> list[Row]:
    """associator_names of devices, pools and the host."""
    names, active = "associator_names", rasd("Disk", "front1/active/vda")
    return [
        (names, {"object_name": VDA}, Paths([FRONT1, active, *definitions("disk")])),
        (names, {"object_name": active}, Paths([VDA, vssd("front1/active"),
                                                rasd("Disk", "front1/vda")])),
        (names, {"object_name": rasd("Proc", "store1/active/proc"),
                 "assoc_class": "Virt_SettingsDefineState"},
         Paths([device("Virt_Processor", "store1", str(n)) for n in range(4)])),
        (names, {"object_name": host, "assoc_class": "Virt_HostedDependency"}, Paths(SYSTEMS)),
        (names, {"object_name": host, "assoc_class": "Virt_SwitchHostedDependency"},
         Paths(SWITCHES)),
        (names, {"object_name": host, "result_class": "CIM_ResourcePool"},
         Paths(POOLS, others=True)),
        (names, {"object_name": POOLS[1], "assoc_class": "CIM_ElementAllocatedFromPool"},
         Paths([device("Virt_Memory", name, "mem") for name in GUESTS])),
        (names, {"object_name": vssd(ODD), "assoc_class": "CIM_Component"},
         Paths(resources(ODD, GUESTS[ODD], ""))),
    ]


def associator_instances() -> list[Row]:
    """associators."""
    return [
        ("associators", {**DEVICE_OF, "result_class": "CIM_LogicalDisk",
                         "property_list": ["Name", "Access"]},
         Instances({VDA: {"Name": "vda", "Access": 3},
                    disk("front1", "vdb"): {"Name": "vdb", "Access": 3},
                    disk("front1", "hda"): {"Name": "hda", "Access": 1}})),
        ("associators", {"object_name": vssd("front1"), "property_list": ["ResourceType"],
                         "assoc_class": "Virt_VirtualSystemSettingDataComponent",
                         "result_class": "Virt_DiskResourceAllocationSettingData"},
         Instances({rasd("Disk", f"front1/{each}"): {"ResourceType": 17}
                    for each in GUESTS["front1"].disks})),
        ("associators", {"object_name": rasd("Disk", "front1/vda"),
                         "result_class": "CIM_VirtualSystemSettingData", "property_list": []},
         Instances({vssd("front1"): {}})),
    ]


def references(host: str) -> list[Row]:
    """reference_names; `host` is the host's path."""
    names = "reference_names"
    hosted = link("Virt_HostedDependency", Antecedent=host, Dependent=FRONT1)
    parts = [link("Virt_SystemDevice", GroupComponent=FRONT1, PartComponent=each)
             for each in devices("front1", GUESTS["front1"])]
    wires = [link("Virt_HostedLANEndpoint", Antecedent=FRONT1, Dependent=each) for each in ENDS]
    itself = link("Virt_ElementSettingData", ManagedElement=vssd("build1"),
                  SettingData=vssd("build1"))
    def metrics(path: str, element: str) -> list[str]:
        return [link("Virt_MetricDefForME", Antecedent=path, Dependent=each)
                for each in definitions(element)]

    return [
        (names, {"object_name": FRONT1},
         Paths([*parts, *wires, STATE, hosted, *metrics(FRONT1, "domain")], others=True)),
        (names, {"object_name": FRONT1, "result_class": "CIM_SystemDevice"}, Paths(parts)),
        (names, {"object_name": FRONT1, "role": "Dependent"}, Paths([hosted])),
        (names, {"object_name": FRONT1, "role": "dependent", "result_class": "CIM_Component"},
         Paths([])),
        (names, {"object_name": vssd("build1"), "result_class": "CIM_ElementSettingData"},
         Paths([itself])),
        (names, {"object_name": VDA},
         Paths([parts[0], link("Virt_SettingsDefineState", ManagedElement=VDA,
                               SettingData=rasd("Disk", "front1/active/vda")),
                *metrics(VDA, "disk")])),
    ]


def reference_instances(host: str) -> list[Row]:
    """references; `host` is the host's path."""
    hosted = link("Virt_HostedDependency", Antecedent=host, Dependent=FRONT1)
    return [
        ("references", {"object_name": FRONT1, "result_class": "CIM_SettingsDefineState"},
         Instances({STATE: {"ManagedElement": FRONT1, "SettingData": vssd("front1/active")}})),
        ("references", {"object_name": FRONT1, "role": "Dependent",
                        "property_list": ["Antecedent"]},
         Instances({hosted: {"Antecedent": host}})),
    ]
