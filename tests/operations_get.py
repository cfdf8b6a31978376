# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of get_instance: what the lab's instances are, whole or some properties of them."""

from __future__ import annotations

from typing import Any, Optional

from expected import Instances, Row
from lab import (
    FRONT1,
    GIB,
    INSTALLED,
    MAC,
    ODD,
    PATCHED,
    POOLS,
    TIME,
    VDA,
    device,
    identified,
    link,
    pool,
    rasd,
    system,
    volume,
    vssd,
)

UUID = "a4f3c1d2-0000-4000-8000-000000000001"
GUEST = {
    "CreationClassName": "Virt_ComputerSystem", "Name": "front1", "ElementName": "front1",
    "UUID": UUID, "Description": "Virtual System", "EnabledState": 2, "RequestedState": 0,
    "HealthState": 5, "OperationalStatus": [2], "OperatingStatus": 32768,
    "OtherIdentifyingInfo": ["Virtual System", "Virt Virtual System", UUID],
    "IdentifyingDescriptions": ["Type", "Model", "UUID"],
}
MEASURED = identified("Virt_BaseMetricValue", "Host/HostUserTime")
FRONT1_VDA = {
    "InstanceID": "front1/vda", "ElementName": "vda", "ResourceType": 17, "DiskType": "file",
    "EmulatedType": 0, "Address": "/srv/lab/images/front1.qcow2", "PoolID": "DiskPool/images",
    "VirtualDevice": "vda", "BusType": "virtio", "AllocationUnits": "Bytes",
    "VirtualQuantity": 20 * GIB, "readonly": False, "shareable": False,
    "DriverName": "qemu", "DriverType": "qcow2",
}
WHOLE: dict[str, dict[str, Any]] = {
    VDA: {
        "SystemCreationClassName": "Virt_ComputerSystem", "SystemName": "front1",
        "CreationClassName": "Virt_LogicalDisk", "DeviceID": "front1/vda", "Name": "vda",
        "ElementName": "vda", "HealthState": 5, "Access": 3},
    rasd("Disk", "front1/vda"): FRONT1_VDA,
    rasd("Disk", "front1/active/vda"): {**FRONT1_VDA, "InstanceID": "front1/active/vda"},
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
    PATCHED: {
        "InstanceID": f"Virt:{ODD}/snapshot/patched", "VirtualSystemIdentifier": ODD,
        "VirtualSystemType": "libvirt:Virt:Snapshot:Realized", "ElementName": "patched",
        "Caption": "Snapshot", "CreationTime": "20140513165320.000000+000", "State": "shutoff",
        "Current": True, "Parent": "installed", "MemorySnapshot": "no"},
    POOLS[1]: {
        "InstanceID": "MemoryPool/0", "PoolID": "MemoryPool/0", "ElementName": "MemoryPool/0",
        "ResourceType": 4, "Primordial": True, "AllocationUnits": "byte*2^10",
        "ConsumedResourceUnits": "byte*2^10", "Capacity": 268435456, "Reserved": 8388608,
        "CurrentlyConsumedResource": 8388608},
    MEASURED: {
        "InstanceID": "Host/HostUserTime", "ElementName": "HostUserTime",
        "MetricDefinitionId": "Virt:HostUserTime", "MetricValue": "9797400000", "Volatile": True},
    identified("Virt_MetricServiceCapabilities", "MetricServiceCapabilities"): {
        "InstanceID": "MetricServiceCapabilities", "ElementName": "MetricServiceCapabilities",
        "ElementNameEditSupported": False},
    'Virt_BaseMetricDefinition.Id="Virt:HostCellMemoryFree"': {
        "Id": "Virt:HostCellMemoryFree", "Name": "Free memory of a NUMA cell",
        "ElementName": "Free memory of a NUMA cell", "DataType": 13, "Calculable": 2,
        "IsContinuous": True, "Units": "byte", "ProgrammaticUnits": "byte", "ChangeType": 4,
        "TimeScope": 2, "GatheringType": 4, "BreakdownDimensions": ["NUMA cell"]},
}
WHOLE_POOLS: dict[str, dict[str, Any]] = {
    pool("Disk"): {
        "InstanceID": "DiskPool/0", "PoolID": "DiskPool/0", "ElementName": "DiskPool/0",
        "ResourceType": 17, "Primordial": True, "AllocationUnits": "Megabytes",
        "ConsumedResourceUnits": "Megabytes"},
    pool("Disk", "isos"): {
        "InstanceID": "DiskPool/isos", "PoolID": "DiskPool/isos", "ElementName": "isos",
        "Caption": "isos", "UUID": "a4f3c1d2-0000-4000-8000-000000000033", "ResourceType": 17,
        "OtherResourceType": "netfs", "ResourceSubType": "netfs", "Primordial": False,
        "AllocationUnits": "Megabytes", "ConsumedResourceUnits": "Megabytes",
        "Capacity": 102400, "Reserved": 0, "Available": 102399,
        "OperationalStatus": [2], "HealthState": 5,
        "Autostart": 0, "Persistent": True, "Path": "/srv/lab/isos", "Host": "nas.example.com",
        "SourceDirectory": "/export/isos", "SourceFormat": "nfs"},
    pool("Network", "lab"): {
        "InstanceID": "NetworkPool/lab", "PoolID": "NetworkPool/lab", "ElementName": "lab",
        "Caption": "Bridge: virbr7", "UUID": "a4f3c1d2-0000-4000-8000-000000000021",
        "ResourceType": 10, "ResourceSubType": "nat", "Primordial": False,
        "OperationalStatus": [2], "Autostart": 0, "Persistent": True},
    pool("Controller"): {
        "InstanceID": "ControllerPool/0", "PoolID": "ControllerPool/0",
        "ElementName": "ControllerPool/0", "ResourceType": 1, "OtherResourceType": "controller",
        "Primordial": True},
    rasd("StorageVolume", "DiskPool/images/build1.qcow2"): {
        "InstanceID": "DiskPool/images/build1.qcow2", "ResourceType": 32768,
        "PoolID": "DiskPool/images", "VolumeType": "file", "VolumeName": "build1.qcow2",
        "ElementName": "build1.qcow2", "Path": "/srv/lab/images/build1.qcow2",
        "Address": "/srv/lab/images/build1.qcow2", "Format": "qcow2", "FormatType": 2,
        "AllocationUnits": "Bytes", "Capacity": 40 * GIB, "VirtualQuantity": 40 * GIB,
        "AllocationQuantity": GIB, "Reservation": GIB,
        "BackingPath": "/srv/lab/images/front1.qcow2", "BackingFormat": "qcow2"},
}
DISK_OF_POOL = {"PoolID": "DiskPool/vglab", "VirtualQuantity": 40 * GIB}
NARROWED: list[tuple[str, Optional[list[str]], dict[str, Any]]] = [
    (vssd("front1"), ["Title", "BootDevices", "VirtualSystemIdentifier"],
     {"Title": "Front end", "BootDevices": ["hd"], "VirtualSystemIdentifier": "front1"}),
    (vssd(ODD), ["InstanceID", "ElementName"],
     {"InstanceID": f"Virt:{ODD}", "ElementName": ODD}),
    (vssd("job1"), ["InstanceID"], {"InstanceID": "Virt:job1"}),  # transient: the plain id too
    (rasd("Mem", "job1/mem"), ["Limit"], {"Limit": 524288}),
    (vssd("mail1"), ["AutoStart"], {"AutoStart": 0}),
    (rasd("Disk", "store1/vda"), list(DISK_OF_POOL), DISK_OF_POOL),
    (rasd("Net", f"front1/{MAC}2"), ["PoolID", "NetworkName", "NetworkType"],
     {"PoolID": "NetworkPool/backup", "NetworkName": "virbr8", "NetworkType": "bridge"}),
    (device("Virt_NetworkPort", "store1", MAC + "3"), ["NetworkAddresses", "LinkTechnology"],
     {"NetworkAddresses": [MAC + "3"], "LinkTechnology": 2}),
    (rasd("Proc", "front1/proc"), ["VirtualQuantity"], {"VirtualQuantity": 4}),
    (rasd("Proc", "front1/active/proc"), ["VirtualQuantity"], {"VirtualQuantity": 2}),
    (INSTALLED, ["Current", "Parent"], {"Current": False}),
    (FRONT1, [], {}),
    ("root/virt:" + FRONT1, ["Name"], {"Name": "front1"}),
    (FRONT1.replace("Virt_ComputerSystem.C", "virt_COMPUTERsystem.c"), ["name"],
     {"Name": "front1"}),
    (link("Virt_SystemDevice", GroupComponent=FRONT1, PartComponent=VDA), None,
     {"GroupComponent": FRONT1, "PartComponent": VDA}),
]


