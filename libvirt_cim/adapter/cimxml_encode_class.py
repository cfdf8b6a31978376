# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declarations written as CIM-XML (DSP0201 2.4): CLASS and QUALIFIER.DECLARATION.

Knows the elements; how a value is spelled is given to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable, Optional

from ..cim import Class, Method, Path, Property, Qualifier, QualifierType, Value, flavor, invalid
from .cimxml_value import attribute
from .common import embedded

Spell = Callable[[Property, Value, str], str]
Types = Mapping[str, QualifierType]  # by name in lower case

SCOPES = ("class", "association", "reference", "property", "method", "parameter", "indication")
# DSP0004's own qualifiers that hold numbers, where no declaration says their types.
_NUMBERS = {"maxlen": "uint32", "minlen": "uint32"}


def head(row: Property, where: str) -> tuple[str, str]:
    """The name and attributes of the element of a property."""
    name = f' NAME="{row.name}"'
    if row.type != "reference":
        size = f' ARRAYSIZE="{row.array_size}"' if row.array_size is not None else ""
        kind = embedded(row)
        tail = f' EmbeddedObject="{kind}"' if kind else ""
        tag = "PROPERTY.ARRAY" if row.is_array else "PROPERTY"
        return tag, f'{name} TYPE="{row.type}"{size}{tail}'
    if row.is_array:
        raise invalid(f"{where}: CIM-XML has no arrays of references")
    return "PROPERTY.REFERENCE", name + _target(row)


def class_(cls: Class, types: Types, spell: Spell, origin: bool) -> str:
    """CLASS; with `origin`, CLASSORIGIN and PROPAGATED are told."""
    name, parent = cls.name, f' SUPERCLASS="{cls.superclass}"' if cls.superclass else ""
    parts = [f'<CLASS NAME="{name}"{parent}>',
             _qualifiers(cls.qualifiers.values(), types, spell, name)]
    for row in cls.properties.values():
        where = f"{name}.{row.name}"
        tag, attributes = head(row, where)
        attributes += _origin(row.origin, name) if origin else ""
        qualifiers = _qualifiers(row.qualifiers.values(), types, spell, where)
        default = "" if row.value is None else spell(row, row.value, where)
        parts.append(f"<{tag}{attributes}>{qualifiers}{default}</{tag}>")
    for method in cls.methods.values():
        attributes = _origin(method.origin, name) if origin else ""
        parts.append(_method(method, attributes, types, spell, name))
    return "".join([*parts, "</CLASS>"])


def origin(name: str) -> str:
    """CLASSORIGIN, where it is known."""
    return f' CLASSORIGIN="{name}"' if name else ""


def _origin(declaring: str, class_name: str) -> str:
    inherited = declaring and declaring.lower() != class_name.lower()
    return origin(declaring) + (' PROPAGATED="true"' if inherited else "")


def _method(method: Method, attributes: str, types: Types, spell: Spell, class_name: str) -> str:
    where = f"{class_name}.{method.name}"
    parts = [f'<METHOD NAME="{method.name}" TYPE="{method.type}"{attributes}>',
             _qualifiers(method.qualifiers.values(), types, spell, where)]
    for row in method.parameters.values():
        reference = row.type == "reference"
        tag = "PARAMETER" + ((".REFARRAY" if reference else ".ARRAY") if row.is_array
                             else ".REFERENCE" if reference else "")
        kind = _target(row) if reference else f' TYPE="{row.type}"'
        size = f' ARRAYSIZE="{row.array_size}"' if row.array_size is not None else ""
        inner = _qualifiers(row.qualifiers.values(), types, spell, f"{where}.{row.name}")
        parts.append(f'<{tag} NAME="{row.name}"{kind}{size}>{inner}</{tag}>')
    return "".join([*parts, "</METHOD>"])


def _target(row: Property) -> str:
    return f' REFERENCECLASS="{row.reference_class}"' if row.reference_class else ""


def _qualifiers(each: Iterable[Qualifier], types: Types, spell: Spell, where: str) -> str:
    return "".join([_qualifier(one, types.get(one.name.lower()), spell, where) for one in each])


def _qualifier(
    qualifier: Qualifier, declared: Optional[QualifierType], spell: Spell, where: str
) -> str:
    value = qualifier.value
    type_ = _guess(qualifier) if declared is None else declared.type
    if declared is not None and value is True and type_ != "boolean":
        value = declared.value  # it was named without a value
    attributes = "" if declared is None else _flavors(declared)
    row = Property(qualifier.name, type_, isinstance(value, list))
    content = "" if value is None else spell(row, value, f"{where}: {qualifier.name}")
    name = attribute(qualifier.name, where)
    return f'<QUALIFIER NAME="{name}" TYPE="{type_}"{attributes}>{content}</QUALIFIER>'


def _guess(qualifier: Qualifier) -> str:
    value = qualifier.value
    one = next(iter(value), None) if isinstance(value, list) else value
    if isinstance(one, bool):
        return "boolean"
    if isinstance(one, int):
        return _NUMBERS.get(qualifier.name.lower(), "sint64")
    return "real64" if isinstance(one, float) else "string"


def _flavors(declaration: QualifierType) -> str:
    """The flavors that differ from DSP0201's defaults."""
    return "".join((
        "" if flavor(declaration, "EnableOverride") else ' OVERRIDABLE="false"',
        "" if flavor(declaration, "ToSubclass") else ' TOSUBCLASS="false"',
        ' TOINSTANCE="true"' if flavor(declaration, "ToInstance") else "",
        ' TRANSLATABLE="true"' if flavor(declaration, "Translatable") else "",
    ))


def qualifier_type(declaration: QualifierType, spell: Spell) -> str:
    """QUALIFIER.DECLARATION; the scope `any` is spelled as the seven there are."""
    name, type_ = declaration.name, declaration.type
    array = str(declaration.is_array).lower()
    scopes = {each.lower() for each in declaration.scopes}
    held = SCOPES if "any" in scopes else [each for each in SCOPES if each in scopes]
    scope = "".join(f' {each.upper()}="true"' for each in held)
    row = Property(name, type_, declaration.is_array)
    content = "" if declaration.value is None else spell(row, declaration.value, name)
    return (f'<QUALIFIER.DECLARATION NAME="{name}" TYPE="{type_}" ISARRAY="{array}"'
            f"{_flavors(declaration)}><SCOPE{scope}/>{content}</QUALIFIER.DECLARATION>")


def untyped(path: Path) -> Class:
    """A class of which only the values of a path's keys are known."""
    name = attribute(path.class_name, path.class_name)
    keys = [Property(attribute(key, name), _type_of(value)) for key, value in path.keys.items()]
    return Class(name, properties={each.name: each for each in keys})


def _type_of(value: Value) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "uint64" if value >= 0 else "sint64"
    return "reference" if isinstance(value, Path) else "string"
