# SPDX-License-Identifier: LGPL-2.1-or-later
"""One call of a method: what it is called on and with, held against its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

import attrs

from ..cim import Method, Path, Property, Value, find, invalid
from ..query import Query
from ..value import checked

Result = tuple[Value, dict[str, Value]]  # what it returns, and its output parameters


@attrs.frozen
class Call:
    """A call whose parameters are as declared: names as spelled there, values of their types."""

    query: Query
    path: Path
    given: Mapping[str, Value]


Function = Callable[[Call], Result]


def arguments(class_name: str, method: Method, given: Mapping[str, Value]) -> dict[str, Value]:
    """The given parameters as the method declares them; NULL is absent.

    One that is unknown, for output only, given twice or missing is CIM_ERR_INVALID_PARAMETER.
    """
    found: dict[str, Value] = {}
    for name, value in given.items():
        declared = find(method.parameters, name)
        where = f"{class_name}.{method.name}: {name}"
        if declared is None or not _input(declared):
            raise invalid(f"{where} is not an input parameter")
        if declared.name in found:
            raise invalid(f"{where} is given twice")
        if value is not None:
            found[declared.name] = checked(declared, value, where)
    for each in method.parameters.values():
        if _input(each) and each.qualifier("Required") and each.name not in found:
            raise invalid(f"{class_name}.{method.name}: {each.name} is missing")
    return found


def _input(parameter: Property) -> bool:
    return bool(parameter.qualifier("In", True))
