# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of associators and references, and of their names."""

from __future__ import annotations

from expected import Instances, Paths, Row
from lab import (
    FRONT1,
    GUESTS,
    INSTALLED,
    MAC,
    NETWORKS,
    ODD,
    PATCHED,
    POOLS,
    SNAPSHOTS,
    SWITCH,
    SWITCHES,
    SYSTEMS,
    VDA,
    VOLUMES,
    access_points,
    definitions,
    device,
    devices,
    disk,
    endpoint,
    link,
    pool,
    rasd,
    resources,
    system,
    volume,
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
         Paths([*first, *ENDS, *access_points("front1"), vssd("front1/active"), host,
                *definitions("domain")], others=True)),
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
        (names, {"object_name": guest, "assoc_class": "CIM_LastAppliedSnapshot"},
         Paths([PATCHED])),
        (names, {"object_name": INSTALLED}, Paths([guest, PATCHED])),
        (names, {"object_name": PATCHED, "assoc_class": "Virt_ParentSnapshot",
                 "result_role": "Antecedent"}, Paths([INSTALLED])),
        (names, {"object_name": PATCHED, "assoc_class": "Virt_ParentSnapshot",
                 "result_role": "Dependent"}, Paths([])),
    ]


def of_others(name: str) -> list[Row]:
    """associator_names of devices, pools and the host, whose name is `name`."""
    names, active = "associator_names", rasd("Disk", "front1/active/vda")
    host = system(name, "Virt_HostSystem")
    return [
        (names, {"object_name": VDA},
         Paths([FRONT1, active, pool("Disk", "images"), *definitions("disk")])),
        (names, {"object_name": active},
         Paths([VDA, vssd("front1/active"), rasd("Disk", "front1/vda"), pool("Disk", "images")])),
        (names, {"object_name": rasd("Proc", "store1/active/proc"),
                 "assoc_class": "Virt_SettingsDefineState"},
         Paths([device("Virt_Processor", "store1", str(n)) for n in range(4)])),
        (names, {"object_name": host, "assoc_class": "Virt_HostedDependency"}, Paths(SYSTEMS)),
        (names, {"object_name": host, "assoc_class": "Virt_SwitchHostedDependency"},
         Paths(SWITCHES)),
        *((names, {"object_name": pool("Network", name), "assoc_class": "CIM_ConcreteComponent"},
           Paths([system(name, SWITCH)])) for name in NETWORKS),
        (names, {"object_name": host, "result_class": "CIM_ResourcePool"},
         Paths(POOLS)),
        (names, {"object_name": POOLS[1], "assoc_class": "CIM_ElementAllocatedFromPool"},
         Paths([device("Virt_Memory", name, "mem") for name in GUESTS])),
        *of_pools(name, host),
        (names, {"object_name": vssd(ODD), "assoc_class": "CIM_Component"},
         Paths(resources(ODD, GUESTS[ODD], ""))),
    ]


def of_pools(name: str, host: str) -> list[Row]:
    """associator_names of pools and volumes of a host."""
    names, logs = "associator_names", volume(name, "vglab", "front1-logs")
    drawn = {"assoc_class": "Virt_ElementAllocatedFromPool"}
    asked = {"assoc_class": "Virt_ResourceAllocationFromPool"}
    log_settings = rasd("StorageVolume", "DiskPool/vglab/front1-logs")
    return [
        (names, {"object_name": pool("Disk"), **drawn},
         Paths([pool("Disk", each) for each in VOLUMES])),
        (names, {"object_name": pool("Disk", "vglab"), **drawn},
         Paths([pool("Disk"), logs, volume(name, "vglab", "store1"), disk("front1", "vdb"),
                disk("store1", "vda")])),
        (names, {"object_name": pool("Disk", "vglab"), **asked},
         Paths([log_settings, rasd("StorageVolume", "DiskPool/vglab/store1"),
                rasd("Disk", "front1/vdb"), rasd("Disk", "front1/active/vdb"),
                rasd("Disk", "store1/vda"), rasd("Disk", "store1/active/vda")])),
        (names, {"object_name": pool("Disk", "san"), "result_class": "CIM_ManagedSystemElement"},
         Paths([host, pool("Disk")])),
        (names, {"object_name": logs}, Paths([host, pool("Disk", "vglab"), log_settings])),
        (names, {"object_name": pool("Network"), **drawn},
         Paths([pool("Network", each) for each in NETWORKS])),
        (names, {"object_name": pool("Network", "backup"), "result_class": "CIM_NetworkPort"},
         Paths([device("Virt_NetworkPort", "front1", MAC + "2"),
                device("Virt_NetworkPort", "store1", MAC + "3")])),
        (names, {"object_name": pool("Graphics"), **asked},
         Paths([rasd("Graphics", f"front1{each}/{screen}")
                for each in ("", "/active") for screen in ("vnc", "spice")])),
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
    points = [each for point in access_points("front1") for each in (
        link("Virt_HostedAccessPoint", Antecedent=FRONT1, Dependent=point),
        link("Virt_SAPAvailableForElement", AvailableSAP=point, ManagedElement=FRONT1))]
    itself = link("Virt_ElementSettingData", ManagedElement=vssd("build1"),
                  SettingData=vssd("build1"))
    def metrics(path: str, element: str) -> list[str]:
        return [link("Virt_MetricDefForME", Antecedent=path, Dependent=each)
                for each in definitions(element)]

    return [
        (names, {"object_name": FRONT1},
         Paths([*parts, *wires, *points, STATE, hosted, *metrics(FRONT1, "domain")],
               others=True)),
        (names, {"object_name": FRONT1, "result_class": "CIM_SystemDevice"}, Paths(parts)),
        (names, {"object_name": FRONT1, "role": "Dependent"}, Paths([hosted])),
        (names, {"object_name": FRONT1, "role": "dependent", "result_class": "CIM_Component"},
         Paths([])),
        (names, {"object_name": vssd("build1"), "result_class": "CIM_ElementSettingData"},
         Paths([itself])),
        (names, {"object_name": VDA},
         Paths([parts[0], link("Virt_SettingsDefineState", ManagedElement=VDA,
                               SettingData=rasd("Disk", "front1/active/vda")),
                link("Virt_ElementAllocatedFromPool", Antecedent=pool("Disk", "images"),
                     Dependent=VDA),

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
