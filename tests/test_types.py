# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's type changed: what hung on the old one goes, and libvirt's grammar still holds.

What it would not accept is refused, and nothing else is.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import pytest
from lxml import etree

from libvirt_cim import schema
from libvirt_cim.cim import Error
from libvirt_cim.ground import Document
from libvirt_cim.table import Table
from libvirt_cim.write import Write, modify

GRAMMAR = Path("/usr/share/libvirt/schemas/domain.rng")
DISK = "Virt_DiskResourceAllocationSettingData"
NET = "Virt_NetResourceAllocationSettingData"
GUEST = """<domain type='kvm'><name>g</name><memory>1</memory><os><type>hvm</type></os><devices/>
</domain>"""
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
# Types that the grammar has without a source too, or whose source some property says. All others
# it has with a source only, and no property says all of that.
DISK_ALONE = ("file", "block", "dir", "volume", "nvme", None)
NET_ALONE = ("user", "ethernet", "bridge", "null", "network", "internal", "direct", "vdpa", None)
SORTS = (0, 1, 2, 4)  # disk, CD-ROM, floppy disk, LUN

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not GRAMMAR.exists(), reason=f"no RELAX NG in {GRAMMAR.parent}"),
]


@functools.cache
def grammar() -> Any:
    """libvirt's grammar of domain documents."""
    return etree.RelaxNG(etree.parse(str(GRAMMAR)))


def guests(table: Table) -> Iterator[Any]:
    """Small guests that the grammar accepts, each with one device of libvirt's documents."""
    seen = set()
    for name in corpus.sample(STEP):
        document = Document(table.kinds, corpus.parsed(name))
        tag = table.root_of(document)[-1]
        for node in table.nodes(document):
            guest = etree.fromstring(GUEST)
            guest[-1].append(copy.deepcopy(node))
            text = etree.tostring(guest)
            if node.tag == tag and text not in seen and grammar().validate(guest):
                yield guest
            seen.add(text)


def retyped(table: Table, guest: Any, sent: dict[str, Any]) -> Any:
    """A copy of a guest whose device is changed."""
    document = Document(table.kinds, copy.deepcopy(guest))
    modify(table, table.nodes(document)[0], document, sent)
    return document.root


def kept(table: Table, guest: Any, sent: dict[str, Any]) -> Any:
    """The guest changed; None where the change is refused in one line, as it has to be."""
    try:
        return retyped(table, guest, sent)
    except Error as error:
        assert re.fullmatch(rf"{table.name}\.\w+: .+ does not go with: .+", error.text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Write, "_check_constraints", lambda self, after: None)
        assert not grammar().validate(retyped(table, guest, sent)), (etree.tostring(guest), sent)
    return None


def wrong(class_name: str, changes: list[dict[str, Any]]) -> list[Any]:
    """The changes after which the grammar refuses a guest that it accepted."""
    table = schema.load().tables[class_name]
    found, seen = [], {True: 0, False: 0}
    for guest in guests(table):
        for sent in changes:
            changed = kept(table, guest, sent)
            seen[changed is None] += 1
            if changed is not None and not grammar().validate(changed):
                found.append((etree.tostring(guest[-1]), sent))
    assert min(seen.values()) > 10 and sum(seen.values()) > 100
    return found


def test_disk_types(documents: dict[str, bytes]) -> None:
    changes: list[dict[str, Any]] = [
        *({"DiskType": each, **more} for each, more in DISK_TYPES.items()),
        *({"DiskType": each} for each in DISK_ALONE), *({"EmulatedType": each} for each in SORTS),
        *({"DiskType": each, "EmulatedType": sort} for each in DISK_ALONE for sort in SORTS)]
    found = wrong(DISK, changes)
    assert not found, found[:3]


def test_interface_types(documents: dict[str, bytes]) -> None:
    changes: list[dict[str, Any]] = [
        *({"NetworkType": each, **more} for each, more in NET_TYPES.items()),
        *({"NetworkType": each} for each in NET_ALONE), {"NetworkName": None},
        {"SourceDevice": None}]
    found = wrong(NET, changes)
    assert not found, found[:3]
