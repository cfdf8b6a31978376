# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of enumerate_instance_names and enumerate_instances."""

from __future__ import annotations

from expected import Instances, Paths, Row, Values
from lab import (
    DEVICES,
    GUESTS,
    NETWORKS,
    POOLS,
    RESOURCES,
    SETTINGS,
    SNAPSHOTS,
    STORED_SETTINGS,
    SWITCH_SETTINGS,
    SWITCHES,
    SYSTEMS,
    TEMPLATES,
    VDA,
    device,
    devices,
    disk,
    link,
    rasd,
    switch_ports,
    system,
    volumes,
    vssd,
)


def names(name: str) -> list[Row]:
    """enumerate_instance_names; `name` is the host's name."""
    call, host, held = "enumerate_instance_names", system(name, "Virt_HostSystem"), volumes(name)
    return [
        (call, {"class_name": "Virt_ComputerSystem"}, Paths(SYSTEMS)),
        (call, {"class_name": "virt_computersystem"}, Paths(SYSTEMS)),
        (call, {"class_name": "Virt_ComputerSystem", "namespace": "root/virt"}, Paths(SYSTEMS)),
        (call, {"class_name": "Virt_ComputerSystem", "namespace": "/Root/Virt/"}, Paths(SYSTEMS)),
        (call, {"class_name": "CIM_ComputerSystem"}, Paths([*SYSTEMS, *SWITCHES, host])),
        (call, {"class_name": "CIM_System"}, Paths([*SYSTEMS, *SWITCHES, host])),
        (call, {"class_name": "CIM_LogicalDevice"},
         Paths([*DEVICES, *held, *(port for _, port in switch_ports())])),
        (call, {"class_name": "CIM_StorageExtent"},
         Paths([*held, *(each for each in DEVICES
                         if "LogicalDisk" in each or "Memory" in each)])),
        (call, {"class_name": "CIM_ResourceAllocationSettingData"},
         Paths([*RESOURCES, *TEMPLATES, *STORED_SETTINGS])),
        (call, {"class_name": "CIM_AllocationCapabilities"},
         Paths([each.replace(each.partition(".")[0], "Virt_AllocationCapabilities")
                for each in POOLS])),
        (call, {"class_name": "CIM_SettingData"},
         Paths([*RESOURCES, *SETTINGS, *SNAPSHOTS, *SWITCH_SETTINGS, *STORED_SETTINGS],
               others=True)),
        (call, {"class_name": "CIM_VirtualSystemSettingData"},
         Paths([*SETTINGS, *SNAPSHOTS, *SWITCH_SETTINGS])),
        (call, {"class_name": "Virt_VirtualSystemSettingData"}, Paths(SETTINGS)),
        (call, {"class_name": "CIM_ResourcePool"}, Paths(POOLS)),
        (call, {"class_name": "CIM_ManagedElement"},
         Paths([*SYSTEMS, *DEVICES, *RESOURCES, *SETTINGS, *SNAPSHOTS, *POOLS, host], others=True)),
        (call, {"class_name": "Virt_HostedDependency"},
         Paths([link("Virt_HostedDependency", Antecedent=host, Dependent=each)
                for each in SYSTEMS])),
        (call, {"class_name": "CIM_SystemDevice"},
         Paths([link("Virt_SystemDevice", GroupComponent=system(name), PartComponent=path)
                for name, guest in GUESTS.items() for path in devices(name, guest)] + [
                    link("Virt_SwitchSystemDevice", GroupComponent=switch, PartComponent=port)
                    for switch, port in switch_ports()] + [
                    link("Virt_SystemDevice", GroupComponent=host, PartComponent=each)
                    for each in held])),
    ]


def values(host: str) -> list[Row]:
    """enumerate_instances; `host` is the host's name."""
    states = {system(name): {"EnabledState": guest.enabled} for name, guest in GUESTS.items()}
    named = {system(name): {"Name": name} for name in GUESTS}
    every, all_ = "enumerate_instances", "Virt_ComputerSystem"
    return [
        (every, {"class_name": all_}, Instances(states, others=True)),
        (every, {"class_name": all_, "property_list": ["EnabledState"]}, Instances(states)),
        (every, {"class_name": all_, "property_list": ["enabledstate", "NoSuchProperty"]},
         Instances(states)),
        (every, {"class_name": all_, "property_list": []},
         Instances({path: {} for path in states})),
        (every, {"class_name": "CIM_ComputerSystem", "property_list": ["Name"]},
         Instances({**named, **{path: {"Name": name} for path, name in zip(SWITCHES, NETWORKS)},
                    system(host, "Virt_HostSystem"): {"Name": host}})),
        (every, {"class_name": "CIM_ManagedElement", "property_list": ["Reservation"],
                 "namespace": "root/virt"},
         Instances({rasd("Mem", "front1/mem"): {"Reservation": 2097152}}, others=True)),
    ]


def inheritance() -> list[Row]:
    """enumerate_instances: whose properties are there, a superclass's or all."""
    every = "enumerate_instances"
    return [
        (every, {"class_name": "CIM_LogicalDevice", "deep_inheritance": False,
                 "property_list": ["Name", "Access", "NumberOfBlocks", "DeviceID"]},
         Instances({VDA: {"Name": "vda", "DeviceID": "front1/vda"}}, others=True)),
        (every, {"class_name": "CIM_StorageExtent", "deep_inheritance": False},
         Instances({VDA: {"Name": "vda", "Access": 3}}, others=True)),
        (every, {"class_name": "Virt_VirtualSystemSettingData", "deep_inheritance": False,
                 "property_list": None}, Values({"0.properties.UnmappedXML": None})),
        (every, {"class_name": "CIM_LogicalDevice", "deep_inheritance": True,
                 "property_list": ["Access", "NumberOfBlocks"]},
         Instances({VDA: {"Access": 3}, disk("front1", "hda"): {"Access": 1},
                    device("Virt_Memory", "store1", "mem"): {"NumberOfBlocks": 2097152}},
                   others=True)),
    ]


def links() -> list[Row]:
    """enumerate_instances of an association that has properties."""
    every = "enumerate_instances"
    return [
        (every, {"class_name": "Virt_ElementSettingData",
                 "property_list": ["IsDefault", "IsCurrent", "IsNext"]},
         Instances({
             link("Virt_ElementSettingData", ManagedElement=vssd("front1/active"),
                  SettingData=vssd("front1")): {"IsDefault": 1, "IsCurrent": 2, "IsNext": 1},
             link("Virt_ElementSettingData", ManagedElement=vssd("build1"),
                  SettingData=vssd("build1")): {"IsDefault": 1, "IsCurrent": 1, "IsNext": 1},
         }, others=True)),
    ]
