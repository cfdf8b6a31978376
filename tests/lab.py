# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab, tests/hosts/lab.xml: its guests and what it has, by their paths.

Paths are WBEM URIs without a namespace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

LAB = f"test://{Path(__file__).parent / 'hosts' / 'lab.xml'}"
TIME = "20270102030405.678901+000"  # at which everything is read: the clock stands still
ODD = 'old:1 "désk"'  # a name that needs care in a path


GUEST = """<domain type='{}'><name>{}</name><memory>65536</memory>
<os><type arch='x86_64'>hvm</type></os></domain>"""


def guest(name: str, kind: str = "test") -> str:
    """The document of a guest."""
    return GUEST.format(kind, name)


def text(value: str) -> str:
    """A value as a path has it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def system(name: str, class_name: str = "Virt_ComputerSystem") -> str:
    """A guest."""
    return f"{class_name}.CreationClassName={text(class_name)},Name={text(name)}"


def device(class_name: str, guest: str, local: str) -> str:
    """A device of a guest."""
    return (f'{class_name}.CreationClassName={text(class_name)},'
            f'DeviceID={text(f"{guest}/{local}")},'
            f'SystemCreationClassName="Virt_ComputerSystem",SystemName={text(guest)}')


def identified(class_name: str, id_: str) -> str:
    """What has an InstanceID alone: settings, pools."""
    return f"{class_name}.InstanceID={text(id_)}"


def link(class_name: str, **ends: str) -> str:
    """An association."""
    keys = ",".join(f"{name}={text('root/virt:' + end)}" for name, end in ends.items())
    return f"{class_name}.{keys}"


def volume(host: str, pool: str, name: str) -> str:
    """A volume of a pool; `host` is the host's name."""
    return (f'Virt_StorageVolume.CreationClassName="Virt_StorageVolume",'
            f'DeviceID={text(f"{pool}/{name}")},'
            f'SystemCreationClassName="Virt_HostSystem",SystemName={text(host)}')


def disk(guest: str, target: str) -> str:
    """A disk."""
    return device("Virt_LogicalDisk", guest, target)


def vssd(id_: str) -> str:
    """A guest's settings as a whole: its name, /active behind it."""
    return identified("Virt_VirtualSystemSettingData", f"Virt:{id_}")


def rasd(kind: str, id_: str) -> str:
    """The settings of one resource."""
    return identified(f"Virt_{kind}ResourceAllocationSettingData", id_)


def definitions(element: str) -> list[str]:
    """The metrics that there can be of an element of libvirt's."""
    catalog = etree.parse(str(Path(__file__).parent.parent / "xml" / "catalog" / "metric.xml"))
    return [f"Virt_BaseMetricDefinition.Id={text('Virt:' + each.get('id', ''))}"
            for each in catalog.iter("metric") if each.get("element") == element]


class Guest(NamedTuple):
    """What the lab says of a guest."""

    enabled: int  # EnabledState
    configurations: tuple[str, ...]  # "" is Defined, "/active" is State
    processors: int
    disks: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    parts: tuple[tuple[str, str, str], ...] = ()  # more devices: class, kind of settings, id
    others: tuple[str, ...] = ()  # what has no table of its own


BOTH, OFF = ("", "/active"), ("",)
MAC = "52:54:00:aa:00:0"
PARTS = (  # libvirt adds the controllers and the graphics card
    ("Controller", "Controller", "controller:ide:0"),
    ("Controller", "Controller", "controller:virtio-serial:0"),
    ("SerialController", "Serial", "serial:0"),
    ("ParallelController", "Parallel", "parallel:0"),
    ("ConsoleDisplayController", "Console", "charconsole:0"),
    ("ChannelPort", "Channel", "channel:org.qemu.guest_agent.0"),
    ("PointingDevice", "Input", "tablet:usb"),
    ("Keyboard", "Input", "keyboard:usb"),
    ("DisplayController", "Graphics", "vnc"),
    ("DisplayController", "Graphics", "spice"),
    ("VideoController", "Video", "video"),
)
GUESTS = {
    "front1": Guest(2, BOTH, 2, ("vda", "vdb", "hda"), (MAC + "1", MAC + "2"),
                    PARTS, ("hub",)),
    "store1": Guest(2, BOTH, 4, ("vda",), (MAC + "3",)),
    "cache1": Guest(9, BOTH, 1, ("vda",)),
    "build1": Guest(3, OFF, 8, ("vda",)),
    "mail1": Guest(6, OFF, 2),
    "job1": Guest(2, ("/active",), 1),
    "beta1": Guest(3, BOTH, 1),
    ODD: Guest(3, OFF, 1),
}
SYSTEMS = [system(name) for name in GUESTS]
VOLUMES = {  # by their pools
    "images": ("front1.qcow2", "cache1.raw", "build1.qcow2", "install.iso"),
    "vglab": ("store1", "front1-logs"), "isos": ("rescue.qcow2",), "san": (),
}
NETWORKS = ("lab", "backup")


def pool(kind: str, name: str = "0") -> str:
    """A pool; that of all resources of a kind is 0."""
    return identified(f"Virt_{kind}Pool", f"{kind}Pool/{name}")


