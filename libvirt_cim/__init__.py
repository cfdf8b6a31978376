# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's documents as CIM instances and back, nothing lost; hosts as CIM providers.

`to_cim`, `to_xml` and `connect` are the way in. Modules load when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import adapter as adapter
    from .cim import Error as Error
    from .cim import Instance as Instance
    from .cim import Path as Path
    from .convert import to_cim as to_cim
    from .convert import to_xml as to_xml
    from .provider import connect as connect

_HOMES = {
    "Error": "cim", "Instance": "cim", "Path": "cim",
    "to_cim": "convert", "to_xml": "convert", "connect": "provider",
}
__all__ = ["Error", "Instance", "Path", "adapter", "connect", "to_cim", "to_xml"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    if name == "adapter":
        return importlib.import_module(".adapter", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
