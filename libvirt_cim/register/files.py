# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files and programs of a server: written only if different, put back if what follows fails."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

from ..cim import Error, Status, invalid

ASIDE = ".replaced"  # behind the name of a file of libvirt-cim's that gave way to ours
STATE = "LIBVIRT_CIM_STATE"
_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s@]*@")
PLACES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")  # besides PATH


# programs

def program(name: str) -> Optional[str]:
    """Where a program is; servers' are often where only root's PATH leads."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(PLACES))


def needed(name: str, server: str) -> str:
    """Where a program is that there is no server without."""
    found = program(name)
    if found is None:
        raise invalid(f"there is no {name}: is {server} installed, and on PATH? "
                      "(--stage DIR writes the files without it)")
    return found


def run(*command: str) -> str:
    """What a program says; cim.Error with its last words if it fails."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *PLACES])
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", env={**os.environ, "PATH": path}, check=False)
    except OSError as error:
        raise Error(Status.FAILED, f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        words = [each for each in (done.stdout + done.stderr).splitlines() if each.strip()]
        text = "; ".join(words[-5:]) or f"exit status {done.returncode}"
        raise Error(Status.FAILED, _PASSWORD.sub(r"\1:…@", f"{' '.join(command)}: {text}"))
    return done.stdout


def processes(name: str) -> list[Path]:
    """The folders in /proc of the processes that run a program."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (each / "comm").read_bytes().strip() == name[:15].encode():
                found.append(each)
    return found


# files

def state(server: str) -> Path:
    """The folder in which it is kept what a server was told, if the server can't say it."""
    return Path(os.environ.get(STATE, "/var/lib/libvirt-cim")) / server


def put(files: Mapping[Path, str]) -> list[Path]:
    """Write the files that are not so yet, each whole or not at all; which they were."""
    return [each for each, text in files.items() if put_bytes(each, text.encode())]


def put_bytes(file: Path, data: bytes, mode: int = 0o644) -> bool:
    """Write a file by a rename: a program that has the old one open keeps it."""
    if content(file) == data:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError):
            error.filename = str(file)  # a disk that is full names none
        raise
    return True


def content(file: Path) -> Optional[bytes]:
    """What is in a file, None if there is none."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def differences(wanted: Mapping[Path, str], server: str) -> Iterator[str]:
    """What is wrong with files that should be there, a line each."""
    for file, text in wanted.items():
        data = content(file)
        if data is None:
            yield f"{file}: it is missing: run libvirt-cim register {server}"
        elif data != text.encode():
            yield f"{file}: it is not of this version and configuration: register again"


def delete(files: Iterable[Path], *tops: Path) -> list[Path]:
    """Remove files, and the folders that are empty then up to one of the tops; which there were."""
    found = [each for each in files if each.exists()]
    for file in found:
        file.unlink()
        for folder in file.parents:
            if folder in tops or any(folder.iterdir()):
                break
            folder.rmdir()
    return found


def hidden(file: Path) -> Path:
    """The name by which a server does not find a file."""
    return file.with_name(file.name + ASIDE)


def before(file: Path) -> Path:
    """The name that a file had before it was put aside."""
    return file.with_name(file.name[:-len(ASIDE)])


def aside(files: Iterable[Path]) -> list[Path]:
    """Give files a name by which a server does not find them."""
    return [each.rename(hidden(each)) for each in files]


def back(files: Iterable[Path]) -> list[Path]:
    """Give files that were put aside the name that they had."""
    return [each.rename(before(each)) for each in files]


@contextlib.contextmanager
def undone(files: Sequence[Path], *tops: Path) -> Iterator[None]:
    """Put files back as they were if what is done meanwhile fails."""
    kept = {each: (data, stat.S_IMODE(each.stat().st_mode))
            for each in files for data in [content(each)] if data is not None}
    try:
        yield
    except BaseException:
        for file, (data, mode) in kept.items():
            put_bytes(file, data, mode)
        delete((each for each in files if each not in kept), *tops)
        raise
