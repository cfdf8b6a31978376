# SPDX-License-Identifier: LGPL-2.1-or-later
"""The classes as a CIM server loads them: mapping strings in full, every name known before its use.

Knows declarations; how they are spelled is the adapters'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Optional

import attrs

from . import expression
from .cim import Class, Property, Qualifier, QualifierType
from .model import GENERIC, Model, named

OURS = f"{GENERIC}_"  # what the names of our qualifiers begin with, whatever the hypervisor
MAPPING = "MappingStrings"


def qualifier_types(model: Model, standard: bool = False) -> list[QualifierType]:
    """Our own qualifiers; with `standard` DMTF's before them, as far as the tables use them."""
    ours = [each for each in model.qualifiers.values() if each.name.startswith(OURS)]
    return [each for each in model.qualifiers.values() if each not in ours] + ours if standard \
        else ours


def classes(model: Model, standard: bool = False) -> list[Class]:
    """Our own classes, each after all that it names; with `standard` DMTF's that they stand on.

    A class that DMTF has among its experimental ones only is always there: servers lack it.
    """
    ours = [name for name in model.declared if not name.startswith("CIM_")]
    found = (model.declared[name] for name in ordered(model.declared, ours))
    return [in_full(model, each) for each in found
            if standard or each.name in ours or each.qualifier("Experimental")]


def ordered(declared: Mapping[str, Class], names: Iterable[str]) -> list[str]:
    """Classes and those they name, each after its superclass, its references' and its parts'."""
    done: dict[str, None] = {}
    waiting: set[str] = set()

    def visit(name: Optional[str]) -> None:
        if name is None or name not in declared or name in done or name in waiting:
            return
        waiting.add(name)
        class_ = declared[name]
        visit(class_.superclass)
        for each in named(class_):
            visit(each)
        waiting.discard(name)
        if class_.superclass not in waiting:  # which names this one, and so comes before it
            done[name] = None

    for name in names:
        visit(name)
    return list(done)


def in_full(model: Model, class_: Class) -> Class:
    """A class each of whose rows names the documents that it is read from."""
    mapped = any(each.qualifier(MAPPING) for each in class_.properties.values())
    on = documents(model, class_.name) if mapped else []
    rows = {name: _in_full(each, on) for name, each in class_.properties.items()}
    return attrs.evolve(class_, properties=rows)


def _in_full(row: Property, on: Iterable[str]) -> Property:
    if row.is_array and row.value is not None:  # sfcbmof reads no array as a default
        row = attrs.evolve(row, value=None)
    if not row.qualifier(MAPPING):
        return row
    texts = [f"{document}.libvirt|{text}" for document, text in places(row, on)]
    return attrs.evolve(row, qualifiers={**row.qualifiers, MAPPING: Qualifier(MAPPING, texts)})


def places(row: Property, on: Iterable[str]) -> list[tuple[str, str]]:
    """Each document that a row of a class on some documents is read from, and its expression.

    A string that names no document is for those that no other string of the row names.
    """
    strings = [expression.split(text) for text in row.qualifier(MAPPING) or ()]
    others = [document for document in on if document not in dict(strings)]
    return [(each, text) for document, text in strings
            for each in ([document] if document else others)]


def documents(model: Model, name: str) -> list[str]:
    """The documents that a class stands on; a class with no element of its own on its users'."""
    return list(dict.fromkeys(_documents(model, name, set())))


def _documents(model: Model, name: str, seen: set[str]) -> Iterator[str]:
    if name in seen or name not in model.declared:
        return
    seen.add(name)
    own = model.declared[name].qualifier(MAPPING)
    if own:
        yield from (document for document, _ in map(expression.split, own) if document)
        return
    holders = [each.name for each in model.declared.values() for row in each.properties.values()
               if row.qualifier("EmbeddedInstance") == name]
    for each in (*model.children(name), *holders):
        yield from _documents(model, each, seen)
