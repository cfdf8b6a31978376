# SPDX-License-Identifier: LGPL-2.1-or-later
"""sfcb as a CIM server of the tests' own; sfcbd and sfcbmof are found on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from cim_server import SCHEMA, CimServer, schema, staged
from plugged import EVENT, MOF

PROGRAMS = ("sfcbd", "sfcbmof")
STAGE = ("share/sfcb", "var/lib/sfcb/stage", "../var/lib/sfcb/stage", "../share/sfcb")
MODULES = ("lib/sfcb", "lib64/sfcb", "lib/x86_64-linux-gnu/sfcb")
OWN = {"root/interop": ("10_interop.mof", "20_indication.mof", "indication.mof")}
SECTION = f"""[{EVENT}]
   provider: libvirt_cim
   location: virt_cim
   type: indication
   namespace: root/virt
#
"""
EVERYBODY = b"int _sfcBasicAuthenticate(char *name, char *password) { return name && password; }"
CONFIGURATION = """httpPort: {port}
httpLocalOnly: true
enableHttps: false
enableUds: false
doBasicAuth: {authenticates}
basicAuthLib: everybody
registrationDir: {folder}/registration
providerDirs: {modules} {folder}/library
localSocketPath: {folder}/local
httpSocketPath: {folder}/http
useChunking: true
provProcs: 32
"""


class Server(CimServer):
    """It, with our classes in its repository."""

    make = "sfcb"

    def __init__(self, folder: Path, uri: str, authenticates: bool = False, **more: Any) -> None:
        super().__init__(folder, uri, "root/interop", **more)
        program = shutil.which("sfcbd")
        assert program
        self.prefix = Path(program).resolve().parent.parent
        self._register(uri)
        self._load()
        modules = next(each for each in MODULES if (self.prefix / each).is_dir())
        (folder / "sfcb.cfg").write_text(CONFIGURATION.format(
            port=self.port, folder=folder, modules=self.prefix / modules,
            authenticates=str(authenticates).lower()), "utf-8")
        paths = [str(folder / "library"), os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment["LD_LIBRARY_PATH"] = ":".join(filter(None, paths))
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o",
                        folder / "library" / "libeverybody.so"], input=EVERYBODY, check=True)

    def _file(self, name: str) -> Path:
        return next(found for each in STAGE for found in (self.prefix / each).glob(f"**/{name}"))

    def _register(self, uri: str) -> None:
        stage = staged("sfcb", uri, self.folder)
        registration = self.folder / "registration"
        registration.mkdir()
        texts = [self._file("default.reg").read_text("utf-8"),
                 (stage / "libvirt-cim.reg").read_text("utf-8"), SECTION]
        (registration / "providerRegister").write_text("".join(texts), "utf-8")

    def _load(self) -> None:
        dmtf = schema(self.folder / "CIM")
        event = self.folder / "event.mof"
        event.write_text(MOF, "utf-8")
        repository = self.folder / "registration" / "repository"
        repository.mkdir()
        for namespace in ("root/virt", "root/cimv2", self.interop):
            files = [*map(self._file, OWN.get(namespace, ("indication.mof",))),
                     self.folder / "stage" / f"{namespace.replace('/', '-')}.mof",
                     *[event] * (namespace == "root/virt")]
            done = subprocess.run(
                ["sfcbmof", "-d", str(repository), "-n", namespace, "-o", "classSchemas",
                 "-I", str(dmtf), "-i", SCHEMA, *map(str, files)],
                capture_output=True, text=True, errors="replace")
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)

    def command(self) -> list[str]:
        """How it is started in the foreground.

        Its processes write behind few arguments, where the environment begins.
        """
        return ["sfcbd", *["-c", str(self.folder / "sfcb.cfg")] * 8]
