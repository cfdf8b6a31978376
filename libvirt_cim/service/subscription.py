# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who wants to be told of what: filters, destinations, subscriptions of clients (DSP1054).

They are elements below <indications>, as the tables of mappings/indication.mof read them, and are
kept in a store. Knows nothing of what happens, or of how a listener is told.
"""

from __future__ import annotations

import copy
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Optional

from lxml import etree

from .. import association, principal, resource, tree
from ..cim import Error, Instance, Path, Status, Value, find, invalid, parse_path
from ..ground import Document
from ..query import Query
from ..schema import Schema
from ..table import Table
from ..tree import Element
from ..write import build, modify
from .store import Store
from .wanted import ELEMENTS, mistake, right, sources

DOCUMENT, PLACE = "ServerXML", ("server", "indications")
KIND = "indications"  # in the store
MOST = 16 * 1024  # characters of what is kept of one
LONGEST = 256  # characters of a name: MaxLen of the class
ENDS = dict(zip(("Filter", "Handler"), ELEMENTS))  # of a subscription
Schemas = Callable[[list[str]], list[Schema]]  # of the hosts in some namespaces; none: of all


class Subscriptions:
    """The filters, destinations and subscriptions of one server.

    `changed` is called after each change. `schemas` gives the classes that a filter may ask for.
    """

    def __init__(self, store: Optional[Store] = None) -> None:
        self._store = Store() if store is None else store
        self._lock = threading.RLock()
        self._root = tree.parse(resource.text("xml/skeleton/indications.xml"))
        self.changed: Callable[[], None] = lambda: None
        self.schemas: Optional[Schemas] = None
        if self._store.lasting:
            etree.SubElement(self._root, "kept")
        for number, text in self._store.all(KIND):
            element = tree.parse(text, self._store.file)
            element.set("id", str(number))
            self._root.append(element)
        self._forget_transient()

    def _forget_transient(self) -> None:
        """Who does not expect to be there for long has gone, with his subscriptions."""
        gone = [each for each in self._root.iterchildren("destination")
                if each.get("persistence") == "transient"]
        names = {each.get("name") for each in gone}
        gone += [each for each in self._root.iterchildren("subscription")
                 if each.get("destination") in names]
        for each in gone:
            self._drop(each)

    @property
    def root(self) -> Element:
        """A copy of <indications> with all that is kept."""
        with self._lock:
            return copy.deepcopy(self._root)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    # operations

    def create(self, query: Query, sent: Instance) -> Path:
        """CreateInstance: keep what a client wants; the path that it has from now on."""
        table = _table(query.schema, sent.class_name)
        document, place = self._document(query)
        element = etree.SubElement(place, table.root_of(document)[-1])
        _begin(table, element, query, sent)
        _refuse_same(table, element, place)
        build(table, element, document, _values(table, sent))
        self._check(table, element, query)
        document.forget()
        path = next(path for node, path in _paths(query.schema, table, document)
                    if node is element)
        with self._lock:  # not before: hosts may have been asked
            self._admit(table, element)
            element.set("id", str(self._store.add(KIND, tree.text_of(element))))
            self._root.append(copy.deepcopy(element))
        self.changed()
        return path

    def modify(self, query: Query, path: Path, sent: Mapping[str, Value]) -> None:
        """ModifyInstance: change what the class says may be, as its qualifier Write has it."""
        table, document, node = self._find(query, path)
        present = {**table.constants, **table.read(node, document)}
        for name, value in sent.items():
            row = find(table.class_.properties, name)
            if row is not None and not row.qualifier("Write") and not row.qualifier("Key") \
                    and value != find(present, row.name):
                raise invalid(f"{table.name}.{row.name}: may not be changed")
        before = tree.text_of(node)
        modify(table, node, document, sent)
        with self._lock:
            kept = self._kept(node)
            if tree.text_of(kept) != before:
                raise Error(Status.FAILED, "it was changed meanwhile")
            self._store.change(int(kept.get("id", "")), tree.text_of(node))
            self._root.replace(kept, copy.deepcopy(node))
        self.changed()

    def delete(self, query: Query, path: Path) -> None:
        """DeleteInstance; what a subscription needs stays: CIM_ERR_FAILED (DSP1054)."""
        table, _, node = self._find(query, path)
        with self._lock:
            kept = self._kept(node)
            name = kept.get("name")
            if name is not None and any(each.get(kept.tag) == name
                                        for each in self._root.iterchildren("subscription")):
                raise Error(Status.FAILED, f"{table.name}.Name: {name!r} has a subscription")
            self._drop(kept)
        self.changed()

    def _drop(self, element: Element) -> None:
        self._store.remove(int(element.get("id", "")))
        self._root.remove(element)

    def _document(self, query: Query) -> tuple[Document, Element]:
        """The server's document, and in it the place of what is kept."""
        for document in query.source.documents(DOCUMENT, {}, ()):
            for place in document.elements(PLACE):
                return document, place
        raise Error(Status.NOT_SUPPORTED, "there is no indication service here")

    def _find(self, query: Query, path: Path) -> tuple[Table, Document, Element]:
        """The element that a path names, in a request's document."""
        table = query.schema.table(path.class_name)
        if _tag(table) is None:
            raise _refused(table.name)
        document, _ = self._document(query)
        if not table.association:
            return table, document, query.find(path)[2].node
        for node, found in _paths(query.schema, table, document):
            if found == path:
                return table, document, node
        raise Error(Status.NOT_FOUND, f"No such instance ({next(iter(path.keys), table.name)})")

    def _kept(self, node: Element) -> Element:
        """What is kept of an element of a request's document, unless it went meanwhile."""
        found = self._root.find(f"{node.tag}[@id='{node.get('id')}']")
        if found is None:
            raise Error(Status.NOT_FOUND, "it was deleted meanwhile")
        return found

    # what a client sends

    def _admit(self, table: Table, element: Element) -> None:
        """There is room for one more, none like it, and what it refers to is still there."""
        limit = int(self._root.get(f"{element.tag}s", ""))
        if len(self._root.findall(element.tag)) >= limit:
            raise Error(Status.FAILED, f"there are {limit} {element.tag}s already")
        _refuse_same(table, element, self._root)
        for role, tag in ENDS.items() if element.tag == "subscription" else ():
            if not any(each.get("name") == element.get(tag)
                       for each in self._root.iterchildren(tag)):
                raise invalid(f"{table.name}.{role}: it was deleted meanwhile")

    def _check(self, table: Table, element: Element, query: Query) -> None:
        if len(tree.text_of(element)) > MOST:
            raise invalid(f"{table.name}: is larger than {MOST} characters")
        if element.tag == "filter":
            self._check_filter(table, element, query)
        elif element.tag == "destination" and not right(element.findtext("url", "")):
            raise invalid(f"{table.name}.Destination: {element.findtext('url', '')!r} is not "
                          "http://HOST:PORT or https://HOST:PORT")
        elif element.tag == "subscription" and self.schemas is None:
            raise Error(Status.NOT_SUPPORTED, "nobody is told of indications here")

    def _check_filter(self, table: Table, element: Element, query: Query) -> None:
        """Some host, or each that is named, has the class and what the query asks of it."""
        names = sources(element)
        try:
            found = self.schemas(names) if self.schemas else [query.schema]
        except Error as error:
            raise invalid(f"{table.name}.SourceNamespaces: {error.text}") from None
        errors = [each for each in (mistake(schema, element) for schema in found) if each]
        if errors and (names or len(errors) == len(found)):
            raise invalid(f"{table.name}.Query: {errors[0]}")


