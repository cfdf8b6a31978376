# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host with everything that its provider enumerates, for tests that ask from every end."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from pathlib import Path as File
from typing import Any

import answering
import pytest
from lab import LAB
from lxml import etree

from libvirt_cim.cim import Path
from libvirt_cim.hypervisor import document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import Libvirt
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load
from libvirt_cim.tree import Element

NODE = """<node><cpu><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads>
<active>4</active><mhz>2000</mhz><model>x86_64</model></cpu><memory>67108864</memory></node>"""


class Host:
    """A host with everything that its provider enumerates."""

    def __init__(self, connection: Connection, step: int = 1) -> None:
        self.connection = connection
        self.step = step  # of many, every so manieth is looked at
        def server() -> Element:
            return document.server("1.0", connection.hostname, self.provider.namespaces,
                                   {"http://localhost:5988": ["basic"]})

        self.provider = Provider(load(connection.prefix),
                                 lambda: Request(connection, server=server))
        self.schema = self.provider.schema
        self.guests = {each.name(): each for each in connection.handle.listAllDomains()}

    @functools.cached_property
    def instances(self) -> list[Path]:
        """The paths of all that is no association."""
        return [path for place in self.provider.namespaces
                for path in self.provider.enumerate_instance_names("CIM_ManagedElement", place)]

    @functools.cached_property
    def links(self) -> list[Path]:
        """The paths of all associations."""
        names = [(name, place) for place in self.provider.namespaces
                 for name in self.provider.enumerate_class_names(namespace=place)
                 if self.schema.resolved(name).qualifier("Association")]
        return [path for name, place in names
                for path in self.provider.enumerate_instance_names(name, place)
                if path.namespace == place]

    @functools.cached_property
    def around(self) -> dict[Path, list[tuple[str, Path]]]:
        """The role and link of every association, where it is shown, that a path is an end of."""
        found: dict[Path, list[tuple[str, Path]]] = defaultdict(list)
        for path in self.links:
            for role, end in path.keys.items():
                if end.namespace in self.places(path.class_name):
                    found[end].append((role, path))
        return found

    def places(self, class_name: str) -> list[str]:
        """The namespaces that a class says it is in, its home first."""
        declared = self.schema.resolved(class_name).qualifier("Virt_Namespaces")
        return list(declared or ["root/virt"])

    def own(self, class_name: str) -> str:
        """A class of the tables, as this host's hypervisor has it."""
        return re.sub("^Virt(?=_)", self.connection.prefix, class_name)

    def of(self, class_name: str) -> list[Path]:
        """The instances of a class and of those below it."""
        name = self.own(class_name)
        return [path for path in self.instances if self.schema.is_a(path.class_name, name)]

    def others(self, path: Path, class_name: str, role: str, other: str) -> list[Path]:
        """The ends that are `other` where the path is `role`."""
        return [link.keys[other] for mine, link in self.around[path]
                if mine == role and self.schema.is_a(link.class_name, class_name)]


def _networks(root: Any, connection: Connection) -> None:
    """The networks that a guest is connected to: libvirt would start it on no others."""
    known = {each.name() for each in connection.handle.listAllNetworks()}
    names = {str(each) for each in root.xpath("devices/interface[@type='network']/source/@network")}
    for name in names - known:
        network = etree.Element("network")
        etree.SubElement(network, "name").text = name
        connection.handle.networkDefineXML(etree.tostring(network, encoding="unicode")).create()


def answering_lab(monkeypatch: pytest.MonkeyPatch) -> Host:
    """The lab and a guest with checkpoints, in which an agent answers."""
    connection = Connection(LAB)
    answering.add(connection.handle)
    answering.connected(monkeypatch)
    return Host(connection)


def made_of(documents: dict[str, bytes], folder: File) -> Host:
    """A host of the test driver with a guest for each document that the driver takes."""
    file = folder / "node.xml"
    file.write_text(NODE, "utf-8")
    connection = Connection(f"test://{file}")
    for number, data in enumerate(documents.values()):
        root = etree.fromstring(data)
        root.set("type", "test")
        for child in root.findall("uuid"):
            root.remove(child)
        title = root.find("name")
        if title is None:
            continue
        title.text = f"{title.text}-{number}"
        _networks(root, connection)
        text = etree.tostring(root, encoding="unicode")
        try:
            guest = (connection.handle.createXML(text) if number % 3 == 2
                     else connection.handle.defineXML(text))
            if number % 3 == 1:
                guest.create()
        except Libvirt:  # it is of another hypervisor, or wrong on purpose
            continue
    return Host(connection)
