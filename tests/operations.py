# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract: operations on tests/hosts/lab.xml and what each of them must answer, as data.

One list for the provider and for every adapter. Paths are WBEM URIs without a namespace, values
plain Python; a call is a method of the provider, its arguments are pywbem's in snake_case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Union

LAB = f"test://{Path(__file__).parent / 'hosts' / 'lab.xml'}"
ODD = 'old:1 "désk"'  # a name that needs care in a path


class Paths(NamedTuple):
    """These paths, each once, and no others; or with others."""

    paths: Iterable[str]
    others: bool = False


class Instances(NamedTuple):
    """An instance for each of these paths: with these properties, and no others or with others."""

    instances: Mapping[str, Mapping[str, Any]]
    others: bool = False


class Values(NamedTuple):
    """These entries somewhere in the answer: a dotted place in it, and what stands there."""

    values: Mapping[str, Any]


class Fails(NamedTuple):
    """A CIM error: its status and text."""

    status: int
    text: str


class Operation(NamedTuple):
    """One call and what it must answer; a list is the whole answer, in any order."""

    call: str
    arguments: Mapping[str, Any]
    expected: Union[Paths, Instances, Values, Fails, list[Any]]

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.call}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"


# the lab's paths

def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def system(name: str, class_name: str = "Virt_ComputerSystem") -> str:
    """A guest."""
    return f"{class_name}.CreationClassName={_text(class_name)},Name={_text(name)}"


def device(class_name: str, guest: str, local: str) -> str:
    """A device of a guest."""
    return (f'{class_name}.CreationClassName={_text(class_name)},'
            f'DeviceID={_text(f"{guest}/{local}")},'
            f'SystemCreationClassName="Virt_ComputerSystem",SystemName={_text(guest)}')


def identified(class_name: str, text: str) -> str:
    """What has an InstanceID alone: settings, pools."""
    return f"{class_name}.InstanceID={_text(text)}"


def link(class_name: str, **ends: str) -> str:
    """An association."""
    keys = ",".join(f"{name}={_text('root/virt:' + end)}" for name, end in ends.items())
    return f"{class_name}.{keys}"


def disk(guest: str, target: str) -> str:
    """A disk."""
    return device("Virt_LogicalDisk", guest, target)


def vssd(text: str) -> str:
    """A guest's settings as a whole: its name, /active behind it."""
    return identified("Virt_VirtualSystemSettingData", f"Virt:{text}")


def rasd(kind: str, text: str) -> str:
    """The settings of one resource."""
    return identified(f"Virt_{kind}ResourceAllocationSettingData", text)


class Guest(NamedTuple):
    """What the lab says of a guest."""

    enabled: int  # EnabledState
    configurations: tuple[str, ...]  # "" is Defined, "/active" is State
    processors: int
    disks: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # what has no table of its own yet, as libvirt fills it up


BOTH, OFF = ("", "/active"), ("",)
MAC = "52:54:00:aa:00:0"
GUESTS = {
    "front1": Guest(2, BOTH, 2, ("vda", "vdb", "hda"), (MAC + "1", MAC + "2"),
                    ("controller", "graphics", "video")),
    "store1": Guest(2, BOTH, 4, ("vda",), (MAC + "3",)),
    "cache1": Guest(9, BOTH, 1, ("vda",)),
    "build1": Guest(3, OFF, 8, ("vda",)),
    "mail1": Guest(6, OFF, 2),
    "job1": Guest(2, ("/active",), 1),
    "beta1": Guest(3, BOTH, 1),
    ODD: Guest(3, OFF, 1),
}
SYSTEMS = [system(name) for name in GUESTS]
POOLS = [identified("Virt_ProcessorPool", "ProcessorPool/0"),
         identified("Virt_MemoryPool", "MemoryPool/0")]


def devices(name: str, guest: Guest) -> list[str]:
    """The devices of a guest."""
    return [
        *(disk(name, each) for each in guest.disks),
        *(device("Virt_NetworkPort", name, each) for each in guest.ports),
        *(device("Virt_Processor", name, str(each)) for each in range(guest.processors)),
        device("Virt_Memory", name, "mem"),
    ]


