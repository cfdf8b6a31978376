# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPegasus as a CIM server of the tests' own; cimserver and cimmofl are found on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

from cim_server import SCHEMA, CimServer, classes, mof, schema
from plugged import EVENT
from plugged import MOF as EVENT_MOF

PROGRAMS = ("cimserver", "cimmofl")
REPOSITORIES = ("repository", "../var/lib/Pegasus/repository", "/var/lib/Pegasus/repository")
MODULE = """instance of PG_ProviderModule {
   Name = "libvirt_cim"; Vendor = "libvirt"; Version = "1.0.0"; Location = "virt_cim";
   InterfaceType = "CMPI"; InterfaceVersion = "2.0.0"; UserContext = 5;
};
instance of PG_Provider { ProviderModuleName = "libvirt_cim"; Name = "libvirt_cim"; };
"""
CLASS = """instance of PG_ProviderCapabilities {{
   ProviderModuleName = "libvirt_cim"; ProviderName = "libvirt_cim"; CapabilityID = "{name}";
   ClassName = "{name}"; Namespaces = {{ {namespaces} }}; ProviderType = {{ {types} }};
}};
"""
INSTANCE, ASSOCIATION, INDICATION, METHOD = 2, 3, 4, 5


class Server(CimServer):
    """It, with our classes in a copy of its repository."""

    make = "OpenPegasus"

    def __init__(self, folder: Path, uri: str, prefix: str = "Virt",
                 processes: bool = True, **more: Any) -> None:
        super().__init__(folder, uri, "root/PG_InterOp", **more)
        program = shutil.which("cimserver")
        assert program
        home = Path(program).resolve().parent.parent
        self.processes = processes  # whether providers have their own
        self.environment["PEGASUS_HOME"] = str(folder)
        if (home / "lib").is_dir():
            self.environment["LD_LIBRARY_PATH"] = str(home / "lib")
        for name in ("bin", "lib"):
            (folder / name).symlink_to(home / name)
        for name in ("trace", "logs"):
            (folder / name).mkdir()
        repository = next(each for each in REPOSITORIES if (home / each).is_dir())
        shutil.copytree(home / repository, folder / "repository")
        self._load(prefix)
        self._register(uri, prefix)

    def _compile(self, namespace: str, *files: object) -> None:
        done = subprocess.run(
            ["cimmofl", "-W", "-w", "-aEV", "-R", str(self.folder), "-n", namespace,
             *map(str, files)], capture_output=True, text=True, errors="replace",
            env={**os.environ, **self.environment})
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def _load(self, prefix: str) -> None:
        dmtf = schema(self.folder / "CIM")
        ours, whole = self.folder / "ours.mof", self.folder / "whole.mof"
        ours.write_text(mof(prefix.lower()), "utf-8")
        whole.write_text(mof(prefix.lower(), "--cim"), "utf-8")
        event = self.folder / "event.mof"
        event.write_text(EVENT_MOF, "utf-8")
        self._compile("root/virt", "-I", dmtf, dmtf / SCHEMA)
        self._compile("root/virt", ours, event)
        for namespace in ("root/cimv2", self.interop):
            self._compile(namespace, whole)  # what is there stays as it is

    def _register(self, uri: str, prefix: str) -> None:
        places = defaultdict(list)
        kinds = {}
        for name, namespace, association in classes(uri, f"{prefix}_"):
            places[name].append(self.interop if namespace == "interop" else namespace)
            kinds[name] = [INSTANCE, METHOD, *[ASSOCIATION] * association]
        places[EVENT], kinds[EVENT] = ["root/virt"], [INDICATION]
        texts = [MODULE, *(CLASS.format(
            name=name, namespaces=", ".join(f'"{each}"' for each in found),
            types=", ".join(map(str, kinds[name]))) for name, found in places.items())]
        registered = self.folder / "registered.mof"
        registered.write_text("".join(texts), "utf-8")
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
