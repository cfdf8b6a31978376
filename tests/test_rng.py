# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables against libvirt's RELAX NG: paths, tokens, repetitions, defaults.

First libvirt's own documents; then the skeleton; then every row of every table.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from rng import SCHEMAS, Grammar
from rng_rows import Read, Rows, unguarded

from libvirt_cim import mof, resource
from libvirt_cim.cim import Class

SOURCE = os.environ.get("LIBVIRT_SOURCE", "")
GRAMMARS = {
    "DomainXML": "domain", "DomainConfigXML": "domain", "AllocationXML": "domain",
    "CapsXML": "capability", "DomainCapsXML": "domaincaps", "PoolXML": "storagepool",
    "VolumeXML": "storagevol", "NetworkXML": "network", "InterfaceXML": "interface",
    "NodeDeviceXML": "nodedev", "FilterXML": "nwfilter", "SnapshotXML": "domainsnapshot",
    "CheckpointXML": "domaincheckpoint",
}  # the other documents are not libvirt's but made in hypervisor/
# What a check finds and we want all the same: the finding without its place -> the reason.
EXCEPTIONS: dict[str, str] = {
    "/volume/@pool is not in libvirt's grammar": "hypervisor/ adds it: whose volume it is",
    **{f"{path} is not in libvirt's grammar": f"hypervisor/ adds it: {what}" for path, what in {
        "/domainsnapshot/@guest": "whose it is", "/domaincheckpoint/@guest": "whose it is",
        "/domainsnapshot/@current": "whether it is the current one",
        "/domainsnapshot/self::domainsnapshot[@current='yes']/@guest": "both",
    }.items()},
    "/domain/devices/disk/self::volume/@pool is not in libvirt's grammar": "the same, of a volume",
    "/pool/source/host may repeat": "libvirt-cim has the first; a cluster lists all its members",
    "/network/ip may repeat": "libvirt-cim has the first, Virt_SwitchAddress has all",
    "/network/ip/dhcp/range may repeat": "the same",
    "/pool/source/name may repeat": "the grammar is lax; libvirt reads the first",
    "/domain/vcpu/@id is not in libvirt's grammar": "Virt_Expand makes a <vcpu id='0'/> of each",
    "/domain/devices/console[@type='pty']/source may repeat": "libvirt refuses a second one",
}
EXCEPTIONS.update({
    f"/domain/devices/{tag}/self::{test}/source may repeat":
        "libvirt refuses a second one unless the type is udp"
    for tag in ("console", "serial", "parallel", "channel")
    for test in (*(f"*[@type='{each}']" for each in (
        "dev", "file", "pipe", "pty", "tcp", "spiceport", "dbus", "nmdm")),
        *(["channel[@type='qemu-vdagent']"] if tag == "channel" else []))})
NEWER = {  # the same for what only the grammar of a later libvirt has
    "/domain/devices/disk/self::disk[@type='vhostvdpa']/source/@dev is not in libvirt's grammar":
        "libvirt has this type since 9.8",
}

pytestmark = pytest.mark.skipif(not SCHEMAS.exists(), reason=f"no RELAX NG in {SCHEMAS}")


@functools.cache
def grammar(document: str) -> Grammar:
    """The grammar of a document."""
    return Grammar(SCHEMAS / f"{GRAMMARS[document]}.rng")


# libvirt's documents

def guests(part: str = "") -> Iterator[Any]:
    """libvirt's own domain documents, those of the folders with the part in their name."""
    if not SOURCE:
        pytest.skip("$LIBVIRT_SOURCE names no folder")
    for file in sorted(Path(SOURCE).rglob(f"*{part}*/*.xml")):
        with contextlib.suppress(etree.XMLSyntaxError):  # a few are empty, or broken on purpose
            yield from etree.parse(str(file)).iter("domain")


def texts(element: Any, path: str) -> Iterator[tuple[str, str]]:
    """The path and text of an element without a namespace, its attributes and all below it."""
    yield path, (element.text or "").strip()
    for name, text in element.attrib.items():
        yield f"{path}/@{name}", text.strip()
    for child in element.iterchildren("{}*"):
        if child.tag != "metadata":
            yield from texts(child, f"{path}/{child.tag}")


@pytest.mark.corpus
def test_corpus() -> None:
    valid = etree.RelaxNG(file=str(SCHEMAS / "domain.rng"))
    seen: dict[str, set[str]] = collections.defaultdict(set)
    for guest in guests():
        for path, text in texts(guest, "/domain") if valid(guest) else ():
            seen[path].add(text)
    assert len(seen) > 1000
    domain = grammar("DomainXML")
    for path, found in seen.items():
        assert domain.exists(path) and found - {""} <= (domain.values(path) or found), path


# The skeleton

def skeleton() -> Iterator[tuple[str, list[str]]]:
    """The path and the children's names, in order, of each element that the skeleton orders."""
    root: Any = etree.fromstring(resource.text("xml/skeleton/domain.xml").encode())
    for element in (root, root.find("devices")):
        yield "/".join(("", "domain", "devices")[:2 + (element is not root)]), [
            str(child.tag) for child in element.iterchildren("*")]


def test_skeleton_has_every_element() -> None:
    for path, names in skeleton():
        assert len(set(names)) == len(names) and set(names) == grammar("DomainXML").children(path)


@pytest.mark.corpus
def test_skeleton_is_libvirts_order() -> None:
    orders, outputs = dict(skeleton()), list(guests("xml2xmlout"))
    assert len(outputs) > 300
    for guest in outputs:
        for path, element in (("/domain", guest), ("/domain/devices", guest.find("devices"))):
            tags = [] if element is None else [each.tag for each in element.iterchildren("*")]
            assert tags == sorted(tags, key=orders[path].index), guest.getroottree().docinfo.URL