def resources(name: str, guest: Guest, configuration: str) -> list[str]:
    """The settings of a guest's resources."""
    return [
        *(rasd("Disk", f"{name}{configuration}/{each}") for each in guest.disks),
        *(rasd("Net", f"{name}{configuration}/{each}") for each in guest.ports),
        *(rasd("Other", f"{name}{configuration}/{each}") for each in guest.others),
        rasd("Proc", f"{name}{configuration}/proc"),
        rasd("Mem", f"{name}{configuration}/mem"),
    ]


DEVICES = [path for name, guest in GUESTS.items() for path in devices(name, guest)]
RESOURCES = [path for name, guest in GUESTS.items() for each in guest.configurations
             for path in resources(name, guest, each)]
SETTINGS = [vssd(name + each) for name, guest in GUESTS.items() for each in guest.configurations]

FRONT1 = system("front1")
VDA = disk("front1", "vda")
GIB = 1024**3
FRONT1_VDA = {
    "InstanceID": "front1/vda", "ElementName": "vda", "ResourceType": 17, "DiskType": "file",
    "EmulatedType": 0, "Address": "/srv/lab/images/front1.qcow2", "PoolID": "DiskPool/images",
    "VirtualDevice": "vda", "BusType": "virtio", "AllocationUnits": "Bytes",
    "VirtualQuantity": 20 * GIB, "readonly": False, "shareable": False,
    "DriverName": "qemu", "DriverType": "qcow2",
}


def operations(host: str) -> list[Operation]:
    """The whole contract; `host` is the name that libvirt has for this machine."""
    return [
        Operation(*each) for part in (
            _enumerations(system(host, "Virt_HostSystem")), _values(host), _gets(host),
            _associators(system(host, "Virt_HostSystem")),
            _references(system(host, "Virt_HostSystem")), _failures(), _wrong_keys(), _classes(),
            _qualifiers(),
        ) for each in part
    ]


def _enumerations(host: str) -> list[Any]:
    names = "enumerate_instance_names"
    return [
        (names, {"class_name": "Virt_ComputerSystem"}, Paths(SYSTEMS)),
        (names, {"class_name": "virt_computersystem"}, Paths(SYSTEMS)),
        (names, {"class_name": "Virt_ComputerSystem", "namespace": "root/virt"}, Paths(SYSTEMS)),
        (names, {"class_name": "Virt_ComputerSystem", "namespace": "/Root/Virt/"}, Paths(SYSTEMS)),
        (names, {"class_name": "CIM_ComputerSystem"}, Paths([*SYSTEMS, host])),
        (names, {"class_name": "CIM_System"}, Paths([*SYSTEMS, host])),
        (names, {"class_name": "CIM_LogicalDevice"}, Paths(DEVICES)),
        (names, {"class_name": "CIM_StorageExtent"},
         Paths([each for each in DEVICES if "LogicalDisk" in each or "Memory" in each])),
        (names, {"class_name": "CIM_ResourceAllocationSettingData"}, Paths(RESOURCES)),
        (names, {"class_name": "CIM_SettingData"}, Paths([*RESOURCES, *SETTINGS])),
        (names, {"class_name": "CIM_ResourcePool"}, Paths(POOLS, others=True)),
        (names, {"class_name": "CIM_ManagedElement"},
         Paths([*SYSTEMS, *DEVICES, *RESOURCES, *SETTINGS, *POOLS, host], others=True)),
        (names, {"class_name": "Virt_HostedDependency"},
         Paths([link("Virt_HostedDependency", Antecedent=host, Dependent=each)
                for each in SYSTEMS])),
        (names, {"class_name": "CIM_SystemDevice"},
         Paths([link("Virt_SystemDevice", GroupComponent=system(name), PartComponent=path)
                for name, guest in GUESTS.items() for path in devices(name, guest)])),
    ]


