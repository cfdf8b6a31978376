# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instances of one guest as text, beside what pywbem and json make of the same."""

from __future__ import annotations

import json
from typing import Any

import attrs
from measure import GUEST, Figure, Job, Report, least, traced

import libvirt_cim
from libvirt_cim import schema
from libvirt_cim.adapter import cimxml
from libvirt_cim.adapter import json as json_adapter
from libvirt_cim.adapter import mof as mof_adapter
from libvirt_cim.adapter.pywbem_values import Values
from libvirt_cim.table import REST

TARGETS = {"CIM-XML": 0.01, "CIM-XML, as read live": 0.01}


class Codecs:
    """The instances of a document, ours and pywbem's, and what writes them."""

    def __init__(self, text: str, prefix: str = "KVM") -> None:
        self.schema = schema.load(prefix)
        self.ours = libvirt_cim.to_cim(text, prefix)
        values = Values(self.schema, "localhost")
        self.theirs = [values.instance(each) for each in self.ours]
        self.live = [attrs.evolve(each, properties={  # UnmappedXML is for who names it
            name: value for name, value in each.properties.items() if name != REST})
            for each in self.ours]
        self.their_live = [values.instance(each) for each in self.live]
        self.plain = json.loads("".join(json_adapter.encode(self.ours)))
        self.encoder = cimxml.Encoder(self.schema.resolved)

    def floors(self) -> dict[str, Job]:
        """What other programs write, by the name of the form."""
        return {
            "CIM-XML": lambda: [each.tocimxmlstr() for each in self.theirs],
            "CIM-XML, as read live": lambda: [each.tocimxmlstr() for each in self.their_live],
            "MOF": lambda: [each.tomof() for each in self.theirs],
            "JSON": lambda: json.dumps(self.plain, indent=1),
        }

    def jobs(self) -> dict[str, Job]:
        """What we write, by the name of the form."""
        return {
            "CIM-XML": lambda: [self.encoder.named_instance(each) for each in self.ours],
            "CIM-XML, as read live": lambda: [
                self.encoder.named_instance(each) for each in self.live],
            "MOF": lambda: self._joined(mof_adapter.instances(self.ours, self.schema.resolved)),
            "JSON": lambda: self._joined(json_adapter.encode(self.ours)),
        }

    @staticmethod
    def _joined(pieces: Any) -> str:
        return "".join(pieces)


def report(seconds: float) -> Report:
    """Each form of the instances of guest.xml."""
    codecs = Codecs(GUEST.read_text("utf-8"))
    floors, jobs = codecs.floors(), codecs.jobs()
    named = {f"floor {name}": job for name, job in floors.items()}
    times = least({**named, **jobs}, seconds)
    figures = [Figure(name, times[name], times[f"floor {name}"], TARGETS.get(name),
                      traced(job))
               for name, job in jobs.items()]
    count = len(codecs.ours)
    return Report(f"encode: {count} instances; floor: pywbem's tocimxmlstr and tomof, json.dumps",
                  figures)