def _begin(table: Table, element: Element, query: Query, sent: Instance) -> None:
    """What the rows do not write: the name, or the names of the ends."""
    if element.tag == "subscription":
        for role, attribute in ENDS.items():
            element.set(attribute, _end(table, query, sent, role))
        element.set("state", "enabled")
        element.set("since", f"{time.time():.6f}")
        owner = principal.current()
        if owner is not None:
            element.set("owner", owner)
    else:
        element.set("name", _name(table, sent))
    if element.tag == "destination":
        element.set("persistence", "permanent")


def _refuse_same(table: Table, element: Element, place: Element) -> None:
    """CIM_ERR_ALREADY_EXISTS if there is another with that name, or with those ends."""
    for each in place.iterchildren(element.tag):
        if each is not element and all(each.get(name) == element.get(name)
                                       for name in (*ELEMENTS, "name")):
            raise Error(Status.ALREADY_EXISTS, f"{table.name}: there is one already")


def _tag(table: Table) -> Optional[str]:
    """The name of the elements that a table stands on, if clients make them."""
    roots = table.roots.get(DOCUMENT, ())
    return next((root[-1] for root in roots if len(table.kinds) == 1 and len(roots) == 1
                 and tuple(root[:-1]) == PLACE and root[-1] in ("subscription", *ELEMENTS)),
                None)


def _table(schema: Schema, class_name: str) -> Table:
    """The one table that an instance of a class goes to: of it or of a class below."""
    found = [each for each in schema.below(schema.name(class_name)) if _tag(each) is not None]
    if len(found) != 1:
        raise _refused(class_name)
    return found[0]


def _paths(schema: Schema, table: Table, document: Document) -> Iterator[tuple[Element, Path]]:
    """The elements of a document that are a table's instances, with their paths."""
    if not table.association:
        yield from ((each.node, each.path) for each in table.entries(document))
        return
    for node in table.nodes(document):
        for link in association.links(schema, table, node, document):
            yield node, link


def _refused(class_name: str) -> Error:
    return Error(Status.NOT_SUPPORTED,
                 f"instances of {class_name} are not made, changed or deleted so")


def _values(table: Table, sent: Instance) -> dict[str, Value]:
    """The properties that are sent, those that are required among them."""
    for row in table.class_.properties.values():
        if row.qualifier("Required") and find(sent.properties, row.name) is None:
            raise invalid(f"{table.name}.{row.name}: must be given")
    return dict(sent.properties)


def _name(table: Table, sent: Instance) -> str:
    """The name that a client chooses, else one that nothing else has."""
    name = find(sent.properties, "Name")
    if name is None:
        return f"libvirt-cim:{uuid.uuid4()}"
    if not isinstance(name, str) or not name or len(name) > LONGEST or not name.isprintable():
        raise invalid(f"{table.name}.Name: {name!r} is no name")
    return name


def _end(table: Table, query: Query, sent: Instance, role: str) -> str:
    """The name of what a subscription refers to."""
    path: Any = find(sent.properties, role)
    if path is None and sent.path is not None:
        path = find(sent.path.keys, role)
    if not isinstance(path, (Path, str)):
        raise invalid(f"{table.name}.{role}: must be given")
    try:
        path = parse_path(path) if isinstance(path, str) else path
        found = query.find(path)[2].node
    except Error as error:
        raise invalid(f"{table.name}.{role}: {error.text}") from None
    if found.tag != ENDS[role]:
        raise invalid(f"{table.name}.{role}: {path.class_name} is another class")
    return str(found.get("name"))
