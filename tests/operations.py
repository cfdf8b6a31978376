# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract: operations on tests/hosts/lab.xml and what each of them must answer, as data.

One list for the provider and for every adapter. Paths are WBEM URIs without a namespace, values
plain Python; a call is a method of the provider, its arguments are pywbem's in snake_case.
"""

from __future__ import annotations

import operations_declarations as declarations
import operations_enumerate as enumerate_
import operations_failures as failures
import operations_get as get
import operations_links as links
import operations_queries as queries
from expected import Fails, Instances, Operation, Paths, Values
from lab import GUESTS, LAB, POOLS, device, disk, identified, link, rasd, system, vssd

__all__ = [
    "GUESTS", "LAB", "POOLS", "Fails", "Instances", "Operation", "Paths", "Values", "device",
    "disk", "identified", "link", "operations", "rasd", "system", "vssd",
]


def operations(host: str) -> list[Operation]:
    """The whole contract; `host` is the name that libvirt has for this machine."""
    node = system(host, "Virt_HostSystem")
    return [
        Operation(*each) for part in (
            enumerate_.names(host), enumerate_.values(host), enumerate_.links(),
            enumerate_.inheritance(), get.gets(host), links.of_a_guest(node), links.of_settings(),
            links.of_snapshots(), links.of_others(host), links.associator_instances(),
            links.references(node), links.reference_instances(node), failures.unknown_instances(),
            failures.unknown_classes(), failures.wrong_keys(), failures.wrong_paths(),
            queries.queries(), queries.wrong_queries(), queries.class_links(),
            declarations.classes(), declarations.enumerated(), declarations.qualifiers(),
        ) for each in part
    ]
