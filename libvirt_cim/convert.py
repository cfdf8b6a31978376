# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's documents to CIM instances and back, without a host.

A domain document is both documents of one guest that is off.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional, Union

from lxml import etree

from . import resource, tree
from .cim import Error, Instance, find, invalid
from .expression import location
from .ground import ROOTS, Document
from .query import Query
from .rest import rests
from .rewrite import refuse_claimed, started
from .schema import SETTINGS, Schema, load
from .shelf import Shelf
from .table import REST, Table
from .tree import Element
from .write import build, fitting, without_rest

KINDS = ("DomainConfigXML", "DomainXML")
NAME = location("name")
PREFIXES = {"kvm": "KVM", "qemu": "KVM", "xen": "Xen", "lxc": "LXC"}
Guest = tuple[str, str]  # its name, and the kind of document its settings are of


def to_cim(xml: Union[str, bytes], prefix: Optional[str] = None, associations: bool = False,
           name: str = "-") -> list[Instance]:
    """The instances of a libvirt document: settings first, then the system and its devices.

    `prefix` overrides the one that domain/@type says (kvm, qemu: KVM; xen: Xen; lxc: LXC; else
    Virt). What is not a domain document, or one that cannot survive the conversion, is
    CIM_ERR_INVALID_PARAMETER; `name` stands in the message.
    """
    root = tree.parse(xml, name)
    _refuse(root, name)
    schema = load(prefix or PREFIXES.get(root.get("type", ""), "Virt"))
    document = Document(KINDS, root)
    query = Query(schema, Shelf([document]))
    settings = sorted(schema.settings_at(document), key=lambda each: len(each.roots[KINDS[0]][0]))
    found = {table.name: table.instances(document) for table in settings}
    others = list(query.read(_others(schema, associations)))
    for class_name, left in rests(settings, document).items():
        for instance, rest in zip(found[class_name], left):
            if rest is not None:
                instance.properties[REST] = rest
    return [instance for each in found.values() for instance in each] + others


def _others(schema: Schema, associations: bool) -> list[Table]:
    """The tables of what is no settings: the system, its devices and, if asked for, associations.
    """
    tables = [each for each in schema.tables.values() if not schema.is_a(each.name, SETTINGS)]
    return ([each for each in tables if not each.association]
            + [each for each in tables if associations and each.association])


def _refuse(root: Element, name: str) -> None:
    """A document that no instances could give back is not converted."""
    where = f"{name}:{root.sourceline or 1}"
    if root.tag != "domain":
        raise invalid(f"{where}: <{etree.QName(root).localname}> is not a document with a table")
    if not (root.findtext("name") or "").strip():
        raise invalid(f"{where}: <domain> has no <name>")
    devices = root.findall("devices")
    if len(devices) > 1:
        raise invalid(f"{name}:{devices[1].sourceline}: <domain> has two <devices>")
    for element in (root, *devices):
        if tree.mixed(element):
            raise invalid(f"{name}:{element.sourceline}: <{element.tag}> has text between elements")


# back

def to_xml(instances: Iterable[Instance]) -> str:
    """The document of the one guest whose settings are among the instances, indented.

    Everything but settings is ignored. Settings of no guest or of several, an unknown class or
    property, or a value that cannot be written are CIM_ERR_INVALID_PARAMETER.
    """
    guests = list(documents(instances))
    if len(guests) != 1:
        names = ", ".join(name for name, _ in guests)
        raise invalid(f"these are the settings of {len(guests)} guests ({names}), not of one")
    return guests[0][1]


def documents(instances: Iterable[Instance]) -> Iterator[tuple[str, str]]:
    """The name and the document of every guest whose settings are among the instances."""
    found: list[tuple[Table, Instance]] = []
    for instance in instances:
        with _placed(instance):
            table = _settings_table(instance)
        if table is not None:
            found.append((table, instance))
    guests = _guests(found)
    if not guests:
        raise invalid("there are no settings of a guest among the instances")
    for (name, kind), parts in guests.items():
        yield name, _document(kind, parts)


class _placed:
    """Errors within begin with the place that an instance was read from."""

    def __init__(self, instance: Instance) -> None:
        self.place = instance.place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, Error) and self.place and not error.text.startswith(self.place):
            raise Error(error.status, f"{self.place}: {error.text}") from None


def _settings_table(instance: Instance) -> Optional[Table]:
    prefix = instance.class_name.partition("_")[0]
    known = {each.lower(): each for each in (*PREFIXES.values(), "Virt")}
    schema = load(known.get(prefix.lower(), "Virt"))
    name = schema.name(instance.class_name)
    table = schema.tables.get(name)
    return table if table in schema.settings() else None


