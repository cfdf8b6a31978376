# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small host of libvirt's test driver, and how to break it.

It has a guest in every state, two networks, two pools and a device; what the driver lacks is put
in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from libvirt_cim.ground import Document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt

GUESTS = {  # name: virDomainState, what else is said
    "runs": (1, "<test:x/>"), "waits": (3, ""), "off": (5, ""),
    "sleeps": (5, "<test:hasmanagedsave/>"), "passes": (1, "<test:transient/>"), "fell": (6, ""),
}
GUEST = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<name>{name}</name><uuid>{uuid}</uuid><memory>2048</memory><currentMemory>1024</currentMemory>
<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>
<devices><graphics type='vnc' passwd='hidden'/></devices>
{more}<test:runstate>{state}</test:runstate></domain>"""
HOST = """<node>
<cpu><nodes>2</nodes><sockets>2</sockets><cores>8</cores><threads>2</threads><active>60</active>
<mhz>2600</mhz><model>x86_64</model></cpu><memory>4194304</memory>{guests}
<network><name>lab</name><bridge name='virbr7'/></network>
<network><name>far</name><bridge name='virbr8'/></network>
<interface type='ethernet' name='eth9'><start mode='none'/><mac address='aa:bb:cc:dd:ee:01'/>
</interface>
<pool type='dir'><name>images</name><target><path>/images</path></target>
<volume><name>a.img</name><capacity>1</capacity></volume>
<volume><name>b.img</name><capacity>2</capacity></volume></pool>
<pool type='dir'><name>old</name><target><path>/old</path></target>
<volume><name>a.img</name><capacity>3</capacity></volume></pool>
<device><name>computer</name><capability type='system'><hardware><vendor>Acme</vendor>
<uuid>44444444-4444-4444-4444-444444444444</uuid></hardware><firmware/></capability></device>
</node>"""
UUID = "a4f3c1d2-0000-4000-8000-0000000000{:02}"


def small_host(folder: Path) -> Connection:
    """The host, of its own: nobody else is connected to it."""
    guests = "".join(
        GUEST.format(name=name, uuid=UUID.format(index), state=state, more=more)
        for index, (name, (state, more)) in enumerate(GUESTS.items())
    )
    file = folder / "host.xml"
    file.write_text(HOST.format(guests=guests.replace("<test:x/>", "")), "utf-8")
    return Connection(f"test://{file}")


def roots(found: Iterable[Document]) -> dict[str, Any]:
    """The roots of documents by their names."""
    return {each.root.findtext("name"): each.root for each in found}


def get(source: Any, kind: str, **known: str) -> list[Document]:
    """The documents of a kind, known by leaves of its root."""
    root = {"DomainInfo": "info", "VolumeXML": "volume", "NetworkXML": "network",
            "PoolXML": "pool"}.get(kind, "domain")
    return list(source.documents(kind, {f"/{root}/{k}": v for k, v in known.items()}, ()))


def failing(code: int, domain: int = 10, text: str = "no\n  luck") -> Any:
    """A libvirtError as the bindings raise it."""
    made = libvirt.libvirtError("made")
    made.err = (code, domain, text, 2, None, None, None, 0, 0)
    return made


def breaking(problem: Exception) -> Any:
    """A method that raises."""
    def broken(*arguments: Any) -> Any:
        raise problem
    return broken
