# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM servers of the tests' own: what they have in common, whatever their make.

Each is on a port of this machine, in namespaces for its processes, its files in one folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Optional

import pywbem

from libvirt_cim.adapter import cmpi_library

TESTS = Path(__file__).parent
# Where servers have sockets, or who they are; OpenPegasus' is in one of these by how it was built.
PLACES = ("/tmp", "/var/tmp", "/run/tog-pegasus/socket")
# What a server has in such a place itself is its own; the folders there are as they are.
PRIVATE = f"""for place in {' '.join(PLACES)}; do
    [ -d $place ] || continue
    mount --bind $place /mnt && mount -t tmpfs tmpfs $place && chmod 1777 $place || exit
    for each in /mnt/*/; do
        [ -d "$each" ] || continue
        mkdir "$place/${{each#/mnt/}}" && mount --bind "$each" "$place/${{each#/mnt/}}"
    done
    umount /mnt
done; exec "$@" """
ALONE = ["unshare", "--mount", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc",
         "sh", "-c", PRIVATE, "sh"]
SCHEMA = "cim_schema_2.49.0.mof"


def schema(folder: Path) -> Path:
    """DMTF's schema, unpacked."""
    with zipfile.ZipFile(os.environ["CIM_SCHEMA"]) as archive:
        archive.extractall(folder)
    return folder


def missing(*programs: str) -> Optional[str]:
    """Why such a server cannot be started here; None if it can."""
    absent = [each for each in (*programs, "unshare", "cc") if shutil.which(each) is None]
    if absent:
        return f"{', '.join(absent)} not found"
    if not os.environ.get("CIM_SCHEMA"):
        return "CIM_SCHEMA does not say where DMTF's schema is"
    tried = subprocess.run([*ALONE, "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"namespaces: {tried.stderr.strip()}"


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def staged(server: str, uri: str, folder: Path) -> Path:
    """What the command writes for packagers: the MOF of each namespace and the registration."""
    made = folder / "stage"
    subprocess.run([sys.executable, "-m", "libvirt_cim", "-c", uri, "register", server, "--stage",
                    str(made)], check=True, capture_output=True)
    return made


class CimServer:
    """A server that has been given our classes; `start` and `stop` it."""

    make = ""

    def __init__(self, folder: Path, uri: str, interop: str, python: str = sys.executable,
                 module: str = "plugged") -> None:
        self.folder, self.port, self.interop = folder, free_port(), interop
        self.log = folder / "log"
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.library = cmpi_library.build(folder / "library", python, interop, module, TESTS)
        conf = folder / "libvirt-cim.conf"
        conf.write_text(f"[server]\nlog-level = debug\n[connection main]\nuri = {uri}\n", "utf-8")
        self.environment: dict[str, str] = {"LIBVIRT_CIM_CONF": str(conf)}

    def command(self) -> list[str]:
        """How the server is started in the foreground."""
        raise NotImplementedError

    def start(self, seconds: float = 30) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*ALONE, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment}, cwd=self.folder)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"it does not answer: {self.log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """End it, and whatever it has started."""
        if self.process is not None:
            self.process.kill()  # its namespace ends with it
            self.process.wait()
            self.process = None

    def loaded(self) -> list[int]:
        """The processes that have the library loaded."""
        found = []
        for each in Path("/proc").glob("[0-9]*/maps"):
            with contextlib.suppress(OSError):
                if str(self.library) in each.read_text("utf-8", "replace"):
                    found.append(int(each.parent.name))
        return found

    def wbem(self, **options: Any) -> pywbem.WBEMConnection:
        """pywbem's connection."""
        return pywbem.WBEMConnection(
            f"http://127.0.0.1:{self.port}", default_namespace="root/virt", timeout=60, **options)

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