def _guests(found: list[tuple[Table, Instance]]) -> dict[Guest, list[tuple[Table, Instance]]]:
    """The settings of each guest; of a guest with both configurations the defined one."""
    systems = [(table, each) for table, each in found if table.is_root]
    guests: dict[Guest, list[tuple[Table, Instance]]] = {}
    for table, instance in systems:
        with _placed(instance):
            guest = _named(table, instance)
            if guest in guests:
                raise invalid(f"there are two {table.name} of guest {guest[0]}")
        guests[guest] = [(table, instance)]
    for table, instance in found:
        if not table.is_root:
            with _placed(instance):
                of = _guest_of(table, instance, guests)
            if of is not None:
                guests[of].append((table, instance))
    return {
        (name, kind): parts for (name, kind), parts in guests.items()
        if kind == KINDS[0] or (name, KINDS[0]) not in guests
    }


def _named(table: Table, instance: Instance) -> Guest:
    """The guest of a system's settings: of those its key may mean the one whose name they say."""
    candidates = _candidates(table, instance)
    name = find(instance.properties, _naming(table))
    return next((guest for guest in candidates if guest[0] == name), candidates[0])


def _naming(table: Table) -> str:
    """The property of a system's settings that is its guest's name, by what it reads."""
    return next((row.name for row in table.rows.values() if table.is_root
                 and not row.declared.qualifier("Key")
                 and any(arm.expression == NAME for arm in row.every_arm())), "")


def _candidates(table: Table, instance: Instance) -> list[Guest]:
    """The guests whose settings an instance may be, the likeliest first."""
    keys = {key.name: find(instance.properties, key.name) for key in table.identity.first(KINDS[0])}
    if instance.path is not None and None in keys.values():
        keys = dict(instance.path.keys)
    if None in keys.values():
        name = find(instance.properties, _naming(table))
        return [(str(name or ""), KINDS[0])]
    known = table.identity.known(keys)
    if not known:
        raise invalid(f"{table.name}: {', '.join(map(str, keys.values()))!r} is not a key of it")
    return [(texts.get("/domain/name", ""), kind) for kind, texts in known]


def _guest_of(
    table: Table, instance: Instance, guests: Mapping[Guest, Any]
) -> Optional[Guest]:
    """The guest among those that an instance belongs to; None if it says what a host can give."""
    candidates = _candidates(table, instance)
    for guest in candidates:
        if guest in guests:
            return guest
    if candidates[0][0] == "" and len(guests) == 1:
        return next(iter(guests))
    if candidates[0][1] not in KINDS:
        return None
    raise invalid(f"{table.name}: guest {candidates[0][0]!r} has no settings of its own here")


def _document(kind: str, parts: list[tuple[Table, Instance]]) -> str:
    system, first = parts[0]
    with _placed(first):
        document = Document((kind,), etree.Element(ROOTS[kind]))
        document.root = _start(system, first, document)
        refuse_claimed(load(system.maker.prefix).settings(), system, document)
        build(system, document.root, document, without_rest(first.properties))
        if not (document.root.findtext("name") or "").strip():
            raise invalid(f"{system.name}.{_naming(system)}: a guest needs a name")
    for table, instance in parts[1:]:
        with _placed(instance):
            _place(table, instance, document)
    _sort(document.root)
    return tree.indented(document.root)


def _place(table: Table, instance: Instance, document: Document) -> None:
    """Put a new element into the document and write the instance into it."""
    element = _start(table, instance, document)
    table.place(element, document)
    build(table, element, document, without_rest(instance.properties))


def _start(table: Table, instance: Instance, document: Document) -> Element:
    """The element that an instance starts from: its rest, or an empty one."""
    text = find(instance.properties, REST)
    if text is not None:
        return started(table, text, document)
    tag = fitting(table, document, without_rest(instance.properties))
    if tag == "*":
        raise invalid(f"{table.name}.{REST}: is needed, it names the element")
    return etree.Element(tag)


@functools.cache
def _order(path: str) -> Mapping[str, int]:
    skeleton = tree.parse(resource.text("xml/skeleton/domain.xml").encode())
    return {tag: number for number, tag in enumerate(tree.tags(skeleton.find(path)))}


def _sort(root: Element) -> None:
    """Children of the domain and of its devices in libvirt's own order."""
    tree.sort(root, _order("."))
    for devices in root.iterchildren("devices"):
        tree.sort(devices, _order("devices"))
