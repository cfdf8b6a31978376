# SPDX-License-Identifier: LGPL-2.1-or-later
"""DMTF's schema as files, and pywbem's compiler, which has no server."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import pytest


def unpacked(folder: Path) -> Path:
    """The directory of DMTF's schema, which $CIM_SCHEMA names; an archive's in a folder."""
    name = os.environ.get("CIM_SCHEMA", "")
    if not name or not Path(name).exists():
        if os.environ.get("LIBVIRT_CIM_REQUIRE_CORPUS"):
            pytest.fail(f"$CIM_SCHEMA names no file or directory: {name!r}")
        pytest.skip(f"$CIM_SCHEMA names no file or directory: {name!r}")
    where = Path(name)
    if where.is_file():
        where = folder
        with zipfile.ZipFile(name) as archive:
            archive.extractall(where)
    return next(where.rglob("qualifiers.mof")).parent


def compiled(text: str, schema: Optional[Path] = None, before: Sequence[str] = ()) -> Any:
    """The classes that pywbem's compiler makes of a text, on top of DMTF's schema or of nothing.

    `before` are texts that are compiled before it.
    """
    pywbem = pytest.importorskip("pywbem")
    repository = pywbem.MOFWBEMConnection()
    paths = [str(schema)] if schema else []
    compiler = pywbem.MOFCompiler(repository, search_paths=paths, log_func=None)
    for file in sorted(schema.glob("qualifiers*.mof")) if schema else ():
        compiler.compile_file(str(file), "root/virt")
    for each in (*before, text):
        compiler.compile_string(each, "root/virt")
    return repository.classes["root/virt"]


def whole(schema: Path) -> Path:
    """DMTF's file that includes all others."""
    return next(schema.glob("cim_schema_*.mof"))
