# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which guests a host has, and what each of them has: processors, memory, disks, ports.

    python contrib/examples/inventory.py http://localhost:5988
"""

from __future__ import annotations

import pywbem
from connect import connect


def device(found: pywbem.CIMInstance) -> str:
    """One line of a device: its class, its name and its size, if it has one."""
    size = ""
    if found.get("NumberOfBlocks") is not None:
        size = f" {found['NumberOfBlocks'] * found['BlockSize']} bytes"
    return f"{found.classname} {found['DeviceID']}{size}"


def main() -> None:
    """Print each guest with its devices."""
    with connect() as server:
        guests = server.EnumerateInstances("CIM_ComputerSystem",
                                           PropertyList=["Name", "ElementName"])
        for guest in sorted(guests, key=lambda each: each["Name"]):
            print(guest.classname, guest["Name"])
            devices = server.Associators(guest.path, AssocClass="CIM_SystemDevice",
                                         ResultClass="CIM_LogicalDevice")
            for line in sorted(map(device, devices)):
                print(f"  {line}")


if __name__ == "__main__":
    main()