def _values(host: str) -> list[Any]:
    states = {system(name): {"EnabledState": guest.enabled} for name, guest in GUESTS.items()}
    named = {system(name): {"Name": name} for name in GUESTS}
    every, all_ = "enumerate_instances", "Virt_ComputerSystem"
    return [
        (every, {"class_name": all_, "property_list": ["EnabledState"]}, Instances(states)),
        (every, {"class_name": all_, "property_list": ["enabledstate", "NoSuchProperty"]},
         Instances(states)),
        (every, {"class_name": all_, "property_list": []},
         Instances({path: {} for path in states})),
        (every, {"class_name": "CIM_ComputerSystem", "property_list": ["Name"]},
         Instances({**named, system(host, "Virt_HostSystem"): {"Name": host}})),
        (every, {"class_name": all_}, Instances(states, others=True)),
        (every, {"class_name": "CIM_ManagedElement", "property_list": ["Reservation"],
                 "namespace": "root/virt"},
         Instances({rasd("Mem", "front1/mem"): {"Reservation": 2097152}}, others=True)),
        (every, {"class_name": "CIM_LogicalDevice", "deep_inheritance": False,
                 "property_list": ["Name", "Access", "NumberOfBlocks", "DeviceID"]},
         Instances({VDA: {"Name": "vda", "DeviceID": "front1/vda"}}, others=True)),
        (every, {"class_name": "CIM_StorageExtent", "deep_inheritance": False},
         Instances({VDA: {"Name": "vda", "Access": 3}}, others=True)),
        (every, {"class_name": "CIM_LogicalDevice", "deep_inheritance": True,
                 "property_list": ["Access", "NumberOfBlocks"]},
         Instances({VDA: {"Access": 3}, disk("front1", "hda"): {"Access": 1},
                    device("Virt_Memory", "store1", "mem"): {"NumberOfBlocks": 2097152}},
                   others=True)),
        (every, {"class_name": "Virt_ElementSettingData",
                 "property_list": ["IsDefault", "IsCurrent", "IsNext"]},
         Instances({
             link("Virt_ElementSettingData", ManagedElement=vssd("front1/active"),
                  SettingData=vssd("front1")): {"IsDefault": 1, "IsCurrent": 2, "IsNext": 1},
             link("Virt_ElementSettingData", ManagedElement=vssd("build1"),
                  SettingData=vssd("build1")): {"IsDefault": 1, "IsCurrent": 1, "IsNext": 1},
         }, others=True)),
    ]


