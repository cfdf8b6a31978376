# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mistakes that a table can have, each as `file:line: Class.property: what`.

Knows what an expression may stand on; the syntax is expression.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from . import value
from .cim import Class, Error, Property, Qualifier, QualifierType, Value, find
from .expression import (
    Attributes,
    ClassName,
    Count,
    Defined,
    Expression,
    Function,
    Join,
    Location,
    Presence,
    Rest,
    Step,
    Template,
)
from .function import EXPANSIONS, FUNCTIONS, OF_TEXT
from .row import Row, attribute_of

REST = "UnmappedXML"


def class_mistakes(model: Any, class_: Class) -> Iterator[str]:
    """What is wrong with a class of ours as CIM has it: qualifiers, overrides, names."""
    own = model.declared[class_.name]
    if own.name.startswith("CIM_"):
        return
    here = f"{own.file}:{own.line}: {own.name}: "
    scope = "association" if own.qualifier("Association") else "class"
    yield from (here + text for text in _qualifiers(model, own.qualifiers, scope))
    expand = own.qualifier("Virt_Expand")
    if expand and expand not in EXPANSIONS:
        yield f"{here}Virt_Expand names no function: {expand}"
    same = own.qualifier("Virt_SameAs")
    if same and same.partition(":")[2] not in model.superclasses(own.superclass or own.name):
        yield f"{here}Virt_SameAs names no namespace and class above: {same}"
    above = model.resolved(own.superclass).properties if own.superclass in model.declared else {}
    for row in own.properties.values():
        where = model.where(row) + ": "
        scope = "property" if row.reference_class is None else "reference"
        yield from (where + text for text in _qualifiers(model, row.qualifiers, scope))
        yield from (where + text for text in _override(row, above))
        yield from (where + text for text in _names(model, row))
        yield from (where + text for text in _default(row))
        yield from (where + text for text in _constraint(class_, row))


def qualifier_mistakes(model: Any, own: Class) -> Iterator[str]:
    """Values of qualifiers that are not of the declared type; all else would stumble over them."""
    yield from (f"{own.file}:{own.line}: {own.name}: {text}"
                for text in _mistyped(model, own.qualifiers))
    for row in own.properties.values():
        yield from (f"{model.where(row)}: {text}" for text in _mistyped(model, row.qualifiers))


def _mistyped(model: Any, qualifiers: Mapping[str, Qualifier]) -> Iterator[str]:
    for name, given in qualifiers.items():
        declared = find(model.qualifiers, name)
        if declared is None or _plain(declared, given.value):
            continue
        if isinstance(given.value, list) and None in given.value:
            yield f"qualifier {name}: an item is NULL"
        try:
            row = Property(name, declared.type, declared.is_array)
            value.checked(row, given.value, f"qualifier {name}")
        except Error as error:
            yield error.text


def _plain(declared: QualifierType, given: Value) -> bool:
    """Whether a value is at first sight what most are: true, text, or texts."""
    if declared.is_array:
        return (declared.type == "string" and isinstance(given, list)
                and set(map(type, given)) == {str} and "".join(given).isprintable())
    if declared.type == "boolean":
        return isinstance(given, bool)
    return declared.type == "string" and isinstance(given, str) and given.isprintable()


def _qualifiers(model: Any, qualifiers: Mapping[str, Qualifier], scope: str) -> Iterator[str]:
    for name in qualifiers:
        declared = find(model.qualifiers, name)
        if declared is None:
            yield f"qualifier {name} is not declared"
        elif not {scope, "any"}.intersection(declared.scopes):
            yield f"qualifier {name} is not for the scope {scope}"


def _override(row: Property, above: Mapping[str, Property]) -> Iterator[str]:
    over = row.qualifier("Override")
    inherited = find(above, row.name)
    if over is None:
        if inherited is not None:
            yield "hides the inherited property; say Override"
    elif inherited is None or over.lower() != row.name.lower():
        yield f"overrides {over}, which the superclass does not have"
    elif (inherited.type, inherited.is_array) != (row.type, row.is_array):
        array = "[]" if inherited.is_array else ""
        yield f"has another type than the property it overrides, {inherited.type}{array}"


