# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instance that a plain string holds, as CIM-XML or as MOF."""

from __future__ import annotations

from typing import Optional

from ..cim import Instance, invalid
from . import cimxml, mof
from .common import Classes

_MOF = "instance of"


def instance(text: str, where: str, classes: Classes) -> Optional[Instance]:
    """The instance; an empty string holds none. `where` names the string in messages."""
    start = text.lstrip()
    if not start:
        return None
    if not start[:len(_MOF)].lower() == _MOF:
        return cimxml.embedded(text, where)
    found = mof.decode(text, where, classes)
    if len(found) != 1:
        raise invalid(f"{where}: holds {len(found)} instances")
    return found[0]
