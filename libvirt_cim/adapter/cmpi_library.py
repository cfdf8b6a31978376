# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the library that a CIM server loads, and the file beside it that tells where Python is.

One library serves every Python; what differs is in the file.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

from ..cim import Error, Status

LIBRARY = "libvirt_cim.so"  # a server's registration calls it virt_cim
MODULE = "libvirt_cim.cimom"
SOURCE = Path(__file__).with_name("cmpi.c")
ROOT = Path(__file__).resolve().parent.parent.parent  # where the package is
FLAGS = ("-std=gnu11", "-O2", "-shared", "-fPIC", "-Wl,-z,nodelete", "-Wl,-z,relro")
# What a Python says of itself: its program, its version, its shared library.
_ASK = """
import json, os, sys, sysconfig
get = sysconfig.get_config_var
places = [os.path.join(get(place) or "", get(name) or "")
          for place in ("LIBDIR", "LIBPL") for name in ("INSTSONAME", "LDLIBRARY")]
places += [os.path.join(get("LIBDIR") or "", get("MULTIARCH") or "", get("INSTSONAME") or "")]
found = [each for each in places if ".so" in each and os.path.isfile(each)]
print(json.dumps([sys.executable, sys.version_info[:2], found[:1]]))
"""


def build(directory: Path, python: str = sys.executable, interop: Optional[str] = None,
          module: str = MODULE, path: Path = ROOT) -> Path:
    """Compile the library into a directory, and write its file; what was there is replaced.

    `python` is the program of the environment that has libvirt_cim; `interop` is the server's
    Interop namespace; `module` is imported, which Python finds in `path` if not by itself.
    CIM_ERR_FAILED says in one line what is missing.
    """
    text = settings(python, interop, module, path)
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / LIBRARY
    with tempfile.TemporaryDirectory(prefix=".libvirt_cim-", dir=directory) as made:
        library, file = Path(made) / LIBRARY, Path(made) / "conf"
        compile_(library)
        file.write_text(text, encoding="utf-8")
        for each in (library, file):
            each.chmod(0o755 if each is library else 0o644)
        os.replace(file, f"{target}.conf")
        os.replace(library, target)  # never written into: a server may have it loaded
    return target


def compile_(target: Path) -> None:
    """Compile the library."""
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    command = [*compiler, *FLAGS, "-o", str(target), str(SOURCE), "-ldl", "-lpthread"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _failed(f"{compiler[0]}: {error.strerror}; a C compiler is needed") from None
    if done.returncode:
        raise _failed(f"{compiler[0]}: {next(iter(done.stderr.splitlines()), 'failed')}")


def settings(python: str, interop: Optional[str] = None, module: str = MODULE,
             path: Path = ROOT) -> str:
    """What the file beside the library says."""
    program, library = found(python)
    lines = {"libpython": library, "python": program, "path": str(path), "import": module}
    if interop:
        lines["interop"] = interop
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def found(python: str) -> tuple[str, str]:
    """The program and the shared library of a Python, which may be named by a link to it."""
    try:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False)
    except OSError as error:
        raise _failed(f"{python}: {error.strerror}") from None
    if done.returncode:
        raise _failed(f"{python}: {next(iter(done.stderr.splitlines()), 'failed')}")
    program, (major, minor), libraries = json.loads(done.stdout)
    if not libraries:
        raise _failed(f"{python} has no shared library (libpython{major}.{minor}.so), which a "
                      "CIM server needs: install it")
    return str(program), str(libraries[0])


def _failed(text: str) -> Error:
    return Error(Status.FAILED, text)