def _gets(host: str) -> list[Any]:
    uuid = "a4f3c1d2-0000-4000-8000-000000000001"
    live = rasd("Disk", "front1/active/vda")
    table = {
        FRONT1: {
            "CreationClassName": "Virt_ComputerSystem", "Name": "front1", "ElementName": "front1",
            "UUID": uuid, "Caption": f"Virtual System (Console on vnc://{host}:5901)",
            "Description": "Virtual System", "EnabledState": 2, "RequestedState": 0,
            "HealthState": 5, "OperationalStatus": [2], "OperatingStatus": 32768,
            "OtherIdentifyingInfo": ["Virtual System", "Virt Virtual System", uuid],
            "IdentifyingDescriptions": ["Type", "Model", "UUID"]},
        VDA: {
            "SystemCreationClassName": "Virt_ComputerSystem", "SystemName": "front1",
            "CreationClassName": "Virt_LogicalDisk", "DeviceID": "front1/vda", "Name": "vda",
            "ElementName": "vda", "HealthState": 5, "Access": 3},
        rasd("Disk", "front1/vda"): FRONT1_VDA,
        live: {**FRONT1_VDA, "InstanceID": "front1/active/vda"},
        rasd("Proc", "store1/proc"): {
            "InstanceID": "store1/proc", "ElementName": "proc", "ResourceType": 3,
            "PoolID": "ProcessorPool/0", "AllocationUnits": "count", "VirtualQuantity": 4,
            "Weight": 2048},
        rasd("Mem", "store1/mem"): {
            "InstanceID": "store1/mem", "ElementName": "mem", "ResourceType": 4,
            "PoolID": "MemoryPool/0", "AllocationUnits": "KiloBytes", "Limit": 8388608,
            "VirtualQuantity": 4194304, "Reservation": 4194304},
        device("Virt_Processor", "store1", "3"): {
            "SystemCreationClassName": "Virt_ComputerSystem", "SystemName": "store1",
            "CreationClassName": "Virt_Processor", "DeviceID": "store1/3"},
        system(host, "Virt_HostSystem"): {
            "CreationClassName": "Virt_HostSystem", "Name": host, "ElementName": host},
        POOLS[1]: {
            "InstanceID": "MemoryPool/0", "PoolID": "MemoryPool/0", "ElementName": "MemoryPool/0",
            "ResourceType": 4, "Primordial": True, "AllocationUnits": "byte*2^10",
            "ConsumedResourceUnits": "byte*2^10", "Capacity": 268435456, "Reserved": 8388608,
            "CurrentlyConsumedResource": 8388608},
    }
    disk_of_pool = {"PoolID": "DiskPool/vglab", "VirtualQuantity": 40 * GIB}
    narrowed = [
        (vssd("front1"), ["Title", "BootDevices", "VirtualSystemIdentifier"],
         {"Title": "Front end", "BootDevices": ["hd"], "VirtualSystemIdentifier": "front1"}),
        (vssd(ODD), ["InstanceID", "ElementName"],
         {"InstanceID": f"Virt:{ODD}", "ElementName": ODD}),
        (vssd("job1"), ["InstanceID"], {"InstanceID": "Virt:job1"}),  # transient: the plain id too
        (rasd("Mem", "job1/mem"), ["Limit"], {"Limit": 524288}),
        (vssd("mail1"), ["AutoStart"], {"AutoStart": 0}),
        (rasd("Disk", "store1/vda"), list(disk_of_pool), disk_of_pool),
        (rasd("Net", f"front1/{MAC}2"), ["PoolID", "NetworkName", "NetworkType"],
         {"PoolID": "NetworkPool/backup", "NetworkName": "virbr8", "NetworkType": "bridge"}),
        (device("Virt_NetworkPort", "store1", MAC + "3"), ["NetworkAddresses", "LinkTechnology"],
         {"NetworkAddresses": [MAC + "3"], "LinkTechnology": 2}),
        (rasd("Proc", "front1/proc"), ["VirtualQuantity"], {"VirtualQuantity": 4}),
        (rasd("Proc", "front1/active/proc"), ["VirtualQuantity"], {"VirtualQuantity": 2}),
        (FRONT1, [], {}),
        ("root/virt:" + FRONT1, ["Name"], {"Name": "front1"}),
        (FRONT1.replace("Virt_ComputerSystem.C", "virt_COMPUTERsystem.c"), ["name"],
         {"Name": "front1"}),
        (link("Virt_SystemDevice", GroupComponent=FRONT1, PartComponent=VDA), None,
         {"GroupComponent": FRONT1, "PartComponent": VDA}),
    ]
    return [
        *(("get_instance", {"instance_name": path}, Instances({path: values}))
          for path, values in table.items()),
        *(("get_instance", {"instance_name": path, "property_list": wanted},
           Instances({path: values})) for path, wanted, values in narrowed),
    ]


