# SPDX-License-Identifier: LGPL-2.1-or-later
"""NAME=VALUE as a user types them, made into a method's parameters by their declaration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import shortpath
from .adapter import json
from .cim import Property, Value, find, invalid
from .provider import Provider


def arguments(
    provider: Provider, class_name: str, method: str, texts: Iterable[str]
) -> dict[str, Value]:
    """The parameters of a call; what the method does not declare is left to the provider."""
    declared = find(provider.schema.resolved(class_name).methods, method)
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, raw = text.partition("=")
        if not name or not equals:
            raise invalid(f"{text!r} is not NAME=VALUE")
        row = find(declared.parameters, name) if declared else None
        value = raw if row is None else _value(provider, row, raw, text)
        if row is not None and row.is_array:
            found.setdefault(row.name, []).append(value)
        elif name in found:
            raise invalid(f"{name} is given twice")
        else:
            found[name] = value
    return found


def _value(provider: Provider, row: Property, raw: str, text: str) -> Value:
    if row.qualifier("EmbeddedInstance"):
        return json.decode(f"[{raw}]", row.name)[0]
    return shortpath.value(provider, row, raw, text)
