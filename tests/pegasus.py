# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPegasus as a CIM server of the tests' own; cimserver and cimmofl are found on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from cim_server import SCHEMA, CimServer, schema, staged
from plugged import EVENT, MOF

PROGRAMS = ("cimserver", "cimmofl")
REPOSITORIES = ("repository", "../var/lib/Pegasus/repository", "/var/lib/Pegasus/repository")
EVENTS = f"""instance of PG_ProviderCapabilities {{
   ProviderModuleName = "libvirt-cim-module"; ProviderName = "libvirt_cim";
   CapabilityID = "{EVENT}"; ClassName = "{EVENT}";
   Namespaces = {{ "root/virt" }}; ProviderType = {{ 4 }};
}};
"""


class Server(CimServer):
    """It, with our classes in a copy of its repository."""

    make = "OpenPegasus"

    def __init__(self, folder: Path, uri: str, processes: bool = True, **more: Any) -> None:
        super().__init__(folder, uri, "root/PG_InterOp", **more)
        program = shutil.which("cimserver")
        assert program
        home = Path(program).resolve().parent.parent
        self.processes = processes  # whether providers have their own
        self.environment["PEGASUS_HOME"] = str(folder)
        # What glibc keeps for each of the agent's many threads grows for long, and is not ours.
        self.environment["GLIBC_TUNABLES"] = "glibc.malloc.tcache_count=0"
        if (home / "lib").is_dir():
            self.environment["LD_LIBRARY_PATH"] = str(home / "lib")
        for name in ("bin", "lib"):
            (folder / name).symlink_to(home / name)
        for name in ("trace", "logs"):
            (folder / name).mkdir()
        repository = next(each for each in REPOSITORIES if (home / each).is_dir())
        shutil.copytree(home / repository, folder / "repository")
        self._load()
        self._register(uri)

    def _compile(self, namespace: str, *files: object) -> None:
        done = subprocess.run(
            ["cimmofl", "-W", "-w", "-aEV", "-R", str(self.folder), "-n", namespace,
             *map(str, files)], capture_output=True, text=True, errors="replace",
            env={**os.environ, **self.environment})
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def _load(self) -> None:
        """DMTF's schema, and what else of it the other namespaces need."""
        dmtf = schema(self.folder / "CIM")
        whole = self.folder / "whole.mof"
        whole.write_text(subprocess.run(
            [sys.executable, "-m", "libvirt_cim", "mof", "--cim"], capture_output=True,
            text=True, check=True).stdout, "utf-8")
        self._compile("root/virt", "-I", dmtf, dmtf / SCHEMA)
        for namespace in ("root/cimv2", self.interop):
            self._compile(namespace, whole)  # what is there stays as it is

    def _register(self, uri: str) -> None:
        stage = staged("pegasus", uri, self.folder)
        event, registered = self.folder / "event.mof", self.folder / "registered.mof"
        event.write_text(MOF, "utf-8")
        self._compile("root/virt", stage / "root-virt.mof", event)
        self._compile("root/cimv2", stage / "root-cimv2.mof")
        self._compile(self.interop, stage / "root-interop.mof")
        text = (stage / "registration.mof").read_text("utf-8")
        registered.write_text(text.replace('"root/interop"', f'"{self.interop}"') + EVENTS, "utf-8")
        self._compile(self.interop, registered)

    def command(self) -> list[str]:
        """How it is started in the foreground."""
        options = {
            "daemon": "false", "httpPort": self.port, "enableHttpConnection": "true",
            "enableHttpsConnection": "false", "enableAuthentication": "false",
            "listenAddress": "127.0.0.1", "repositoryDir": f"{self.folder}/repository",
            "providerDir": f"{self.folder}/library:lib",
            "forceProviderProcesses": "true" if self.processes else "false",
        }
        return ["cimserver", *(f"{name}={value}" for name, value in options.items())]
