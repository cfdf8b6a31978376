# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a CIM server is told of a configuration's hosts: classes by namespace, and of what kind.

Knows the tables and how MOF and a server's own form of registration are made of them. Reads the
package's data only, and nothing of a server.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Optional

import attrs
from lxml import etree

from .. import published, resource, tree
from ..adapter import mof as writer
from ..cim import Class, Qualifier, QualifierType, invalid
from ..config import Connection
from ..convert import PREFIXES
from ..model import GENERIC, named
from ..namespace import INTEROP, Namespaces
from ..schema import Schema, load

LIBRARY = "virt_cim"  # a server adds lib and .so
MODULE = "libvirt-cim-module"  # what OpenPegasus calls the library
OWN = ["ServerXML"]  # the document on a server of ours: another server describes itself
NAMES = tuple(f"{each}_" for each in dict.fromkeys([*PREFIXES.values(), GENERIC]))


@attrs.frozen
class Form:
    """How a server wants to be told, as far as a file can say it."""

    interop: str  # its Interop namespace, where it can't be asked
    registration: Optional[str] = None  # the name of a file
    marks: dict[str, str] = attrs.Factory(dict)  # qualifiers of the classes that are provided


FORMS = {
    "sfcb": Form("root/interop", "libvirt-cim.reg"),
    "pegasus": Form("root/interop", "registration.mof"),
    "openwbem": Form("root", marks={"Provider": f"cmpi::{LIBRARY}"}),
}


@attrs.frozen
class Entry:
    """A class that is provided: where, and what may be asked of it."""

    name: str
    namespaces: list[str]
    kinds: list[str]


@attrs.define
class Plan:
    """All that a server is told."""

    qualifiers: list[QualifierType]
    standard: list[QualifierType]  # with DMTF's
    entries: dict[str, Entry] = attrs.Factory(dict)
    classes: dict[str, dict[str, Class]] = attrs.Factory(dict)  # by namespace, in MOF's order

    @property
    def namespaces(self) -> list[str]:
        """The namespaces in which something is provided."""
        return list(self.classes)

    def missing(self, namespace: str, present: Collection[str]) -> list[str]:
        """DMTF's classes that ours need in a namespace and that are not there."""
        have = {each.lower() for each in present}
        return list(_reached(self.classes[namespace], have))

    def mof(self, namespace: str, present: Optional[Collection[str]],
            marks: Mapping[str, str] = {}, qualifiers: Optional[Collection[str]] = None) -> str:
        """What a namespace with some classes must load; marks are qualifiers of what is provided.

        Of a server that nobody can ask DMTF's final schema is taken to be there. `qualifiers` are
        those that are there, so that DMTF's others are loaded, too.
        """
        found = self.classes[namespace]
        others = [name for name, each in found.items() if each.qualifier("Experimental")] \
            if present is None else self.missing(namespace, present)
        texts = [f"// libvirt-cim: its classes in {namespace}.\n"]
        texts += map(writer.qualifier_type, self._types(qualifiers, marks))
        for name, each in found.items():
            if not name.startswith(NAMES) and name not in others:
                continue
            if namespace in getattr(self.entries.get(name), "namespaces", ()):
                each = _marked(each, marks)
            texts.append("\n" + writer.class_(each))
        return "".join(texts)

    def _types(self, there: Optional[Collection[str]],
               marks: Mapping[str, str]) -> Iterator[QualifierType]:
        """The declarations of the qualifiers that are loaded."""
        have = {each.lower() for each in there or ()}
        ours = self.qualifiers if there is None else self.standard
        more = [QualifierType(each, "string", scopes=("any",)) for each in marks]
        yield from (each for each in [*ours, *more]
                    if each in self.qualifiers or each.name.lower() not in have)

    def registration(self, server: str) -> str:
        """The registration in the form of a server, as xml/registration/ says it."""
        root = etree.Element("registration", library=LIBRARY, module=MODULE, version=_release())
        for _, entry in sorted(self.entries.items()):
            node = etree.SubElement(root, "class", name=entry.name)
            for tag, texts in (("namespace", entry.namespaces), ("kind", entry.kinds)):
                for text in texts:
                    etree.SubElement(node, tag).text = text
        return str(_form(server)(root))


def plan(connections: Sequence[Connection], interop: str) -> Plan:
    """What a server with that Interop namespace is told of some hosts."""
    found: Optional[Plan] = None
    for each in connections:
        schema = load(prefix(each.uri))
        if found is None:
            found = Plan(published.qualifier_types(schema),
                         published.qualifier_types(schema, standard=True))
        _add(found, schema, Namespaces(schema, each.namespace), interop)
    if found is None:
        raise invalid("there is no connection: give -c URI, or one in the configuration file")
    return found


def prefix(uri: str) -> str:
    """The prefix of the classes of a host, which its URI tells without a connection."""
    scheme, colon, _ = uri.partition(":")
    if not colon:
        raise invalid(f"{uri!r} does not say which hypervisor it is: give the whole URI")
    return PREFIXES.get(scheme.partition("+")[0].lower(), GENERIC)


def _add(found: Plan, schema: Schema, spaces: Namespaces, interop: str) -> None:
    names = [name for name in schema.declared if _provided(schema, name)]
    for name in names:
        kinds = list(_kinds(schema, name))
        entry = found.entries.setdefault(name, Entry(name, [], kinds))
        for place in spaces.of(name):
            place = interop if place == INTEROP else place
            if place not in entry.namespaces:
                entry.namespaces.append(place)
    for place in spaces.names:
        here = [name for name in names if place in spaces.of(name)]
        classes = found.classes.setdefault(interop if place == INTEROP else place, {})
        for name in published.ordered(schema.declared, here):
            classes.setdefault(name, published.in_full(schema, schema.declared[name]))


def _provided(schema: Schema, name: str) -> bool:
    """Whether a class has instances, or events of its own."""
    if name in schema.tables:
        return published.documents(schema, name) != OWN
    return "Indication" in schema.declared.head(name) and name.startswith(NAMES) \
        and "Abstract" not in schema.declared.head(name)


def _kinds(schema: Schema, name: str) -> Iterator[str]:
    class_ = schema.resolved(name)
    if class_.qualifier("Indication"):
        yield "indication"
        return
    yield "instance"
    if class_.qualifier("Association"):
        yield "association"
    if class_.methods:
        yield "method"


def _reached(classes: Mapping[str, Class], have: Collection[str]) -> Iterator[str]:
    """What classes of ours lead to, as far as it is not there: who is there has all it needs."""
    done: set[str] = set()
    waiting = [name for name in classes if name.startswith(NAMES)]
    while waiting:
        class_ = classes[waiting.pop()]
        for each in filter(None, (class_.superclass, *named(class_))):
            if each in classes and each not in done and each.lower() not in have:
                done.add(each)
                waiting.append(each)
    yield from (name for name in classes if name in done and not name.startswith(NAMES))


def _marked(class_: Class, marks: Mapping[str, str]) -> Class:
    more = {name: Qualifier(name, text) for name, text in marks.items()}
    return attrs.evolve(class_, qualifiers={**class_.qualifiers, **more})


def _release() -> str:
    """The version as three numbers, which servers ask for."""
    numbers = [part for part in resource.version().split(".") if part.isdecimal()]
    return ".".join([*numbers, "0", "0", "0"][:3])


@functools.cache
def _form(server: str) -> Any:
    name = f"xml/registration/{server}.xml"
    control: Any = etree.XSLTAccessControl
    return etree.XSLT(tree.parse(resource.text(name), name), access_control=control.DENY_ALL)