def _names(model: Any, row: Property) -> Iterator[str]:
    for name in (row.reference_class, row.qualifier("EmbeddedInstance")):
        if name and name not in model:
            yield f"class {name} is not declared"
    for name in row.qualifier("Virt_Classes") or ():
        if model.concrete(name) not in model:
            yield f"class {name} is not declared"
        elif not model.is_a(model.concrete(name), row.reference_class or ""):
            yield f"Virt_Classes has {name}, which is no {row.reference_class or 'reference'}"


def _default(row: Property) -> Iterator[str]:
    try:
        value.checked(row, row.value, "default")
    except Error as error:
        yield error.text


def _constraint(class_: Class, row: Property) -> Iterator[str]:
    text = row.qualifier("Virt_Constraint")
    if not text:
        return
    from .constraint import constraint  # a table that was checked before does without

    try:
        unknown = [name for name in constraint(text).names if name not in class_.properties]
    except Error as error:
        yield f"Virt_Constraint: {error.text}"
    else:
        yield from (f"Virt_Constraint: there is no property {name}" for name in unknown)


def row_mistakes(model: Any, class_: Class, rows: Mapping[str, Row]) -> list[str]:
    """What is wrong with the expressions of a class's rows."""
    found: list[str] = []
    earlier: dict[str, Row] = {}
    for row in rows.values():
        texts = [*_row(row, rows), *_tests(row, earlier)]
        for arm in row.every_arm():
            texts += _arm(model, row, arm.expression)
        found += [f"{row.where}: {text}" for text in dict.fromkeys(texts)]
        earlier[row.name] = row
    for each in class_.properties.values():
        if each.qualifier("Key") and each.name not in rows:
            found.append(f"{model.where(each)}: a key needs MappingStrings or a default")
    return found


def _row(row: Row, rows: Mapping[str, Row]) -> Iterator[str]:
    property_ = row.declared
    tokens = property_.qualifier("Virt_Tokens")
    if tokens is not None and len(tokens) != len(value.meanings(property_)):
        yield f"Virt_Tokens has {len(tokens)} entries, not {len(value.meanings(property_))}"
    unit = property_.qualifier("Virt_Unit")
    if unit is not None and value.libvirt_unit(unit) is None:
        yield f"Virt_Unit {unit} is no unit of libvirt"
    if unit is not None and (not property_.type.startswith("uint") or property_.is_array):
        yield "Virt_Unit is for one unsigned integer"
    sibling = property_.qualifier("Virt_UnitProperty")
    if sibling is not None:
        other = rows.get(sibling)
        if other is None or value.cim_unit(other.declared.value) is None:
            yield f"Virt_UnitProperty {sibling} has no unit as its default"
    rest = any(isinstance(arm.expression, Rest) for arm in row.every_arm())
    if rest != (row.name == REST):
        yield f"rest() is the property {REST} and no other"
    if property_.qualifier("Virt_Default") and attribute_of(row) is None:
        yield "Virt_Default is for an attribute of the node"


def _tests(row: Row, earlier: Mapping[str, Row]) -> Iterator[str]:
    for arm in row.every_arm():
        step = arm.condition
        if step is None or step.test is None:
            continue
        if step.test[0] in map(attribute_of, earlier.values()):
            continue
        own = arm.expression
        if isinstance(own, Location) and own.steps == (Step("attribute", step.test[0]),):
            continue
        yield f"tests @{step.test[0]}, which no earlier row maps"


