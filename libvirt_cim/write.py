# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances written into elements: only what differs, in declared order, and read again.

Works on the element it is given; whoever calls keeps a copy for the case that it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from lxml import etree

from . import tree
from .cim import Error, Instance, Status, Value, find, invalid
from .ground import Document
from .left import verbatim
from .lens import Lens
from .outside import reading
from .repeated import ListLens
from .row import Row, leaf_location
from .shape import Shape
from .table import REST, Table
from .tree import Element
from .value import checked, cim_unit


class Write:
    """One write of some properties into one element of a table."""

    def __init__(self, table: Table, node: Element, document: Document, new: bool = False) -> None:
        self.table, self.node, self.document, self.new = table, node, document, new
        self.kind = table.kind_of(document) or table.kinds[0]
        self.before = table.read(node, document)
        self.put: set[str] = set()

    def where(self, name: str) -> str:
        """A property as messages name it."""
        return f"{self.table.name}.{name}"

    def shape(self) -> Shape:
        """The rows as they apply to the element as it is now."""
        return self.table.shape(self.node, self.kind)

    def run(self, sent: Mapping[str, Value]) -> None:
        """Write the sent properties; CIM_ERR_INVALID_PARAMETER names the one that is wrong."""
        values = self._accepted(sent)
        for row in self.table.rows.values():
            if row.name in values:
                try:
                    self._row(row, values)
                except Error as error:
                    if error.text.startswith(self.table.name + "."):
                        raise
                    raise Error(error.status, f"{self.where(row.name)}: {error.text}") from None
        after = self.table.read(self.node, self.document)
        self._check_lists(after)
        self._verify(values, after)
        if not self.new:
            self._check_constraints(after)

    # what was sent

    def _accepted(self, sent: Mapping[str, Value]) -> dict[str, Value]:
        """The rows to be written, by their declared names; what cannot be written is refused."""
        values: dict[str, Value] = {}
        for name, value in sent.items():
            declared = find(self.table.class_.properties, name)
            if declared is None:
                raise Error(Status.NO_SUCH_PROPERTY, f"{self.where(name)}: no such property")
            value = checked(declared, value, self.where(declared.name))
            row = self.table.rows.get(declared.name)
            if declared.name in values:
                raise invalid(f"{self.where(declared.name)}: is sent twice")
            if row is None:
                if value is not None:
                    raise invalid(f"{self.where(name)}: nothing in libvirt corresponds to it")
            elif declared.name != REST and not declared.qualifier("Key"):
                values[row.name] = None if value == [] else value
        if self.new:  # NULL asks for nothing there
            values = {name: value for name, value in values.items() if value is not None}
        return self._scaled(values)

    def _scaled(self, values: dict[str, Value]) -> dict[str, Value]:
        """Quantities in the unit that the sibling says, brought to the one they are read in."""
        for row in self.table.rows.values():
            sibling = row.declared.qualifier("Virt_UnitProperty")
            if not sibling or values.get(sibling) is None or values.get(row.name) is None:
                continue
            usual = self.table.constants[sibling]
            factor = cim_unit(values[sibling])
            if factor is None:
                raise invalid(f"{self.where(sibling)}: {values[sibling]!r} is no unit of memory")
            amount, left = divmod(values[row.name] * factor, cim_unit(usual) or 1)
            if left:
                raise invalid(f"{self.where(row.name)}: {values[row.name]} {values[sibling]} "
                              f"is not a whole number of {usual}")
            values[row.name] = amount
        units = {row.declared.qualifier("Virt_UnitProperty") for row in self.table.rows.values()}
        return {name: value for name, value in values.items()
                if not (name in units and cim_unit(value) is not None)}

    # one row

    def _row(self, row: Row, values: dict[str, Value]) -> None:
        value = values[row.name]
        if row.constant:
            self._constant(row, value)
            return
        shape = self.shape()
        lens = shape.lenses.get(row.name)
        if lens is None or not lens.writable:
            self._read_only(row, value, lens)
            return
        value = values[row.name] = lens.normal(value)
        if reading(lens)(self.node) == value or self._left_to_owner(row.name, values):
            return
        lens.put(self.node, value)
        self.put.add(row.name)
        if not self.new and self.shape() is not shape:
            self._leave(shape, _attribute(lens))

    def _constant(self, row: Row, value: Value) -> None:
        if row.name.lower() == "creationclassname" or value is None:
            return
        if value != self.table.constants.get(row.name):
            raise invalid(f"{self.where(row.name)}: is always "
                          f"{self.table.constants.get(row.name)!r}, not {value!r}")

    def _read_only(self, row: Row, value: Value, lens: Optional[Lens]) -> None:
        """A value from elsewhere is no request: it must be what is read, where it can be."""
        outside = self.shape().outside
        if value is None or value == self.before.get(row.name) or (
            self.new and (row.name in outside or row.name not in self.shape().lenses)
            and not self._has_place(row)
        ):
            return
        if row.name in outside or lens is not None:
            raise invalid(f"{self.where(row.name)}: is read only")
        raise invalid(f"{self.where(row.name)}: has no place in this <{self.node.tag}>")

    def _has_place(self, row: Row) -> bool:
        """Whether some other discriminator would give the row a place below the node."""
        locations = [leaf_location(arm.expression) for arm in row.every_arm()]
        return all(each is not None and not each.absolute for each in locations)

    def _differs(self, name: str, value: Value) -> bool:
        return bool(self.before.get(name) != value)

    def _left_to_owner(self, name: str, values: Mapping[str, Value]) -> bool:
        """Whether an alias need not write: sent as read, or its owner is sent with a new value."""
        owner = self.shape().owners[name]
        if owner == name:
            return False
        if not self.new and not self._differs(name, values[name]):
            return True
        return owner in values and (self.new or self._differs(owner, values[owner]))

    def _leave(self, old: Shape, attribute: Optional[str]) -> None:
        """A discriminator has changed: all that it selects goes, with the element it was in."""
        new = self.shape()
        for row in self.table.rows.values():
            before, after = old.lenses.get(row.name), new.lenses.get(row.name)
            if before and after and before.keys == after.keys:
                continue
            for name in row.selected(attribute, self.kind):
                for child in list(self.node.iterchildren(name)) if name else ():
                    tree.remove(child)
                if (not name and before is not None and before.writable
                        and _attribute(before) != attribute):
                    before.put(self.node, None)

    # afterwards

    def _check_lists(self, after: Mapping[str, Value]) -> None:
        """Lists on the same elements leave no gap in one another that was not there before."""
        shape = self.shape()
        for name, lens in shape.lenses.items():
            if isinstance(lens, ListLens) and self.put and _gaps(after, name) > _gaps(
                self.before, name
            ):
                group = [each for each, other in shape.lenses.items()
                         if other in lens.group and shape.owners[each] == each]
                names = " and ".join(self.where(each) for each in group)
                raise invalid(f"{names} are parallel and must have equally many items")

    def _check_constraints(self, after: Mapping[str, Value]) -> None:
        """What must hold of several properties still does, where one of them has changed."""
        from .constraint import constraint  # who only reads does without

        for row in self.table.rows.values():
            text = row.declared.qualifier("Virt_Constraint")
            if text and constraint(text).broken(self.before, after):
                names = (*constraint(text).names, *sorted(self.put))
                name = next(each for each in names if each in self.put)
                raise invalid(f"{self.where(name)}: {after.get(name)!r} does not go with: {text}")

    def _verify(self, values: Mapping[str, Value], after: Mapping[str, Value]) -> None:
        """What was written is what is read; an alias must agree with its owner."""
        shape = self.shape()
        owners = shape.owners
        for name, value in values.items():
            row = self.table.rows[name]
            if row.constant or after.get(name) == value or name in shape.elsewhere:
                continue
            owner = owners.get(name, name)
            if not self.new and not self._differs(name, value):
                continue
            if owner != name and owner in values:
                raise invalid(f"{self.where(name)}: {value!r} contradicts "
                              f"{self.where(owner)}: {values[owner]!r}")
            if name in owners or name in shape.outside or not self.new:
                raise invalid(f"{self.where(name)}: sent {value!r}, reads {after.get(name)!r}")


