# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the values of a class or property come from, as a page of text that people read.

Knows declarations and their mapping strings; how a page looks is output.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional

import attrs

from .cim import Class, Error, Property, Status, Value, find
from .expression import Expression, Location, Presence, Rest, Template
from .published import MAPPING, documents, places
from .row import Arm, Row, compile_row, initial
from .schema import Schema, is_row
from .value import meanings

Cell = Sequence[str]  # the lines of a cell
_TOLD = frozenset(
    (MAPPING.lower(), "override", "description", "valuemap", "values", "virt_tokens", "virt_unit",
     "virt_unitproperty", "virt_default", "virt_constraint", "key")
)


@attrs.frozen
class Page:
    """A title, facts each with its label, and a table."""

    title: str
    facts: list[tuple[str, Cell]]
    header: tuple[str, ...] = ()
    rows: Sequence[tuple[Cell, ...]] = ()
    notes: Sequence[tuple[str, Cell]] = ()


def explain(schema: Schema, class_name: str, name: Optional[str] = None) -> Page:
    """The page of a class, or of one of its properties.

    A property that it has not is CIM_ERR_NO_SUCH_PROPERTY.
    """
    class_ = schema.resolved(class_name)
    if name is None:
        return _class_page(schema, class_)
    row = find(class_.properties, name)
    if row is None:
        text = f"{class_.name}.{name}: there is no such property"
        raise Error(Status.NO_SUCH_PROPERTY, text)
    return _property_page(schema, class_, row)


# a class

def _class_page(schema: Schema, class_: Class) -> Page:
    on = documents(schema, class_.name)
    shown = [each for each in class_.properties.values() if is_row(each)]
    others = [name for name, each in class_.properties.items() if each not in shown]
    rows = [
        ((each.name,), (_type(each),), _source(class_, each, on), _meaning(class_, each),
         (_declared_by(schema, class_, each),))
        for each in shown
    ]
    header = ("property", "type", "from", "values", "class")
    notes = [("not mapped", [", ".join(others)])] if others else []
    return Page(class_.name, _class_facts(schema, class_), header if rows else (), rows, notes)


def _class_facts(schema: Schema, class_: Class) -> list[tuple[str, Cell]]:
    own = schema.declared[class_.name]
    above = list(schema.superclasses(class_.name))[1:]
    below = [table.name for table in schema.below(class_.name) if table.name != class_.name]
    mapping = own.qualifier(MAPPING) or ()
    facts: list[tuple[str, Cell]] = [
        ("description", [str(class_.qualifier("Description", ""))]),
        ("superclasses", [", ".join(above)]),
        ("subclasses", [", ".join(below)]),
        ("stands for", [text.replace(".libvirt|", " ", 1) for text in mapping]),
        ("declared", [f"{own.file}:{own.line}"]),
    ]
    return [(label, lines) for label, lines in facts if any(lines)]


def _type(row: Property) -> str:
    name = f"{row.reference_class} REF" if row.type == "reference" else row.type
    name = row.qualifier("EmbeddedInstance") or name
    return f"{name}[]" if row.is_array else str(name)


def _declared_by(schema: Schema, class_: Class, row: Property) -> str:
    if row.origin != class_.name:
        return f"of {row.origin}"
    over = _overridden(schema, class_, row)
    return f"overrides {over}" if over else ""


def _overridden(schema: Schema, class_: Class, row: Property) -> Optional[str]:
    """The nearest class above the one that declares a property, that declares it too."""
    for name in list(schema.superclasses(row.origin or class_.name))[1:]:
        if find(schema.declared[name].properties, row.name) is not None:
            return name
    return None


def _source(class_: Class, row: Property, on: Sequence[str]) -> Cell:
    """The expressions of a row; each with its document where the row's documents differ."""
    if not row.qualifier(MAPPING):
        return [constant(class_, row)]
    found: dict[str, list[str]] = {}
    for document, text in places(row, on):
        found.setdefault(document, []).append(text)
    alike = len({tuple(found.get(document, ())) for document in on}) == 1
    return [text if alike and document in on else f"{document} {text}"
            for document, texts in found.items() if not alike or document not in on[1:]
            for text in texts]


def constant(class_: Class, row: Property) -> str:
    """What is said of a row that is read from nowhere."""
    if not is_row(row):
        return "nothing: it is not mapped"
    value = initial(Row(row, "", {}, []), class_.name)
    meaning = dict(in_words(row)).get(value) if not isinstance(value, list) else None
    return f"always {_shown(value)}" + (f", {meaning}" if meaning else "")