def _associators(host: str) -> list[Any]:
    names, front = "associator_names", GUESTS["front1"]
    first = devices("front1", front)
    active = rasd("Disk", "front1/active/vda")
    ports = [each for each in first if "NetworkPort" in each]
    device_of = {"object_name": FRONT1, "assoc_class": "Virt_SystemDevice"}
    return [
        (names, {"object_name": FRONT1}, Paths([*first, vssd("front1/active"), host])),
        (names, device_of, Paths(first)),
        (names, {**device_of, "assoc_class": "CIM_Component"}, Paths(first)),
        (names, {**device_of, "role": "GroupComponent"}, Paths(first)),
        (names, {**device_of, "role": "partcomponent"}, Paths([])),
        (names, {**device_of, "role": "NoSuchRole"}, Paths([])),
        (names, {**device_of, "result_role": "PARTCOMPONENT"}, Paths(first)),
        (names, {**device_of, "result_role": "GroupComponent"}, Paths([])),
        (names, {**device_of, "result_class": "CIM_NetworkPort"}, Paths(ports)),
        (names, {**device_of, "result_class": "CIM_SettingData"}, Paths([])),
        (names, {"object_name": FRONT1, "result_class": "CIM_SettingData"},
         Paths([vssd("front1/active")])),
        (names, {"object_name": VDA}, Paths([FRONT1, active])),
        (names, {"object_name": active}, Paths([VDA, vssd("front1/active"),
                                                rasd("Disk", "front1/vda")])),
        (names, {"object_name": rasd("Proc", "store1/active/proc"),
                 "assoc_class": "Virt_SettingsDefineState"},
         Paths([device("Virt_Processor", "store1", str(n)) for n in range(4)])),
        (names, {"object_name": vssd("build1"), "assoc_class": "CIM_ElementSettingData"},
         Paths([vssd("build1")])),
        (names, {"object_name": vssd("front1"), "assoc_class": "CIM_ElementSettingData",
                 "role": "SettingData"}, Paths([vssd("front1/active")])),
        (names, {"object_name": vssd("front1"), "assoc_class": "CIM_ElementSettingData",
                 "role": "ManagedElement"}, Paths([])),
        (names, {"object_name": vssd("job1/active"), "assoc_class": "CIM_ElementSettingData"},
         Paths([])),
        (names, {"object_name": host, "assoc_class": "CIM_HostedDependency"}, Paths(SYSTEMS)),
        (names, {"object_name": host, "result_class": "CIM_ResourcePool"},
         Paths(POOLS, others=True)),
        (names, {"object_name": POOLS[1], "assoc_class": "CIM_ElementAllocatedFromPool"},
         Paths([device("Virt_Memory", name, "mem") for name in GUESTS])),
        (names, {"object_name": vssd(ODD), "assoc_class": "CIM_Component"},
         Paths(resources(ODD, GUESTS[ODD], ""))),
        ("associators", {**device_of, "result_class": "CIM_LogicalDisk",
                         "property_list": ["Name", "Access"]},
         Instances({VDA: {"Name": "vda", "Access": 3},
                    disk("front1", "vdb"): {"Name": "vdb", "Access": 3},
                    disk("front1", "hda"): {"Name": "hda", "Access": 1}})),
        ("associators", {"object_name": vssd("front1"), "property_list": ["ResourceType"],
                         "assoc_class": "Virt_VirtualSystemSettingDataComponent",
                         "result_class": "Virt_DiskResourceAllocationSettingData"},
         Instances({rasd("Disk", f"front1/{each}"): {"ResourceType": 17}
                    for each in front.disks})),
        ("associators", {"object_name": rasd("Disk", "front1/vda"),
                         "result_class": "CIM_VirtualSystemSettingData", "property_list": []},
         Instances({vssd("front1"): {}})),
    ]


def _references(host: str) -> list[Any]:
    names = "reference_names"
    hosted = link("Virt_HostedDependency", Antecedent=host, Dependent=FRONT1)
    state = link("Virt_SettingsDefineState", ManagedElement=FRONT1,
                 SettingData=vssd("front1/active"))
    parts = [link("Virt_SystemDevice", GroupComponent=FRONT1, PartComponent=each)
             for each in devices("front1", GUESTS["front1"])]
    itself = link("Virt_ElementSettingData", ManagedElement=vssd("build1"),
                  SettingData=vssd("build1"))
    return [
        (names, {"object_name": FRONT1}, Paths([*parts, state, hosted])),
        (names, {"object_name": FRONT1, "result_class": "CIM_SystemDevice"}, Paths(parts)),
        (names, {"object_name": FRONT1, "role": "Dependent"}, Paths([hosted])),
        (names, {"object_name": FRONT1, "role": "dependent", "result_class": "CIM_Component"},
         Paths([])),
        (names, {"object_name": vssd("build1"), "result_class": "CIM_ElementSettingData"},
         Paths([itself])),
        (names, {"object_name": VDA},
         Paths([parts[0], link("Virt_SettingsDefineState", ManagedElement=VDA,
                               SettingData=rasd("Disk", "front1/active/vda"))])),
        ("references", {"object_name": FRONT1, "result_class": "CIM_SettingsDefineState"},
         Instances({state: {"ManagedElement": FRONT1, "SettingData": vssd("front1/active")}})),
        ("references", {"object_name": FRONT1, "role": "Dependent",
                        "property_list": ["Antecedent"]},
         Instances({hosted: {"Antecedent": host}})),
    ]


