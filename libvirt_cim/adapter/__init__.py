# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adapters: a client's or server's values to ours and back, nothing else. Loaded on first use."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["cimxml", "json", "mof", "pywbem"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