POOLS = [*map(pool, ("Processor", "Memory", "Disk", "Network", "Graphics", "Input", "Controller")),
         *(pool("Disk", name) for name in VOLUMES), *(pool("Network", name) for name in NETWORKS)]


def devices(name: str, guest: Guest) -> list[str]:
    """The devices of a guest."""
    return [
        *(disk(name, each) for each in guest.disks),
        *(device("Virt_NetworkPort", name, each) for each in guest.ports),
        *(device(f"Virt_{class_name}", name, each) for class_name, _, each in guest.parts),
        *(device("Virt_Processor", name, str(each)) for each in range(guest.processors)),
        device("Virt_Memory", name, "mem"),
    ]


def access_points(name: str) -> list[str]:
    """Where the consoles of front1 are reached."""
    found = (("KVMRedirectionSAP", "5901:0"), ("KVMRedirectionSAP", ":0"),
             ("TextRedirectionSAP", "charconsole:0"))
    return [f'Virt_{each}.CreationClassName="Virt_{each}",Name={text(local)},'
            f'SystemCreationClassName="Virt_ComputerSystem",SystemName={text(name)}'
            for each, local in found]


def resources(name: str, guest: Guest, configuration: str) -> list[str]:
    """The settings of a guest's resources."""
    return [
        *(rasd("Disk", f"{name}{configuration}/{each}") for each in guest.disks),
        *(rasd("Net", f"{name}{configuration}/{each}") for each in guest.ports),
        *(rasd(kind, f"{name}{configuration}/{each}") for _, kind, each in guest.parts),
        *(rasd("Other", f"{name}{configuration}/{each}") for each in guest.others),
        rasd("Proc", f"{name}{configuration}/proc"),
        rasd("Mem", f"{name}{configuration}/mem"),
    ]


NETWORKS = ("backup", "lab")
CONNECTED = {MAC + "1": "lab", MAC + "3": "backup"}  # ports of running guests to networks
TEMPLATES = [  # what a host can give, and gives by itself
    *(rasd(kind, f"{pool}/0/{limit}") for kind, pool in (("Proc", "ProcessorPool"),
                                                         ("Mem", "MemoryPool"))
      for limit in ("Default", "Minimum", "Maximum", "Increment")),
    *(rasd("Disk", f"DiskPool/{pool}/Default") for pool in ("0", *VOLUMES)),
    *(rasd("Net", f"NetworkPool/{network}/Default") for network in ("0", *NETWORKS)),
    *(rasd("NetPool", f"NetworkPool/0/{point}") for point in ("Point", "Point~2")),
]
SWITCH = "Virt_VirtualEthernetSwitch"
SWITCHES = [system(name, SWITCH) for name in NETWORKS]
SWITCH_SETTINGS = [identified("Virt_VirtualEthernetSwitchSettingData", f"Virt:network/{name}")
                   for name in NETWORKS]


def switch_ports() -> list[tuple[str, str]]:
    """Each switch and a port of it."""
    return [(system(CONNECTED[each], SWITCH),
             f'Virt_EthernetPort.CreationClassName="Virt_EthernetPort",'
             f'DeviceID={text(f"{name}/{each}")},SystemCreationClassName={text(SWITCH)},'
             f'SystemName={text(CONNECTED[each])}')
            for name, guest in GUESTS.items() for each in guest.ports if each in CONNECTED]


def endpoint(guest: str, local: str) -> str:
    """A guest's end of the wire to a switch."""
    return (f'Virt_LANEndpoint.CreationClassName="Virt_LANEndpoint",'
            f'Name={text(f"{guest}/{local}")},SystemCreationClassName="Virt_ComputerSystem",'
            f'SystemName={text(guest)}')


DEVICES = [path for name, guest in GUESTS.items() for path in devices(name, guest)]
RESOURCES = [path for name, guest in GUESTS.items() for each in guest.configurations
             for path in resources(name, guest, each)]
SETTINGS = [vssd(name + each) for name, guest in GUESTS.items() for each in guest.configurations]

INSTALLED, PATCHED = SNAPSHOTS = [
    identified("Virt_SnapshotSettingData", f"Virt:{ODD}/snapshot/{name}")
    for name in ("installed", "patched")
]
STORED_SETTINGS = [  # of volumes and pools
    *(rasd("StorageVolume", f"DiskPool/{where}/{name}")
      for where, names in VOLUMES.items() for name in names),
    *(rasd("DiskPool", f"DiskPool/{name}") for name in VOLUMES),
    *(rasd("NetPool", f"NetworkPool/{name}") for name in NETWORKS),
]


def volumes(host: str) -> list[str]:
    """The volumes of all pools; `host` is the host's name."""
    return [volume(host, where, name) for where, names in VOLUMES.items() for name in names]


FRONT1 = system("front1")
VDA = disk("front1", "vda")
GIB = 1024**3

MORE = 30  # guests besides the lab's own, where a price must not depend on how many there are
MORE_GUEST = """<domain type='test'><name>more{}</name><memory unit='KiB'>65536</memory>
<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>
<devices><disk type='file'><source file='/srv/more'/><target dev='vda'/></disk></devices>
</domain>"""


def crowd(host: Any) -> None:
    """Give libvirt's handle on a host more guests, half of them running."""
    for number in range(MORE):
        guest = host.defineXML(MORE_GUEST.format(number))
        if number % 2:
            guest.create()