# The tables

CLASSES = [each for name, text in resource.texts("mappings") for each in mof.read(text, name)
           if isinstance(each, Class)]
Finding = tuple[str, str]                             # file:line: Class.Property, what is wrong
Groups = dict[tuple[str, ...], list[Read]]


def grouped(*by: str) -> Groups:
    """The rows' paths in documents of libvirt's, by place and more.

    What is inherited is right if it is right in one heir: not every device has a boot order.
    """
    groups: Groups = collections.defaultdict(list)
    for read in Rows(CLASSES).reads():
        if read.document in GRAMMARS:
            groups[(read.place, read.path[len(read.base):])[:1 + ("own" in by)]].append(read)
    return groups


def there(reads: list[Read], *kinds: str) -> list[Read]:
    """Those of the paths that the grammar knows."""
    return [each for each in reads if each.kind in kinds
            and grammar(each.document).exists(each.path)]


def unknown_paths() -> Iterator[Finding]:
    """Paths that the grammar does not have, and elements that should hold a text and don't."""
    for (place, _), reads in grouped("own").items():
        if not there(reads, "leaf", "presence", "node"):
            yield place, f"{reads[0].path} is not in libvirt's grammar"
        leaves = there(reads, "leaf")
        if leaves and not any(grammar(each.document).text(each.path) for each in leaves):
            yield place, f"{leaves[0].path} has no text"


def repeated_elements() -> Iterator[Finding]:
    """Elements on the way to one value that a document may have more than once."""
    for (place,), reads in grouped().items():
        for each in there(reads, "leaf", "presence", "node"):
            for path in unguarded(each):
                if grammar(each.document).repeats(path):
                    yield place, f"{path} may repeat"


def wrong_tokens() -> Iterator[Finding]:
    """Tokens that are not legal, and legal values without a token."""
    for (place,), reads in grouped().items():
        tokens = {token for each in reads for item in each.row.qualifier("Virt_Tokens") or ()
                  for token in item.split("|")}
        leaves = there(reads, "leaf")
        if not tokens or not leaves:
            continue
        for token in tokens - {"*"}:
            if not any(grammar(each.document).accepts(each.path, token) for each in leaves):
                yield place, f"{leaves[0].path} is never '{token}'"
        legal = [grammar(each.document).values(each.path) or set() for each in leaves]
        for value in set().union(*legal) - tokens if "*" not in tokens else ():
            yield place, f"{leaves[0].path} may be '{value}'"


def wrong_defaults() -> Iterator[Finding]:
    """Defaults that are not legal, or of what is never absent; presence knows true and false."""
    for (place,), reads in grouped().items():
        row, leaves = reads[0].row, there(reads, "leaf")
        default = row.qualifier("Virt_Default")
        if default is not None and not any(
                grammar(each.document).optional(each.path)
                and grammar(each.document).accepts(each.path, str(default)) for each in leaves):
            yield place, f"{reads[0].path} is never absent, or never '{default}'"
        if there(reads, "presence") and set(row.qualifier("Virt_Tokens") or ()) - {"true", "false"}:
            yield place, "a presence has the tokens true and false"


CHECKS = (unknown_paths, repeated_elements, wrong_tokens, wrong_defaults)


@pytest.mark.parametrize("check", CHECKS)
def test_tables(check: Callable[[], Iterator[Finding]]) -> None:
    found = {f"{place}: {what}" for place, what in check()
             if what not in {**EXCEPTIONS, **NEWER}}
    assert not found, "\n".join(sorted(found))


MISTAKEN = """
class Virt_Part { [MappingStrings { "@cpus" }] string Cpus; [MappingStrings { "@cpu" }] string No;
   [MappingStrings { "distances/sibling/@id" }] uint8 Sibling; };
[MappingStrings { "DomainXML.libvirt|/domain" }] class Virt_Table {
      [MappingStrings { "cpu/numa/cell" }, EmbeddedInstance ( "Virt_Part" )] string Cells[];
      [MappingStrings { "os/boot/@dev" }] string Boots[];
      [MappingStrings { "os/boot/@dev" }] string Boot;
      [MappingStrings { "features/acpi" }] string Acpi;
      [MappingStrings { "boolean(features/apic)" }, Virt_Tokens { "on", "off" }] uint8 Apic;
      [MappingStrings { "vcpu/@placement" }, Virt_Tokens { "static", "new|old" }] uint8 Placement;
      [MappingStrings { "vcpu/@placement" }, Virt_Default ( "none" )] string Default;
      [MappingStrings { "@type" }, Virt_Default ( "kvm" )] string Type;
      [MappingStrings { "NetworkXML.libvirt|/network[name={name}]/bridge/@nme" }] string Join; };"""
MISTAKES = {
    "/domain/cpu/numa/cell/@cpu is not in libvirt's grammar", "/domain/os/boot may repeat",
    "/domain/cpu/numa/cell/distances/sibling may repeat", "/domain/features/acpi has no text",
    "a presence has the tokens true and false", "/domain/vcpu/@placement is never 'new'",
    "/domain/vcpu/@placement is never 'old'", "/domain/vcpu/@placement may be 'auto'",
    "/domain/vcpu/@placement is never absent, or never 'none'",
    "/domain/@type is never absent, or never 'kvm'",
    "/network/bridge/@nme is not in libvirt's grammar",
}


def test_mistakes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "CLASSES", mof.read(MISTAKEN))
    assert {what for check in CHECKS for _, what in check()} == MISTAKES


def test_exceptions_are_needed() -> None:
    assert not set(EXCEPTIONS) - {what for check in CHECKS for _, what in check()}
