# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declarations as a client asks for them: parts of a class, and the associations of a class.

A class is associated where its instances may be (DSP0200, Associators of a class).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Optional

import attrs

from .cim import Class, Property
from .model import Model


def shown(class_: Class, local_only: Optional[bool], qualifiers: Optional[bool],
          property_list: Optional[Iterable[str]] = None) -> Class:
    """A class without what it inherits, without qualifiers or most properties, as asked."""
    names = None if property_list is None else {name.lower() for name in property_list}

    def kept(features: Any) -> Any:
        return {
            name: each if qualifiers is not False else attrs.evolve(each, qualifiers={})
            for name, each in features.items() if not local_only or each.origin == class_.name
        }

    own = class_.qualifiers if qualifiers is not False else {}
    properties = {name: each for name, each in kept(class_.properties).items()
                  if names is None or name.lower() in names}
    return attrs.evolve(class_, properties=properties, methods=kept(class_.methods),
                        qualifiers=own)


def referring(model: Model, class_name: str, result_class: Optional[str] = None,
              role: Optional[str] = None) -> list[str]:
    """The association classes that an instance of a class may be an end of, by its role there."""
    return [name for name in _associations(model, result_class)
            if any(_ends(model, name, class_name, role))]


def associated(
    model: Model, class_name: str, assoc_class: Optional[str] = None,
    result_class: Optional[str] = None, role: Optional[str] = None,
    result_role: Optional[str] = None,
) -> list[str]:
    """The classes that associations may lead to from an instance of a class, each once."""
    found: dict[str, None] = {}
    for name in _associations(model, assoc_class):
        for own in _ends(model, name, class_name, role):
            for other in _references(model, name):
                target = other.reference_class or ""
                if other is own or target not in model or not _called(other, result_role):
                    continue
                if result_class is None or model.is_a(model.name(target), result_class):
                    found[model.name(target)] = None
    return list(found)


def _associations(model: Model, below: Optional[str]) -> Iterator[str]:
    for name in model.declared:
        if (below is None or model.is_a(name, below)) and \
                model.resolved(name).qualifier("Association"):
            yield name


def _references(model: Model, name: str) -> list[Property]:
    return [row for row in model.resolved(name).properties.values() if row.type == "reference"]


def _ends(
    model: Model, name: str, class_name: str, role: Optional[str]
) -> Iterator[Property]:
    """The references of an association that may name an instance of a class."""
    for row in _references(model, name):
        if _called(row, role) and model.is_a(model.name(class_name), row.reference_class or ""):
            yield row


def _called(row: Property, role: Optional[str]) -> bool:
    return not role or row.name.lower() == role.lower()