def _failures() -> list[Any]:
    unknown = "class CIM_NoSuchClass is not declared"
    elsewhere = {"namespace": "root/nowhere"}
    nowhere = Fails(3, "namespace root/nowhere does not exist")
    none = {"class_name": "CIM_NoSuchClass"}
    return [
        ("enumerate_instances", none, Fails(5, unknown)),
        ("enumerate_instance_names", none, Fails(5, unknown)),
        ("enumerate_instances", {"class_name": "CIM_System", **elsewhere}, nowhere),
        ("enumerate_instance_names", {"class_name": "CIM_System", **elsewhere}, nowhere),
        ("get_instance", {"instance_name": "root/nowhere:" + FRONT1}, nowhere),
        ("get_instance", {"instance_name": 'CIM_NoSuchClass.Name="x"'}, Fails(5, unknown)),
        ("associators", {"object_name": 'CIM_NoSuchClass.Name="x"'}, Fails(5, unknown)),
        ("associators", {"object_name": FRONT1, "assoc_class": "CIM_NoSuchClass"},
         Fails(4, unknown)),
        ("associator_names", {"object_name": FRONT1, "result_class": "CIM_NoSuchClass"},
         Fails(4, unknown)),
        ("reference_names", {"object_name": FRONT1, "result_class": "CIM_NoSuchClass"},
         Fails(4, unknown)),
        ("associator_names", {"object_name": system("nosuch")},
         Fails(6, "No such instance (Name)")),
        ("references", {"object_name": vssd("nosuch")}, Fails(6, "No such instance (InstanceID)")),
        ("get_class", none, Fails(6, unknown)),
        ("get_class", {"class_name": "CIM_System", **elsewhere}, nowhere),
        ("enumerate_classes", none, Fails(5, unknown)),
        ("enumerate_class_names", none, Fails(5, unknown)),
        ("enumerate_class_names", elsewhere, nowhere),
        ("get_qualifier", {"qualifier_name": "NoSuch"},
         Fails(6, "qualifier NoSuch is not declared")),
        ("enumerate_qualifiers", elsewhere, nowhere),
    ]


