# SPDX-License-Identifier: LGPL-2.1-or-later
"""A namespace as pages see it: who answers, what is declared, lists of its instances.

Which kinds of instances come first, and what a list says of them, is data: page/overview.xml.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, Optional

import attrs
from lxml import etree

from .. import resource
from ..broker import Broker
from ..cim import Class, Instance, Path, find
from ..explain import unit_property
from ..schema import Schema, is_row
from ..tree import Element
from .page_html import Content, Link, address, link, namespace_address, table
from .page_value import shown, to_instance, total

LIMIT = 100  # rows of a list, and links of one sort


@attrs.frozen
class Kind:
    """A sort of instances, by a class that they are of."""

    title: str
    class_name: str
    columns: Sequence[str]
    share: Optional[str]
    shown: bool

    def has(self, schema: Schema, name: str) -> bool:
        """Whether the instances of a class are of this kind."""
        return schema.is_a(name, schema.concrete(self.class_name))


@functools.cache
def kinds() -> Sequence[Kind]:
    """The kinds of page/overview.xml."""
    root = etree.fromstring(resource.text("page/overview.xml").encode())
    return [Kind(each.get("title", ""), each.get("class", ""), each.get("columns", "").split(),
                 each.get("share"), each.get("shown") == "yes") for each in root.iter("kind")]


@attrs.frozen
class Place:
    """A namespace, and who answers for it."""

    namespace: str
    provider: Any
    schemas: Sequence[Schema]

    @classmethod
    def of(cls, hosts: Broker, namespace: Optional[str]) -> Place:
        """The namespace of a name, in whatever case; the first one where there is no name."""
        known = list(hosts.namespaces)
        wanted = (known[0] if namespace is None else namespace).strip("/")
        name = next((each for each in known if each.lower() == wanted.lower()), wanted)
        return cls(name, hosts.at(name), [each.schema for each in hosts.providers(name)])

    def schema(self, class_name: str) -> Schema:
        """The classes among which one of that name is."""
        return next((each for each in self.schemas if class_name in each), self.schemas[0])

    def kind(self, name: str) -> Optional[Kind]:
        """The kind of a class; associations and embedded classes have none."""
        return next((each for each in kinds() if each.has(self.schema(name), name)), None)

    # links

    def home(self) -> Link:
        """To the first page."""
        return self.namespace, namespace_address(self.namespace)

    def to_class(self, name: str, namespace: Optional[str] = None) -> Element:
        """To the list of a class."""
        return link(name, address("class", namespace or self.namespace, name))

    def to_schema(self, name: str, namespace: Optional[str] = None) -> Element:
        """To the declaration of a class."""
        return link(name, address("schema", namespace or self.namespace, name))

    def to(self, path: Path) -> Content:
        """To an instance."""
        return to_instance(path, self.schema(path.class_name))

    # lists

    def instances(self, class_name: str, kind: Optional[Kind]) -> Iterator[Instance]:
        """The instances of a class, with what a list of their kind says."""
        wanted = None if kind is None else [*kind.columns, *(kind.share or "").split("/")]
        rows = self.schema(class_name).resolved(class_name).properties
        for row in [find(rows, name) for name in wanted or ()]:
            if wanted is not None and row is not None:
                wanted.append(unit_property(row))
        found: Iterator[Instance] = self.provider.enumerate_instances(
            class_name, namespace=self.namespace, property_list=wanted)
        return found

    def value(self, each: Instance, name: str) -> Content:
        """The value of a property."""
        schema = self.schema(each.class_name)
        return shown(schema, schema.resolved(each.class_name), each, name)

    def list(self, caption: str, found: Sequence[Instance], kind: Optional[Kind]) -> Element:
        """Instances with the columns of a kind in which any of them has a value."""
        class_ = self.schema(found[0].class_name).resolved(found[0].class_name)
        columns = [name for name in _columns(class_, kind)
                   if any(each.get(name) is not None for each in found)]
        several = len({each.class_name for each in found}) > 1
        share = kind.share if kind else None
        header = ["instance", *["class"] * several, *columns, *["taken"] * bool(share)]
        rows = [[self.to(each.path or Path(each.class_name)),
                 *[self.to_class(each.class_name) for _ in range(several)],
                 *(self.value(each, name) for name in columns),
                 *[total(each, share) for _ in range(bool(share))]] for each in found]
        return table(caption, header, rows)


def _columns(class_: Class, kind: Optional[Kind]) -> Sequence[str]:
    """What a list says; where there is no kind, the first properties that are mapped."""
    if kind is not None:
        return kind.columns
    return [row.name for row in class_.properties.values() if is_row(row)][:6]
