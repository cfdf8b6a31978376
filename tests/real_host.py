# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests give a real libvirtd: guests in every state, networks, pools, snapshots.

The guests have no operating system; QEMU interprets them, so no KVM is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from libvirtd import Daemon

PASSWORD = "Geh3imPw"
PLAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><vcpu>{vcpus}</vcpu>
<os><type machine='pc'>hvm</type></os><devices>{devices}</devices></domain>"""
GRAPHICS = ("<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1' "
            f"passwd='{PASSWORD}'/><video><model type='vga'/></video>")
DISK = """<disk type='{kind}'><driver name='qemu' type='{format}'/><source {source}/>
<target dev='{target}'/></disk>"""
PORT = """<interface type='network'><source network='nat'/><mac address='52:54:00:00:00:{:02x}'/>
<model type='virtio'/>{}</interface>"""
FILTERED = "<filterref filter='no-mac-spoofing'/>"
CONSOLE = "<serial type='pty'/><console type='pty'/><channel type='unix'>" \
          "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
NETWORK = """<network><name>nat</name><forward mode='nat'/><bridge name='virbr0'/>
<ip address='192.168.122.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.122.2' end='192.168.122.99'/></dhcp></ip></network>"""
POOL = "<pool type='dir'><name>images</name><target><path>{}</path></target></pool>"
VOLUME = """<volume><name>{name}</name><capacity unit='MiB'>{size}</capacity>
<target><format type='{format}'/></target></volume>"""
VOLUMES = (("root.qcow2", 8, "qcow2"), ("data.raw", 4, "raw"), ("kept.qcow2", 8, "qcow2"))
SNAPSHOT = "<domainsnapshot><name>{}</name><description>of a test</description></domainsnapshot>"


def volume(folder: Path, name: str, target: str = "vda", kind: str = "file") -> str:
    """A disk on a volume of the pool, by its file or by pool and name."""
    form = name.rpartition(".")[2]
    source = f"file='{folder / name}'" if kind == "file" else f"pool='images' volume='{name}'"
    return DISK.format(kind=kind, format=form, source=source, target=target)


GUESTS = ("runs", "waits", "sleeps", "passes", "off")


def guests(folder: Path) -> dict[str, str]:
    """The documents of GUESTS; what is done to each, `filled` says."""
    devices = {
        "runs": (2, volume(folder, "root.qcow2") + volume(folder, "data.raw", "vdb", "volume")
                 + PORT.format(1, FILTERED) + GRAPHICS + CONSOLE),
        "waits": (1, PORT.format(2, "")), "sleeps": (1, GRAPHICS),
        "passes": (1, PORT.format(3, "")),
        "off": (4, volume(folder, "kept.qcow2") + PORT.format(4, "") + GRAPHICS),
    }
    return {name: PLAIN.format(name=name, vcpus=vcpus, devices=text)
            for name, (vcpus, text) in devices.items()}


def filled(daemon: Daemon) -> None:
    """Give a host all of that."""
    virt = daemon.opened()
    folder = daemon.base / "images"
    stored(virt, folder)
    virt.networkDefineXML(NETWORK).create()
    documents = guests(folder)
    virt.createXML(documents.pop("passes"))
    made = {name: virt.defineXML(text) for name, text in documents.items()}
    for name in ("first", "second"):
        made["off"].snapshotCreateXML(SNAPSHOT.format(name))
    for name in ("runs", "waits", "sleeps"):
        made[name].create()
    made["waits"].suspend()
    made["sleeps"].managedSave()
    virt.close()


def stored(virt: Any, folder: Path) -> None:
    """A pool, a new folder, and volumes in it."""
    folder.mkdir()
    pool = virt.storagePoolDefineXML(POOL.format(folder))
    pool.create()
    for name, size, form in VOLUMES:
        pool.createXML(VOLUME.format(name=name, size=size, format=form))
