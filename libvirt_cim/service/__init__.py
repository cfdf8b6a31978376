# SPDX-License-Identifier: LGPL-2.1-or-later
"""The profiles' methods, one function each; here is the one table of them, by class and method.

A method that is declared and is not here is CIM_ERR_METHOD_NOT_AVAILABLE. What a service's
capabilities say of its methods is in xml/skeleton/node.xml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ..schema import Schema
from . import profile
from .call import Function

METHODS: Mapping[tuple[str, str], Function] = {
    ("CIM_RegisteredProfile", "GetCentralInstances"): profile.central_instances,
}


def function(schema: Schema, class_name: str, method: str) -> Optional[Function]:
    """What does a method of a class, its own or one it inherits."""
    for name in schema.superclasses(class_name):
        found = METHODS.get((name, method))
        if found is not None:
            return found
    return None
