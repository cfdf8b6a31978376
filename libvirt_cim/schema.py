# SPDX-License-Identifier: LGPL-2.1-or-later
"""All tables of one hypervisor's prefix together: loaded, checked, and found by class or node."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Optional, Union

from . import check, expression, mof, outside, resource
from .cim import Class, Error, Path, Property, Status, invalid
from .expression import Expression, Location, Mistake
from .ground import ROOTS, Document
from .model import GENERIC, Model, Source
from .mof import Declaration
from .outline import Sketch, outline
from .root import Root, parse_root
from .row import Row, compile_row
from .shape import Getter, Maker
from .table import REST, Table
from .tables import Tables
from .tree import Element
from .write import Part

SETTINGS = "CIM_SettingData"
MAPPING = "MappingStrings"


class Schema(Model):
    """A model whose classes are compiled to tables when they are asked for.

    `known`: the declarations were checked before. Else all mistakes are reported at once.
    """

    def __init__(self, declarations: Iterable[Union[Declaration, Sketch]],
                 prefix: str = GENERIC, known: bool = False) -> None:
        super().__init__(declarations, prefix)
        self.tables = Tables(self._table, self.declared.true)
        self._parts_tables: dict[str, Part] = {}
        self._below: dict[str, list[Table]] = {}
        self._settings_at: dict[tuple[str, ...], list[Table]] = {}
        self._spellings: dict[str, list[str]] = {}
        self.maker = Maker(prefix, self.part, self._outside)
        if not self.mistakes and not known:
            for each in self.declared.values():
                self.mistakes += check.qualifier_mistakes(self, each)
        if not self.mistakes:
            self._find_tables()
            if not known:
                self._check()
        self._refuse()

    def _refuse(self) -> None:
        if self.mistakes:
            raise invalid("\n".join(dict.fromkeys(self.mistakes)))

    # compiling

    def _find_tables(self) -> None:
        for name in self.declared:
            if self.declared.has(name, MAPPING) and not self.declared.true(name, "Abstract"):
                self.tables.names[name] = None

    def _check(self) -> None:
        for name, declared in self.declared.items():
            if name.startswith("CIM_") and not declared.qualifier(MAPPING):
                continue  # DMTF's are held against DMTF's own files by the tests
            self.mistakes += check.class_mistakes(self, self.resolved(name))
            if name in self.tables:
                self._compile_table(name)
        for name in sorted(self._parts & self.declared.keys()):
            class_ = self.resolved(name)
            if not name.startswith("CIM_"):
                self.mistakes += check.row_mistakes(self, class_, self._rows(class_, ()) or {})
        if not self.mistakes:
            self.mistakes += check.parts_mistakes(self)

    def _table(self, name: str) -> Table:
        """The table of a class; a mistake that nobody looked for before is refused."""
        found = self._compile_table(name)
        self._refuse()
        assert found is not None
        return found

    def _compile_table(self, name: str) -> Optional[Table]:
        class_ = self.resolved(name)
        roots = self._roots(class_, self.declared.head(name)[MAPPING].value)
        rows = self._rows(class_, tuple(roots))
        if rows is None or not roots:
            return None
        found = check.row_mistakes(self, class_, rows)
        self.mistakes += found
        return None if found else Table(
            class_, rows, roots, self.maker, self.concrete, self._elsewhere)

    def _roots(self, class_: Class, mapping: list[str]) -> dict[str, list[Root]]:
        roots: dict[str, list[Root]] = {}
        for text in mapping:
            document, body = expression.split(text)
            try:
                if document not in ROOTS:
                    raise Mistake(f"{text!r} names no document")
                root = parse_root(body)
                if any(root.tests) and self.is_a(class_.name, SETTINGS):
                    raise Mistake(f"{body!r}: settings stand on all elements of a name")
                roots.setdefault(document, []).append(root)
            except Mistake as mistake:
                self.mistakes.append(f"{class_.file}:{class_.line}: {class_.name}: {mistake}")
        return roots

    def _rows(self, class_: Class, documents: tuple[str, ...]) -> Optional[dict[str, Row]]:
        rows: dict[str, Row] = {}
        before = len(self.mistakes)
        for each in class_.properties.values():
            if not is_row(each):
                continue
            where = self.where(each)
            try:
                rows[each.name] = compile_row(each, where, documents)
            except Mistake as mistake:
                self.mistakes.append(f"{where}: {mistake}")
        return rows if len(self.mistakes) == before else None

    def where(self, row: Property) -> str:
        """The place of a property: file:line: Class.property."""
        class_ = self.declared[row.origin]
        return f"{class_.file}:{row.line}: {row.origin}.{row.name}"

    def _elsewhere(self, table: Table) -> set[str]:
        """The names that the * of a table's root does not mean, as other tables have them."""
        names: set[str] = set()
        for kind, roots in table.roots.items():
            for root in roots:
                if root[-1] == "*" and not table.association:
                    names |= self._named_below(root[:-1], kind, table)
        return names

    def _named_below(self, parent: tuple[str, ...], kind: str, table: Table) -> set[str]:
        names: set[str] = set()
        for other in self.lossless():
            if other is table or kind not in other.roots:
                continue
            names |= {root[-1] for root in other.roots[kind] if root[:-1] == parent}
            for row in other.rows.values():
                names |= set(_first_names(row, other.roots[kind], parent))
        return names

    def part(self, name: str) -> Part:
        """The table of an embedded class, whose rows are relative to the embedded element."""
        if name not in self._parts_tables:
            class_ = self.resolved(name)
            rows = self._rows(class_, ())
            if rows is None:
                raise invalid("\n".join(self.mistakes))
            table = Table(class_, rows, {"": []}, self.maker, self.concrete)
            self._parts_tables[name] = Part(table)
        return self._parts_tables[name]

    def _outside(self, row: Row, found: list[Expression], rows: Mapping[str, Row]) -> Getter:
        return outside.first(
            [outside.getter(self.maker, self.concrete, row, each, rows) for each in found])

    # finding

    def lossless(self) -> list[Table]:
        """The tables that a document can be made of again: settings, and what has a rest."""
        return [self.tables[name] for name in self.tables
                if self.is_a(name, SETTINGS) or self._has(name, REST)]

    def _has(self, name: str, row: str) -> bool:
        """Whether a class has a property of its own or of a superclass of ours."""
        return any(_mentions(self.declared.sources[each], row) for each in self.superclasses(name))

    def below(self, class_name: str) -> list[Table]:
        """The tables of a class and of those below it."""
        if class_name not in self._below:
            self._below[class_name] = [
                self.tables[name] for name in self.tables if self.is_a(name, class_name)
            ]
        return self._below[class_name]

    def settings_at(self, document: Document) -> list[Table]:
        """The tables that a document can be made of again."""
        found = self._settings_at.get(document.kinds)
        if found is None:
            found = [table for table in self.lossless() if table.kind_of(document)]
            self._settings_at[document.kinds] = found
        return found

    def associations(self) -> list[Table]:
        """The tables of associations."""
        return [self.tables[name] for name in self.tables if self.is_association(name)]

    def is_association(self, class_name: str) -> bool:
        """Whether a class of which there are instances is an association."""
        return class_name in self.tables.associations

    def table(self, class_name: str) -> Table:
        """The table of a class, or CIM_ERR_NOT_FOUND where it has no instances of its own."""
        found = self.tables.get(self.name(class_name))
        if found is None:
            raise Error(Status.NOT_FOUND, f"No such instance ({class_name} has none of its own)")
        return found

    def spellings(self, name: str) -> list[str]:
        """The declared names of properties that are this name in some case."""
        if not self._spellings:
            for class_ in self.declared.values():
                for each in class_.properties:
                    known = self._spellings.setdefault(each.lower(), [])
                    if each not in known:
                        known.append(each)
        return self._spellings.get(name.lower(), [])

    def paths_at(self, class_name: str, document: Document, node: Element) -> list[Path]:
        """The paths of the instances of a class that an element stands for, itself or a part."""
        index: dict[Element, list[Path]] = document.once(
            ("at", class_name), lambda: self._index(class_name, document)
        )
        return index.get(node, [])

    def expansions(self, class_name: str, kind: str, root: Root) -> frozenset[str]:
        """What makes the instances of a class that stand at a path, where there are several."""
        return frozenset(table.expand for table in self.below(class_name)
                         if table.expand and root in table.roots.get(kind, ()))

    def _index(self, class_name: str, document: Document) -> dict[Element, list[Path]]:
        index: dict[Element, list[Path]] = {}
        for table in self.below(class_name):
            if not table.association:
                for entry in table.entries(document):
                    index.setdefault(entry.origin, []).append(entry.path)
                    if entry.node is not entry.origin:
                        index.setdefault(entry.node, []).append(entry.path)
        return index