def _wrong_keys() -> list[Any]:
    """libvirt-cim's rule for every class: CIM_ERR_NOT_FOUND, `No such instance (<Key>)`."""
    keys = {"SystemCreationClassName": "Virt_ComputerSystem", "SystemName": "front1"}
    whole = {
        "Virt_ComputerSystem": {"CreationClassName": "Virt_ComputerSystem", "Name": "front1"},
        "Virt_LogicalDisk": {"CreationClassName": "Virt_LogicalDisk", "DeviceID": "front1/vda"},
        "Virt_NetworkPort": {"CreationClassName": "Virt_NetworkPort",
                             "DeviceID": f"front1/{MAC}1"},
        "Virt_Memory": {"CreationClassName": "Virt_Memory", "DeviceID": "front1/mem"},
        "Virt_Processor": {"CreationClassName": "Virt_Processor", "DeviceID": "front1/0"},
        "Virt_VirtualSystemSettingData": {"InstanceID": "Virt:front1"},
        "Virt_DiskResourceAllocationSettingData": {"InstanceID": "front1/vda"},
        "Virt_ProcResourceAllocationSettingData": {"InstanceID": "front1/proc"},
        "Virt_MemoryPool": {"InstanceID": "MemoryPool/0"},
        "Virt_ProcessorPool": {"InstanceID": "ProcessorPool/0"},
    }
    found = []
    for name, given in whole.items():
        given = {**(keys if "DeviceID" in given else {}), **given}
        for wrong in given:
            for value in ("wrong", "front1/wrong", ""):
                texts = ",".join(f"{key}={_text(value if key == wrong else text)}"
                                 for key, text in given.items())
                found.append(("get_instance", {"instance_name": f"{name}.{texts}"},
                              Fails(6, f"No such instance ({wrong})")))
    return [
        *found,
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


def _classes() -> list[Any]:
    disk_class = {"class_name": "Virt_LogicalDisk"}
    mapped = {
        "superclass": "CIM_LogicalDisk",
        "qualifiers.MappingStrings": ["DomainXML.libvirt|/domain/devices/disk"],
        "qualifiers.Version": "1.0.0",
        "properties.Access.type": "uint16", "properties.Access.array": False,
        "properties.Access.qualifiers.MappingStrings": ["boolean(readonly)"],
        "properties.Access.qualifiers.ValueMap": ["1", "3"],
        "properties.DeviceID.qualifiers.Key": True,
        "properties.DeviceID.qualifiers.MappingStrings": ["{/domain/name}/{target/@dev}"],
        "properties.HealthState.default": 5,
    }
    return [
        ("get_class", {**disk_class, "local_only": False, "include_class_origin": True},
         Values({**mapped, "properties.Access.origin": "Virt_LogicalDisk",
                 "properties.StatusInfo.origin": "CIM_LogicalDevice",
                 "methods.RequestStateChange.type": "uint32",
                 "methods.RequestStateChange.origin": "CIM_EnabledLogicalElement"})),
        ("get_class", {**disk_class, "local_only": True},
         Values({**mapped, "properties.StatusInfo": None, "properties.Access.origin": None})),
        ("get_class", disk_class, Values({**mapped, "properties.StatusInfo": None})),
        ("get_class", {**disk_class, "include_qualifiers": False},
         Values({"qualifiers": {}, "properties.Access.qualifiers": {}})),
        ("get_class", {**disk_class, "property_list": ["access"], "local_only": False},
         Values({"properties.Access.type": "uint16", "properties.DeviceID": None})),
        ("get_class", {**disk_class, "property_list": []}, Values({"properties": {}})),
        ("get_class", {"class_name": "virt_systemdevice"},
         Values({"class": "Virt_SystemDevice", "qualifiers.Association": True,
                 "properties.PartComponent.type": "reference",
                 "properties.PartComponent.class": "CIM_LogicalDevice"})),
        ("get_class", {"class_name": "CIM_SettingData"},
         Values({"superclass": "CIM_ManagedElement", "qualifiers.Abstract": True})),
        ("get_class", {"class_name": "Virt_ProcessorPool"},  # Abstract is not passed on
         Values({"superclass": "CIM_ResourcePool", "qualifiers.Abstract": None})),
        ("enumerate_class_names", {"class_name": "CIM_StorageExtent"},
         ["CIM_LogicalDisk", "CIM_Memory"]),
        ("enumerate_class_names", {"class_name": "CIM_StorageExtent", "deep_inheritance": True},
         ["CIM_LogicalDisk", "CIM_Memory", "Virt_LogicalDisk", "Virt_Memory"]),
        ("enumerate_class_names", {"class_name": "Virt_LogicalDisk"}, []),
        ("enumerate_classes", {"class_name": "CIM_LogicalDisk", "local_only": True},
         Values({"0.class": "Virt_LogicalDisk",
                 **{f"0.{place}": value for place, value in mapped.items()}})),
        ("enumerate_classes", {"class_name": "CIM_StorageExtent", "deep_inheritance": True,
                               "local_only": False, "include_qualifiers": False},
         Values({"0.class": "CIM_LogicalDisk", "0.properties.Access.type": "uint16",
                 "3.class": "Virt_Memory", "3.qualifiers": {}, "4": None})),
    ]


def _qualifiers() -> list[Any]:
    key = {"qualifier": "Key", "type": "boolean", "array": False, "value": False,
           "scopes": ["PROPERTY", "REFERENCE"],
           "flavors": {"overridable": False, "tosubclass": True, "toinstance": False,
                       "translatable": False}}
    own = {"qualifier": "Virt_Tokens", "type": "string", "array": True, "value": None,
           "scopes": ["PROPERTY"],
           "flavors": {"overridable": True, "tosubclass": True, "toinstance": False,
                       "translatable": False}}
    everywhere = ["ASSOCIATION", "CLASS", "INDICATION", "METHOD", "PARAMETER", "PROPERTY",
                  "REFERENCE"]
    return [
        ("get_qualifier", {"qualifier_name": "Key"}, Values(key)),
        ("get_qualifier", {"qualifier_name": "virt_tokens"}, Values(own)),
        ("get_qualifier", {"qualifier_name": "MappingStrings"},
         Values({"array": True, "scopes": everywhere, "flavors.overridable": True})),
        ("get_qualifier", {"qualifier_name": "Version"},
         Values({"flavors.tosubclass": False, "flavors.translatable": True})),
        ("enumerate_qualifiers", {"namespace": "root/virt"}, Values({"0.qualifier": "Abstract"})),
    ]
