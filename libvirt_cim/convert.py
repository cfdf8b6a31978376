# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's documents to CIM instances and back, without a host.

Any document that tables stand on is taken, each alone: what another one would say is absent. The
document of a guest is both documents of one guest that is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Optional, Union

from lxml import etree

from . import tree
from .cim import Instance, invalid
from .ground import Document
from .model import GENERIC
from .query import Query
from .rest import rests
from .schema import Schema, load
from .shelf import Shelf
from .table import REST, Table
from .tree import Element
from .whole import Part, Placed, Whole, carriers, carries, kinds_of, wholes, without_name

PREFIXES = {"kvm": "KVM", "qemu": "KVM", "xen": "Xen", "lxc": "LXC"}
_HYPERVISOR = etree.XPath("string(self::domain/@type | domain/@type)")  # a snapshot holds a guest


def to_cim(xml: Union[str, bytes], prefix: Optional[str] = None, associations: bool = False,
           name: str = "-") -> list[Instance]:
    """The instances of a libvirt document: settings first, then what they are settings of.

    `prefix` overrides the one that domain/@type says (kvm, qemu: KVM; xen: Xen; lxc: LXC; else
    Virt). A document that no table reads, or that cannot survive the conversion, is
    CIM_ERR_INVALID_PARAMETER; `name` stands in the message.
    """
    root = tree.parse(xml, name)
    schema = load(prefix or PREFIXES.get(str(_HYPERVISOR(root)), GENERIC))
    document = Document(kinds_of(root.tag, schema), root)
    settings = carriers(schema, document)
    _refuse(document, settings, name)
    query = Query(schema, Shelf([document]))
    found = {table.name: table.instances(document) for table in settings}
    others = list(query.read(_others(schema, settings, associations)))
    for class_name, left in rests(settings, document).items():
        for instance, rest in zip(found[class_name], left):
            if rest is not None:
                instance.properties[REST] = rest
    return [instance for each in found.values() for instance in each] + others


def _others(schema: Schema, settings: Sequence[Table], associations: bool) -> list[Table]:
    """The tables of what is no settings: the system, its devices and, if asked for, associations.
    """
    tables = [each for each in schema.tables.values() if each not in settings]
    return ([each for each in tables if not each.association]
            + [each for each in tables if associations and each.association])


def _refuse(document: Document, settings: Sequence[Table], name: str) -> None:
    """A document that no instances could give back is not converted."""
    root = document.root
    where = f"{name}:{root.sourceline or 1}"
    if not document.kinds:
        raise invalid(f"{where}: <{etree.QName(root).localname}> is not a document with a table")
    missing = without_name(root, settings[0], document.kinds[0]) if settings else ""
    if missing:
        raise invalid(f"{where}: {missing}")
    parents = {each.above or each: table.identity.counted for table in settings
               for each in table.roots[table.kind_of(document) or ""]}
    for path, counted in parents.items():
        elements = document.elements(path)
        if len(elements) > 1 and path[-1] != counted:
            raise invalid(f"{name}:{elements[1].sourceline}: <{root.tag}> has two <{path[-1]}>")
        for element in elements:
            wrong = _unplaced(element, counted)
            if wrong:
                raise invalid(f"{name}:{element.sourceline}: <{element.tag}> has {wrong}")


def _unplaced(element: Element, counted: str) -> str:
    """What an element that holds others has that would not find back; nothing where all would."""
    if element.tag == counted and element.find(counted) is not None:
        return f"another <{counted}>"
    return "text between elements" if tree.mixed(element) else ""


# back

def to_xml(instances: Iterable[Instance]) -> str:
    """The one document whose settings are among the instances, indented.

    Everything but settings is ignored. Settings of no document or of several, an unknown class or
    property, or a value that cannot be written are CIM_ERR_INVALID_PARAMETER.
    """
    found = list(documents(instances))
    if len(found) != 1:
        names = ", ".join(str(whole) for whole, _ in found)
        raise invalid(f"these are the settings of {len(found)} documents ({names}), not of one")
    return found[0][1]


def documents(instances: Iterable[Instance]) -> Iterator[tuple[Whole, str]]:
    """Every document whose settings are among the instances, and its text."""
    from .rebuild import rebuilt  # who only reads need not load it

    found: list[Part] = []
    for instance in instances:
        with Placed(instance):
            table = _table(instance)
        if table is not None and carries(table):
            found.append((table, instance))
    made = wholes(found)
    if not made:
        raise invalid("there are no settings of a whole document among the instances")
    for whole, parts in made.items():
        yield whole, tree.indented(rebuilt(whole.kind, parts))


def _table(instance: Instance) -> Optional[Table]:
    prefix = instance.class_name.partition("_")[0]
    known = {each.lower(): each for each in (*PREFIXES.values(), GENERIC)}
    schema = load(known.get(prefix.lower(), GENERIC))
    return schema.tables.get(schema.name(instance.class_name))