def _shown(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_words(row: Property) -> list[tuple[Value, str]]:
    """The values of a ValueMap and what each means in CIM."""
    texts = row.qualifier("Values") or ()
    values = meanings(row) if row.qualifier("Virt_Tokens") or row.type == "boolean" \
        else [_number(each) for each in row.qualifier("ValueMap") or ()]
    return list(zip(values, [*texts, *[""] * (len(values) - len(texts))]))


def _number(text: str) -> Value:
    return int(text) if text.lstrip("-").isdigit() else text


def _meaning(class_: Class, row: Property) -> Cell:
    """Tokens, unit and libvirt's own default."""
    tokens = row.qualifier("Virt_Tokens") or ()
    parts = [f"{token}: {_shown(value)} {text}".strip()
             for token, (value, text) in zip(tokens, in_words(row))]
    parts += _unit(class_, row)
    default = row.qualifier("Virt_Default")
    return [*parts, f"{default} if there is none"] if default else parts


def unit_property(row: Property) -> str:
    """The property that says the unit of a row, if one does."""
    return str(row.qualifier("Virt_UnitProperty") or "")


def _unit(class_: Class, row: Property) -> Iterator[str]:
    unit, sibling = row.qualifier("Virt_Unit"), unit_property(row)
    if sibling:
        other = find(class_.properties, sibling)
        said = "" if other is None or other.value is None else f" {_shown(other.value)}"
        yield f"in {sibling}{said}; in libvirt {unit} if it names none"
    elif unit:
        yield f"in {unit}"


# a property

def _property_page(schema: Schema, class_: Class, row: Property) -> Page:
    on = documents(schema, class_.name)
    facts: list[tuple[str, Cell]] = [
        ("description", [str(row.qualifier("Description", ""))]),
        ("from", _source(class_, row, on)),
        ("of", [text.replace(".libvirt|", " ", 1)
                for text in schema.declared[class_.name].qualifier(MAPPING) or ()]),
        ("written", [_written(class_, row, on)]),
        ("alias of", [_owner(class_, row, on) or ""]),
        ("default", [str(row.qualifier("Virt_Default", ""))]),
        ("constraint", [str(row.qualifier("Virt_Constraint", ""))]),
        ("unit", list(_unit(class_, row))),
        ("declared", [schema.where(row).partition(": ")[0] + f" in {row.origin}"]),
        ("overrides", [_overridden(schema, class_, row) or ""]),
        ("qualifiers", [", ".join(_qualifiers(row))]),
    ]
    rows = _value_rows(row)
    return Page(f"{class_.name}.{row.name}: {_type(row)}",
                [(label, lines) for label, lines in facts if any(lines)],
                ("value", "means", "in libvirt") if rows else (), rows)


def _value_rows(row: Property) -> list[tuple[Cell, ...]]:
    tokens: Sequence[str] = row.qualifier("Virt_Tokens") or ()
    pairs = in_words(row)
    if not tokens and row.type == "boolean":
        return []
    padded = [*tokens, *[""] * (len(pairs) - len(tokens))]
    return [((_shown(value),), (text,), (token.replace("|", ", "),))
            for (value, text), token in zip(pairs, padded)]


def _qualifiers(row: Property) -> Iterator[str]:
    for each in row.qualifiers.values():
        if each.name.lower() not in _TOLD:
            yield each.name if each.value is True else f"{each.name} {_shown(each.value)}"


def _written(class_: Class, row: Property, on: Sequence[str]) -> str:
    """Whether a client can write a row."""
    if not is_row(row):
        return ""
    if row.qualifier("Key"):
        return "no, it is a key"
    if not row.qualifier(MAPPING):
        return "no, it is always the same"
    arms = compile_row(row, "", on).every_arm()
    return "yes" if any(_writable(arm.expression) for arm in arms) else "no, it is read only"


def _writable(found: Expression) -> bool:
    if isinstance(found, Presence):
        return not found.location.absolute
    return isinstance(found, Rest) or bool(_leaves(found))


def _owner(class_: Class, row: Property, on: Sequence[str]) -> Optional[str]:
    """The row that a row is an alias of: the first on one of the same leaves."""
    rows = [compile_row(each, "", on) for each in class_.properties.values()
            if is_row(each) and not each.qualifier("Key") and each.type != "reference"]
    mine = next((each for each in rows if each.name == row.name), None)
    for other in rows:
        if mine is None or other is mine:
            break
        if any(_meet(one, two) for document in on
               for one in other.arms(document) for two in mine.arms(document)):
            return other.name
    return None


def _meet(one: Arm, two: Arm) -> bool:
    """Whether two arms can be of one element and have a leaf in common."""
    steps = [arm.condition for arm in (one, two) if arm.condition]
    if len({step.name for step in steps} - {"*"}) == 2:
        return False
    tests = [step.test for step in steps if step.test]
    if len(tests) == 2 and tests[0][0] == tests[1][0] and tests[0][1] != tests[1][1]:
        return False
    return not _leaves(one.expression).isdisjoint(_leaves(two.expression))


def _leaves(found: Expression) -> set[Any]:
    """The leaves below the element that an expression reads and writes."""
    if isinstance(found, Location):
        return set() if found.absolute else {found.steps}
    if isinstance(found, Presence):
        return {(found.location.steps, "()")}
    if not isinstance(found, Template):
        return set()
    holes = [part for part in found.parts if not isinstance(part, str)]
    if any(not isinstance(part, Location) or part.absolute for part in holes):
        return set()
    return {found.location.steps + part.steps for part in holes if isinstance(part, Location)}