def _gaps(values: Mapping[str, Value], name: str) -> int:
    return sum(each is None for each in values.get(name) or ())


def _attribute(lens: Lens) -> Optional[str]:
    """The attribute of the node itself that a lens writes."""
    steps, attribute = lens.keys[0][:2] if lens.keys else ((), None)
    return None if steps else attribute


class Part:
    """The table of an embedded class, as the lenses of others use it."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def normal(self, value: Value, tag: str) -> Instance:
        """An embedded instance that was sent, as it will be read."""
        if not isinstance(value, Instance) or value.class_name.lower() != self.table.name.lower():
            found = value.class_name if isinstance(value, Instance) else repr(value)
            raise Error(Status.TYPE_MISMATCH, f"{found} is not an instance of {self.table.name}")
        return self.read_part(self.build_part(value, tag))

    def read_part(self, element: Element) -> Instance:
        """The embedded instance of an element, with the rest of its own."""
        table = self.table
        values = table.values(element, Document(table.kinds, element))
        left = table.shape(element, table.kinds[0]).left(element, {})
        if isinstance(left, str):
            values[REST] = left
        elif left is None and not tree.empty(element):
            values[REST] = verbatim(element)
        return Instance(table.name, values)

    def build_part(self, instance: Instance, tag: str) -> Element:
        """The element of an embedded instance, made from its own rest."""
        table = self.table
        rest = find(instance.properties, REST)
        if not isinstance(rest, (str, type(None))):
            raise invalid(f"{table.name}.{REST}: is not a string")
        element = etree.Element(tag) if rest is None else tree.parse(rest, f"{table.name}.{REST}")
        if element.tag != tag:
            raise invalid(f"{table.name}.{REST}: begins with <{element.tag}>, not <{tag}>")
        build(table, element, Document(table.kinds, element), without_rest(instance.properties))
        return element


def without_rest(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of the rows: all but UnmappedXML."""
    return {name: value for name, value in values.items() if name.lower() != REST.lower()}


def build(table: Table, element: Element, document: Document, sent: Mapping[str, Value]) -> None:
    """Write a new instance into its element, which holds its rest."""
    Write(table, element, document, new=True).run(sent)


def fitting(table: Table, document: Document, sent: Mapping[str, Value],
            number: Optional[int] = None) -> str:
    """The name of a new element: of the table's the first on which the values can be written.

    `number` is as in Table.place.
    """
    kind = table.kind_of(document) or table.kinds[0]
    tags = list(dict.fromkeys(root[-1] for root in table.roots[kind]))
    refused = None
    for tag in tags if len(tags) > 1 and "*" not in tags else ():
        element = etree.Element(tag)
        table.place(element, document, number)
        try:
            build(table, element, document, sent)
            return tag
        except Error as error:
            refused = refused or error
        finally:
            tree.remove(element)
    if refused:
        raise refused
    return tags[0]


def modify(table: Table, node: Element, document: Document, sent: Mapping[str, Value]) -> None:
    """Change what the sent properties say, and nothing else."""
    Write(table, node, document).run(sent)