def _arm(model: Any, row: Row, found: Expression) -> Iterator[str]:
    if row.declared.type == "reference":
        if not isinstance(found, (Location, Join, Defined)):
            yield "a reference needs a path, a join or defined()"
        elif isinstance(found, Join) and isinstance(found.value, Template):
            yield "a reference's join ends in a path"
        return
    if isinstance(found, Join) and found.last.value is None:
        yield "a join needs a path behind it"
    elif isinstance(found, ClassName) and found.name not in model:
        yield f"class {found.name} is not declared"
    elif isinstance(found, Function):
        yield from _function(found)
    elif isinstance(found, Count) and row.declared.type == "string":
        yield "count() is a number"
    elif isinstance(found, Attributes):
        yield from _attributes(row.declared, found.location)
    elif isinstance(found, Defined):
        yield "defined() is for references"
    elif isinstance(found, Presence):
        yield from _presence(row.declared, found.location)
    elif isinstance(found, (Location, Template)):
        yield from _leaf(row.declared, found)


def _function(found: Function) -> Iterator[str]:
    if found.argument is None and found.name not in FUNCTIONS:
        yield f"there is no function {found.name}"
    elif found.argument is not None and found.name not in OF_TEXT:
        yield f"there is no function {found.name} of a path"


def _attributes(row: Property, location: Location) -> Iterator[str]:
    if not row.is_array:
        yield "names() and values() are for arrays"
    if any(step.kind == "attribute" for step in location.steps):
        yield "names() and values() need an element"


def _presence(row: Property, location: Location) -> Iterator[str]:
    tokens = row.qualifier("Virt_Tokens")
    if row.is_array or row.type != "boolean" and not (tokens and set(tokens) <= {"true", "false"}):
        yield "boolean() needs the type boolean, or Virt_Tokens { \"true\", \"false\" }"
    if not location.absolute and any(step.kind == "attribute" for step in location.steps):
        yield "boolean() needs an element"
    yield from _downwards(location)


def _downwards(location: Location) -> Iterator[str]:
    """What a path must not have that is written as well."""
    kinds = [step.kind for step in location.steps]
    if "parent" in (kinds if location.absolute else kinds[1:]):
        yield ".. is for the beginning of a path"
    if not location.absolute and {"any", "self"} & set(kinds):
        yield "* and self:: have no place inside a path"


def _leaf(row: Property, found: Any) -> Iterator[str]:
    location = found.location if isinstance(found, Template) else found
    yield from _downwards(location)
    embedded = row.qualifier("EmbeddedInstance")
    if row.is_array or embedded:
        yield from _repeated(found, location.steps, bool(embedded))
    if isinstance(found, Template) and not row.qualifier("Key"):
        yield from _holes(row, found)
    if row.type == "boolean" and row.qualifier("Virt_Tokens") is None:
        yield "a boolean needs boolean(path) or Virt_Tokens"


def _holes(row: Property, found: Template) -> Iterator[str]:
    if row.type != "string" and not row.qualifier("Virt_Tokens"):
        yield "a template is a string, or has Virt_Tokens"
    for part in found.parts:
        if isinstance(part, Location):
            yield from _downwards(part)


def _repeated(found: Any, steps: Sequence[Step], embedded: bool) -> Iterator[str]:
    elements = [step for step in steps if step.kind == "child"]
    if not elements or isinstance(found, Template) or found.absolute:
        yield "an array needs an element that repeats"
    if embedded and len(elements) != len(steps):
        yield "an embedded instance needs an element"
    if any(step.test for step in steps):
        yield "an array's path cannot have a predicate"


def parts_mistakes(model: Any) -> Iterator[str]:
    """Embedded classes need a rest of their own, or they would lose what they don't know."""
    for class_ in model.declared.values():
        for row in class_.properties.values():
            name: Optional[str] = row.qualifier("EmbeddedInstance")
            if name and row.qualifier("MappingStrings") and not _has_rest(model, name):
                yield f"{model.where(row)}: {name} has no {REST}"


def _has_rest(model: Any, name: str) -> bool:
    row = model.resolved(name).properties.get(REST)
    return row is not None and "rest()" in (row.qualifier("MappingStrings") or ())


__all__: tuple[str, ...] = (
    "class_mistakes", "parts_mistakes", "qualifier_mistakes", "row_mistakes",
)
