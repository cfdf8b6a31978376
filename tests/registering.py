# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of registration share: the command with nothing of the machine in it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import printed, run

from libvirt_cim import mof
from libvirt_cim.adapter import cmpi_library
from libvirt_cim.cim import Class
from libvirt_cim.register import files

URI = "test:///default"
Tree = dict[str, bytes]


def tree(top: Path) -> Tree:
    """All files and folders below a folder, with what is in them."""
    return {str(each.relative_to(top)): each.read_bytes() if each.is_file() else b"/"
            for each in sorted(top.rglob("*"))}


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """No compiler, no configuration and no server of the machine's has a part in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cmpi_library, "compile_", lambda file: file.write_bytes(b"library"))
        patch.delenv("LIBVIRT_CIM_CONF", raising=False)
        patch.setattr("libvirt_cim.config.FILE", "/nowhere/libvirt-cim.conf")
        patch.setattr(files, "processes", lambda name: [])
        patch.setenv("PATH", "/usr/bin:/bin")
        patch.setattr(files, "PLACES", ())
        yield


@functools.cache
def schema_text() -> str:
    """The names of DMTF's classes on which tables stand, but for the experimental ones."""
    text = printed("mof", "--cim")
    names = [each.name for each in mof.read(text) if isinstance(each, Class)
             and each.name.startswith("CIM_") and not each.qualifier("Experimental")]
    return "".join(f"class {each} {{}};\n" for each in names)


def refused(*arguments: Any) -> list[str]:
    """The lines of a command that fails, without its name."""
    ran = run(*arguments)
    assert (ran.status, ran.out) == (1, ""), ran
    return [line.partition(": ")[2] for line in ran.err.splitlines()]
