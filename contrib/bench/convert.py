# SPDX-License-Identifier: LGPL-2.1-or-later
"""One guest's document to instances and back."""

from __future__ import annotations

from typing import Any

from lxml import etree
from measure import GUEST, Figure, Job, Report, least, traced

import libvirt_cim
from libvirt_cim import schema, tree
from libvirt_cim.cim import Instance
from libvirt_cim.ground import Document
from libvirt_cim.query import Query
from libvirt_cim.schema import SETTINGS
from libvirt_cim.shelf import Shelf
from libvirt_cim.table import REST

KINDS = ("DomainConfigXML", "DomainXML")  # a guest that is off: one document for both
TARGETS = {"settings": 4.0, "settings with UnmappedXML": 8.0, "everything but UnmappedXML": 7.0}


def floor(text: str) -> list[Any]:
    """Parse, and pass once over the tree for every attribute and text as Python objects."""
    return [(each.items(), each.text) for each in etree.fromstring(text).iter()]


class Guest:
    """The conversions of one document, by the same functions as a provider's."""

    def __init__(self, text: str, prefix: str = "KVM") -> None:
        self.text = text
        self.schema = schema.load(prefix)
        self.instances = libvirt_cim.to_cim(text, prefix)
        self._every_name = frozenset(
            name.lower() for table in self.schema.tables.values() for name in table.names)

        self._every = [table for table in self.schema.tables.values()
                       if "DomainXML" in table.kinds and not table.association]

    def _query(self) -> Query:
        return Query(self.schema, Shelf([Document(KINDS, tree.fast_parse(self.text))]))

    def settings(self) -> list[Instance]:
        """What the guest is to have."""
        return list(self._query().enumerate(SETTINGS))

    def settings_with_rest(self) -> list[Instance]:
        """The same with UnmappedXML, which comes only if it is asked for by name."""
        return list(self._query().enumerate(SETTINGS, self._every_name))

    def everything(self) -> list[Instance]:
        """Settings, the system and its devices."""
        return list(self._query().read(self._every))

    def jobs(self) -> dict[str, Job]:
        """What is measured, by name."""
        return {
            "settings": self.settings,
            "settings with UnmappedXML": self.settings_with_rest,
            "everything but UnmappedXML": self.everything,
            "to_cim: everything, checked": lambda: libvirt_cim.to_cim(self.text),
            "to_xml: back": lambda: libvirt_cim.to_xml(self.instances),
        }


def report(seconds: float) -> Report:
    """The conversions of guest.xml beside reading its tree once."""
    text = GUEST.read_text("utf-8")
    guest = Guest(text)
    found = guest.settings_with_rest()
    assert any(REST in each.properties for each in found)
    jobs = guest.jobs()
    times = least({"floor": lambda: floor(text), **jobs}, seconds)
    figures = [Figure(name, times[name], times["floor"], TARGETS.get(name), traced(job))
               for name, job in jobs.items()]
    size = f"{len(text)} bytes, {len(floor(text))} nodes, {len(found)} settings"
    return Report(f"convert: a guest of {size}; floor: parse and read all leaves once", figures)
