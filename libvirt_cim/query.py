# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading over all tables: enumerate, get, and follow associations, for any class alike.

Knows the schema and a source of documents; nothing of libvirt, and of no class by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Callable, NamedTuple, Optional

from . import association
from .cim import Error, Instance, Path, Status, Value, find
from .ground import ROOTS, Document, Known, Source
from .plan import Plan, plan, sections, spelled
from .rest import rest_of, rests_of
from .schema import Schema
from .sheet import sheet
from .table import REST, Entry, Names, Table
from .tree import Element

NO_KEYS: Mapping[str, Value] = {}


class Link(NamedTuple):
    """An association at a node: its path, and where its other properties are read."""

    path: Path
    node: Element
    document: Document


class Query:
    """The read operations of one request, on the tables that `has` says are there."""

    def __init__(self, schema: Schema, source: Source,
                 has: Optional[Callable[[str], bool]] = None) -> None:
        self.schema = schema
        self.source = source
        self._has = has or (lambda name: True)

    # instances

    def enumerate(self, class_name: str, wanted: Names = None,
                  given: Mapping[str, Value] = NO_KEYS) -> Iterator[Instance]:
        """The instances of a class and of those below it, document by document.

        Of those without the given keys, as few as is simple.
        """
        below = self.schema.below(self.schema.name(class_name))
        return self.read([table for table in below if self._has(table.name)], wanted, given)

    def read(self, tables: Sequence[Table], wanted: Names = None,
             given: Mapping[str, Value] = NO_KEYS) -> Iterator[Instance]:
        """The instances of tables, document by document."""
        if self.source.lists and wanted is not None and not given:
            return self._listed(tables, wanted)
        return self._read(tuple(tables), wanted, given)

    def _read(self, tables: tuple[Table, ...], wanted: Names, given: Mapping[str, Value] = NO_KEYS
              ) -> Iterator[Instance]:
        asked = plan(tables, wanted)
        documents = (self._known_documents(tables, given, wanted) if given
                     else self.source.every(asked.kinds, {}, asked.sections))
        # Nothing holds a document for longer: the next takes its memory while that is in the cache.
        return chain.from_iterable(map(partial(self._in_document, asked), documents))

    def _in_document(self, asked: Plan, document: Document) -> Iterator[Instance]:
        """The instances of tables in a document.

        Each step is done for all tables before the next, so that its code stays in the cache.
        """
        tables, associations = asked.of(document)
        there = [(table, kind, names, nodes) for table, kind, names in tables
                 for nodes in [table.elements(document, kind)] if nodes]
        paths = [table.identity.paths(nodes, document, kind) for table, kind, _, nodes in there]
        found: list[Iterable[Instance]] = [
            table.instances_of(nodes, named, document, kind, names)
            for (table, kind, names, nodes), named in zip(there, paths)]
        if asked.rests:
            for (table, _, names, _), instances in zip(there, found):
                if names is not None and REST in names:
                    _add_rests(instances, rests_of(self.schema.settings_at, table, document))
        found += [self._links(table, document, names) for table, _, names in associations]
        return chain.from_iterable(found)

    def _listed(self, tables: Sequence[Table], wanted: Names) -> Iterator[Instance]:
        """The instances, of those that listings tell enough of without a document."""
        left = []
        for table in tables:
            found = sheet(table, spelled(table, wanted))
            rows = None if found is None else self.source.sheet(found.columns)
            if found is None or rows is None:
                left.append(table)
            else:
                yield from found.instances(rows)
        yield from self._read(tuple(left), wanted)

    def _known_documents(self, tables: Sequence[Table], given: Mapping[str, Value],
                         wanted: Names) -> Iterator[Document]:
        places = [place for table in tables for place in table.identity.known_by_some(given)]
        every = {ROOTS[kind] for kind, known in places if not known}  # all such documents
        places = [(kind, {} if ROOTS[kind] in every else known) for kind, known in places]
        some: list[Known] = []
        for _, each in places:
            if each not in some:
                some.append(each)
        seen: list[Document] = []  # what is found by two ways comes once
        for known in some:
            kinds = tuple(dict.fromkeys(kind for kind, each in places if known == each))
            for document in self.source.every(kinds, known, sections(tuple(tables), kinds, wanted)):
                if known and any(document is each for each in seen):
                    continue
                if known:
                    seen.append(document)
                yield document

    def names(self, class_name: str) -> Iterator[Path]:
        """The paths of the instances of a class and of those below it."""
        for instance in self.enumerate(class_name, frozenset()):
            if instance.path is not None:
                yield instance.path

    def _links(self, table: Table, document: Document, wanted: Names) -> Iterator[Instance]:
        for node in table.expanded(document)[0]:
            for path in association.links(self.schema, table, node, document):
                yield self._link(table, Link(path, node, document), wanted)

    def find(self, path: Path, whole: bool = True, wanted: Names = None
             ) -> tuple[Table, Document, Entry]:
        """The element that a path names, or CIM_ERR_NOT_FOUND naming the key that is wrong.

        If its document need not be whole, it has at least what the wanted rows read.
        """
        table = self.schema.table(path.class_name)
        seen = []
        for kind, known in table.identity.known(path.keys):
            needed = () if whole else sections((table,), (kind,), wanted)
            for document in self.source.documents(kind, known, needed):
                if table.kind_of(document) == kind:
                    entry = table.find(document, path)
                    if entry is not None:
                        return table, document, entry
                    seen.append(document)
        raise Error(Status.NOT_FOUND, f"No such instance ({table.wrong_key(path, seen)})")

    def get(self, path: Path, wanted: Names = None) -> Instance:
        """The instance that a path names."""
        if self.schema.table(path.class_name).association:
            return self._get_link(path, wanted)
        table, document, entry = self.find(path, False, wanted)
        wanted = spelled(table, wanted)
        instance = table.instance(entry, document, wanted)
        if wanted is not None and REST in wanted:
            _add_rests([instance], [rest_of(self.schema.settings_at, table, entry, document)])
        return instance

    def _get_link(self, path: Path, wanted: Names) -> Instance:
        table = self.schema.table(path.class_name)
        ends = [(name, end) for name, end in path.keys.items() if isinstance(end, Path)]
        ends.sort(key=lambda each: (self._far(table, each[0]), not self._named(each[1])))
        for role, end in ends[:1]:
            for instance in self.references(end, table.name, role, wanted):
                if instance.path == path:
                    return instance
        raise Error(Status.NOT_FOUND, f"No such instance ({next(iter(path.keys), table.name)})")

    @staticmethod
    def _far(table: Table, role: str) -> bool:
        row = find(table.rows, role)
        return row is not None and association.is_far(row)

    def _named(self, path: Path) -> bool:
        """Whether a path alone finds its document, so that not all of a kind need be read."""
        identity = self.schema.table(path.class_name).identity
        return any(known for _, known in identity.known(path.keys))

    # associations

    def references(self, path: Path, class_name: Optional[str] = None,
                   role: Optional[str] = None, wanted: Names = None) -> Iterator[Instance]:
        """The associations that lead from an instance, by their class and its role in them."""
        for table, link in self._around(path, class_name, role):
            yield self._link(table, link, spelled(table, wanted))

    def reference_names(self, path: Path, class_name: Optional[str] = None,
                        role: Optional[str] = None) -> Iterator[Path]:
        """The paths of the associations that lead from an instance."""
        for _, link in self._around(path, class_name, role):
            yield link.path

    def associator_names(
        self, path: Path, assoc_class: Optional[str] = None, result_class: Optional[str] = None,
        role: Optional[str] = None, result_role: Optional[str] = None,
    ) -> Iterator[Path]:
        """The paths at the other ends of the associations that lead from an instance."""
        found: set[Path] = set()
        if result_class is not None:
            result_class = self.schema.name(result_class)
        for _, link in self._around(path, assoc_class, role):
            for name, end in _other_ends(link.path, path, role):
                if result_role and name.lower() != result_role.lower():
                    continue
                if result_class and not self.schema.is_a(end.class_name, result_class):
                    continue
                if end not in found:
                    found.add(end)
                    yield end

    def associators(
        self, path: Path, assoc_class: Optional[str] = None, result_class: Optional[str] = None,
        role: Optional[str] = None, result_role: Optional[str] = None, wanted: Names = None,
    ) -> Iterator[Instance]:
        """The instances at the other ends of the associations that lead from an instance."""
        for end in self.associator_names(path, assoc_class, result_class, role, result_role):
            try:
                yield self.get(end, wanted)
            except Error as error:
                if error.status != Status.NOT_FOUND:  # it may have gone in between
                    raise

    def _around(
        self, path: Path, class_name: Optional[str], role: Optional[str]
    ) -> Iterator[tuple[Table, Link]]:
        """The links of every association table that have the path as an end."""
        name = None if class_name is None else self.schema.name(class_name)
        table, document, entry = self.find(path)
        given = []
        for assoc in self.schema.associations():
            if self._has(assoc.name) and (not name or self.schema.is_a(assoc.name, name)):
                earlier: tuple[str, ...] = ()
                for row in association.ends(self.schema, assoc, table.name, role):
                    given.append(association.End(assoc, row, earlier))
                    earlier += (row.name,)
        for assoc, link, node, other in association.around(self.schema, given, document, entry):
            yield assoc, Link(link, node, other)

    def _link(self, table: Table, link: Link, wanted: Names) -> Instance:
        values = {**table.values(link.node, link.document, wanted),
                  **link.path.keys}
        if wanted is not None:
            values = {name: value for name, value in values.items() if name in wanted}
        return Instance(table.name, values, link.path)


def _add_rests(instances: Iterable[Instance], rests: Sequence[Optional[str]]) -> None:
    for instance, rest in zip(instances, rests):
        if rest is not None:
            instance.properties[REST] = rest


def _other_ends(link: Path, path: Path, role: Optional[str]) -> list[tuple[str, Any]]:
    """The ends of a link but the one it is seen from; one may lead from an instance to itself."""
    others = [(name, end) for name, end in link.keys.items() if end != path]
    return others or [
        (name, end) for name, end in link.keys.items() if not role or name.lower() != role.lower()
    ]


def if_there(found: Iterator[Any]) -> Iterator[Any]:
    """What is found from an instance, which need not be there."""
    try:
        yield from found
    except Error as error:
        if error.status != Status.NOT_FOUND:
            raise
