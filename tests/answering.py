# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest in which an agent answers, as far as libvirt's test driver can pretend.

The driver answers some of an agent's calls, but lets no document say that an agent is there.
"""

from __future__ import annotations

from typing import Any

import pytest

from libvirt_cim.hypervisor.error import libvirt

NAME, MAC = "answers", "52:54:00:ab:00:01"
GUEST = f"""<domain type='test'><name>{NAME}</name><memory>2048</memory>
<os><type arch='x86_64'>hvm</type></os>
<devices><disk type='file'><source file='/a'/><target dev='vda'/></disk>
<interface type='network'><mac address='{MAC}'/><source network='wide'/></interface>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
</devices></domain>"""
# The driver gives addresses of the guest's network, and dies where that has none.
NETWORK = """<network><name>wide</name><bridge name='virbr9'/>
<ip address='192.168.55.1' netmask='255.255.255.0'/></network>"""
CHECKPOINTS = [f"<domaincheckpoint><name>{name}</name></domaincheckpoint>"
               for name in ("monday", "tuesday")]


def add(host: Any) -> None:
    """Give libvirt's handle on a host the guest, running, with two checkpoints."""
    host.networkCreateXML(NETWORK)
    guest = host.createXML(GUEST)
    for each in CHECKPOINTS:
        guest.checkpointCreateXML(each)


def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on documents of running guests say that agents have opened their channels."""
    original = libvirt.virDomain.XMLDesc

    def xml(self: Any, flags: int = 0) -> str:
        text = str(original(self, flags))
        if flags & libvirt.VIR_DOMAIN_XML_INACTIVE or not self.isActive():
            return text
        return text.replace("name='org.qemu.guest_agent.0'/>",
                            "name='org.qemu.guest_agent.0' state='connected'/>")

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", xml)
