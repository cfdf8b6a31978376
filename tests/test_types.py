# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's type changed: what hung on the old one goes, and libvirt's grammar still holds."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import pytest
from lxml import etree

from libvirt_cim import schema
from libvirt_cim.ground import Document
from libvirt_cim.table import Table
from libvirt_cim.write import modify

GRAMMAR = Path("/usr/share/libvirt/schemas/domain.rng")
DISK = "Virt_DiskResourceAllocationSettingData"
NET = "Virt_NetResourceAllocationSettingData"
STEP = 20  # every so manieth document, unless all are asked for
# A type, and what is sent with it.
DISK_TYPES = {
    "file": {"Address": "/a"}, "block": {"Address": "/dev/a"}, "dir": {"Address": "/a"},
    "volume": {"Address": "pool/volume"},
}
NET_TYPES = {
    "network": {"NetworkName": "n"}, "bridge": {"NetworkName": "b"},
    "internal": {"NetworkName": "i"}, "direct": {"NetworkName": "e", "NetworkMode": "bridge"},
}
# Types that the grammar has without a source too. It wants one for all other interfaces.
DISK_ALONE = ("file", "block", "dir", "volume")
NET_ALONE = ("user", "ethernet")
# What stays, as no discriminator selects it, and is not for the new type: types, XPath -> why.
EXCEPTIONS = {
    (("file", "dir"), "@device='lun'"): "a LUN is a block device's, a network's or a volume's",
}

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not GRAMMAR.exists(), reason=f"no RELAX NG in {GRAMMAR.parent}"),
]


@functools.cache
def grammar() -> Any:
    """libvirt's grammar of domain documents."""
    return etree.RelaxNG(etree.parse(str(GRAMMAR)))


def devices(table: Table) -> Iterator[tuple[str, Any, int]]:
    """Every device of a table in documents that the grammar accepts: the document and its place."""
    for name in corpus.sample(STEP):
        root = corpus.parsed(name)
        document = Document(table.kinds, root)
        nodes = table.nodes(document)
        if nodes and grammar().validate(root):
            for number, node in enumerate(nodes):
                if node.tag == table.root_of(document)[-1]:
                    yield name, root, number


def retyped(table: Table, root: Any, number: int, sent: dict[str, Any]) -> tuple[Any, Any]:
    """A copy of a document in which one device is changed, and the device."""
    document = Document(table.kinds, copy.deepcopy(root))
    node = table.nodes(document)[number]
    modify(table, node, document, sent)
    return document.root, node


def excepted(node: Any) -> bool:
    """Whether a device has what is known not to go with its type."""
    return any(node.get("type") in types and node.xpath(f"boolean({what})")
               for types, what in EXCEPTIONS)


def refused(class_name: str, changes: list[dict[str, Any]]) -> list[Any]:
    """The changes after which the grammar refuses a document that it accepted."""
    table = schema.load().tables[class_name]
    found, tried = [], 0
    for name, root, number in devices(table):
        for sent in changes:
            tried += 1
            changed, node = retyped(table, root, number, sent)
            if not grammar().validate(changed) and not excepted(node):
                was = etree.tostring(table.nodes(Document(table.kinds, root))[number]).decode()
                found.append((name, sent, was, etree.tostring(node).decode()))
    assert tried > 100
    return found


def test_disk_types(documents: dict[str, bytes]) -> None:
    changes = [{"DiskType": each, **more} for each, more in DISK_TYPES.items()]
    found = refused(DISK, [*changes, *({"DiskType": each} for each in DISK_ALONE)])
    assert not found, found[:3]


def test_interface_types(documents: dict[str, bytes]) -> None:
    changes = [{"NetworkType": each, **more} for each, more in NET_TYPES.items()]
    found = refused(NET, [*changes, *({"NetworkType": each} for each in NET_ALONE)])
    assert not found, found[:3]