def is_row(each: Property) -> bool:
    """Whether a property is a row: it is mapped, or one of our classes gives it a default."""
    if each.qualifier("MappingStrings"):
        return True
    ours = not each.origin.startswith("CIM_")
    return each.name.lower() == "creationclassname" or (ours and each.value is not None)


def _first_names(row: Row, roots: list[Root], parent: tuple[str, ...]) -> list[str]:
    """The names right below `parent` that a row of a table further up leads through."""
    found: list[str] = []
    for arm in row.every_arm():
        location = getattr(arm.expression, "location", arm.expression)
        if isinstance(location, Location) and not isinstance(arm.expression, expression.Join):
            names = tuple(step.name for step in location.steps if step.kind == "child")
            for root in roots:
                path = root + names
                if len(root) < len(parent) + 1 and path[:len(parent)] == parent:
                    found += path[len(parent):len(parent) + 1]
    return found


def _mentions(source: Source, row: str) -> bool:
    """Whether a class declares a property, or at least has its name somewhere in its text."""
    return row in (source.body if isinstance(source, Sketch) else source.properties)


@functools.cache
def declarations() -> tuple[Declaration, ...]:
    """Everything that the package's own tables declare."""
    return tuple(
        each for name, text in resource.texts("mappings") for each in mof.read(text, name)
    )


@functools.cache
def _outlines() -> tuple[Union[Declaration, Sketch], ...]:
    return tuple(
        each for name, text in resource.texts("mappings") for each in outline(text, name)
    )


@functools.cache
def load(prefix: str = GENERIC) -> Schema:
    """The package's own tables for a hypervisor's prefix; `libvirt-cim check` and tests check them.
    """
    return Schema(_outlines(), prefix, known=True)
