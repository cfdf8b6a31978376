# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declarations written as MOF (DSP0004): classes and qualifiers, wrapped near 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Optional

from ..cim import Class, Instance, Method, Property, Qualifier, QualifierType, Value, invalid
from .mof_value import one, quoted

WIDTH = 100
_SCOPES = ("class", "association", "indication", "property", "reference", "method", "parameter",
           "any")
_FLAVORS = ("EnableOverride", "DisableOverride", "Restricted", "ToSubclass", "Translatable",
            "ToInstance")
_FIRST = ("association", "indication")  # DSP0004's grammar puts them before all others


def class_(cls: Class) -> str:
    """The declaration of a class, with what it has itself, and a line break at its end."""
    parent = f" : {cls.superclass}" if cls.superclass else ""
    lines = [*_bracket(cls.qualifiers.values(), "   ", cls.name), f"class {cls.name}{parent} {{"]
    for row in cls.properties.values():
        lines += _feature(row, f"{cls.name}.{row.name}", "   ", ";")
    for method in cls.methods.values():
        lines += _method(method, f"{cls.name}.{method.name}")
    return "\n".join([*lines, "};\n"])


def qualifier_type(declaration: QualifierType) -> str:
    """The declaration of a qualifier, with a line break at its end."""
    name, type_ = declaration.name, declaration.type
    row = Property(name, type_, declaration.is_array, declaration.value)
    scopes = [each for each in _SCOPES if each in _low(declaration.scopes)]
    flavors = [each for each in _FLAVORS if each.lower() in _low(declaration.flavors)]
    words = [f"Qualifier {name} : {type_}{'[]' if row.is_array else ''}", *_default(row, name)]
    words[-1] += ","
    words.append(f"Scope({', '.join(scopes or ['any'])})")
    if flavors:
        words[-1] += ","
        words.append(f"Flavor({', '.join(flavors)})")
    words[-1] += ";"
    return "\n".join([*_filled(words, ""), ""])


def _low(names: Iterable[str]) -> list[str]:
    return [each.lower() for each in names]


def _feature(row: Property, where: str, indent: str, end: str) -> Iterator[str]:
    """The lines of a property or parameter: one if they fit, else qualifiers before it."""
    type_ = f"{row.reference_class} REF" if row.type == "reference" else row.type
    size = "" if row.array_size is None else str(row.array_size)
    name = f"{row.name}[{size}]" if row.is_array else row.name
    words = [f"{type_} {name}", *_default(row, where)]
    words[-1] += end
    return _with_qualifiers(row.qualifiers.values(), words, indent, where)


def _with_qualifiers(
    qualifiers: Iterable[Qualifier], words: list[str], indent: str, where: str
) -> Iterator[str]:
    bracket = _bracket(qualifiers, indent, where)
    lines = _filled(words, indent)
    if len(bracket) == len(lines) == 1 and len(bracket[0]) + len(lines[0].lstrip()) < WIDTH:
        yield f"{bracket[0]} {lines[0].lstrip()}"
    else:
        yield from bracket
        yield from lines


def _method(method: Method, where: str) -> Iterator[str]:
    rows = list(method.parameters.values())
    head = f"{method.type} {method.name}({'' if rows else ');'}"
    yield from _with_qualifiers(method.qualifiers.values(), [head], "   ", where)
    for row in rows:
        end = ");" if row is rows[-1] else ","
        yield from _feature(row, f"{where}.{row.name}", "      ", end)


# qualifiers and values, as words that stay whole


def _bracket(qualifiers: Iterable[Qualifier], indent: str, where: str) -> list[str]:
    """The lines of `[…]`: as many qualifiers on a line as fit, long ones broken in themselves."""
    found = sorted(qualifiers, key=lambda each: each.name.lower() not in _FIRST)
    if not found:
        return []
    lines: list[str] = []
    line = f"{indent}["
    for each in found:
        words = _words(each, f"{where}: {each.name}")
        words[-1] += "]" if each is found[-1] else ","
        whole = " ".join(words)
        space = "" if line.endswith("[") else " "
        if len(line) + len(space) + len(whole) <= WIDTH and '" "' not in whole:
            line += space + whole
            continue
        if space:
            lines.append(line)
            line = f"{indent} "
        *full, line = _filled(words, indent + " ", line)
        lines += full
    return [*lines, line]


def _words(qualifier: Qualifier, where: str) -> list[str]:
    value = qualifier.value
    if value is True:
        return [qualifier.name]
    if isinstance(value, list):
        return [qualifier.name, *_array([_constant(each, where) for each in value])]
    return [qualifier.name, "(", *_constant(value, where), ")"]


def _default(row: Property, where: str) -> list[str]:
    """The words of a default."""
    if row.value is None:
        return []
    values: list[Value] = row.value if row.is_array else [row.value]
    if not isinstance(values, list):
        raise invalid(f"{where}: the default of an array is not an array")
    items = [_split(each) if isinstance(each, str) and row.type == "string"
             else [one(row, each, where, _none)] for each in values]
    return ["=", *(_array(items) if row.is_array else items[0])]


def _none(instance: Instance) -> str:
    raise invalid(f"{instance.class_name}: an instance is no default")


def _array(items: list[list[str]]) -> list[str]:
    for item in items[:-1]:
        item[-1] += ","
    return ["{", *(word for item in items for word in item), "}"]


def _constant(value: Value, where: str) -> list[str]:
    """The words of a qualifier's value, whose type its Python type tells."""
    if isinstance(value, str):
        return _split(value)
    type_ = "real64" if isinstance(value, float) else "sint64"
    type_ = "boolean" if isinstance(value, bool) else type_
    return [one(Property("", type_), value, where, _none)]


def _split(text: str) -> list[str]:
    """A string as literals that follow each other, broken after spaces to fit on lines."""
    parts = [""]
    for word in re.findall("[^ ]+ ?| ", text):
        if parts[-1] and len(quoted(parts[-1] + word)) > WIDTH - 15:
            parts.append("")
        parts[-1] += word
    return [quoted(each) for each in parts]


def _filled(words: list[str], indent: str, line: Optional[str] = None) -> list[str]:
    """Words put on lines; those after the first line are indented further."""
    lines: list[str] = []
    line = indent if line is None else line
    for word in words:
        space = "" if not line.strip() or line.endswith("[") else " "
        joined = line.endswith('"') and word.startswith('"')  # parts of one string
        if space and (joined or len(line) + 1 + len(word) > WIDTH):
            lines.append(line)
            line, space = f"{indent}   ", ""
        line += space + word
    return [*lines, line]