def gets(host: str) -> list[Row]:
    """get_instance; `host` is the host's name."""
    whole = {
        FRONT1: {**GUEST, "Caption": f"Virtual System (Console on vnc://{host}:5901)"},
        **WHOLE, **WHOLE_POOLS,
        MEASURED: {**WHOLE[MEASURED], "MeasuredElementName": host, "TimeStamp": TIME},
        volume(host, "isos", "rescue.qcow2"): {
            "SystemCreationClassName": "Virt_HostSystem", "SystemName": host,
            "CreationClassName": "Virt_StorageVolume", "DeviceID": "isos/rescue.qcow2",
            "ElementName": "rescue.qcow2", "Name": "/srv/lab/isos/rescue.qcow2",
            "OtherIdentifyingInfo": ["/srv/lab/isos/rescue.qcow2"], "BlockSize": 1,
            "NumberOfBlocks": GIB, "Allocation": 3072, "VolumeType": "file", "Format": "qcow2"},
        system(host, "Virt_HostSystem"): {
            "CreationClassName": "Virt_HostSystem", "Name": host, "ElementName": host,
            "EnabledState": 2, "RequestedState": 12, "OperationalStatus": [0], "HealthState": 0,
            "Arch": "i686", "Vendor": "Example Ltd", "HardwareVersion": "1",
            "SerialNumber": "LAB-0001"},
    }
    return [
        *(("get_instance", {"instance_name": path}, Instances({path: values}))
          for path, values in whole.items()),
        *(("get_instance", {"instance_name": path, "property_list": wanted},
           Instances({path: values})) for path, wanted, values in NARROWED),
    ]
