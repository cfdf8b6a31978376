# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenWBEM as a CIM server of the tests' own; owcimomd and owmofc are found on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from cim_server import SCHEMA, CimServer, schema, staged

PROGRAMS = ("owcimomd", "owmofc")
MODULES = ("lib/openwbem", "lib64/openwbem", "lib/x86_64-linux-gnu/openwbem")
CONFIGURATION = """owcimomd.additional_config_files_dirs = {folder}/more
owcimomd.datadir = {folder}/data
owcimomd.pidfile = {folder}/pid
owcimomd.interop_schema_namespace = {interop}
owcimomd.allow_anonymous = true
owcimomd.authentication_module = {modules}/authentication/libnonauthenticatingauthentication.so
owcimomd.provider_ifc_libs = {modules}/provifcs
owcimomd.request_handler_path = {modules}/requesthandlers
owcimomd.services_path = {modules}/services
owcimomd.owlibdir = {modules}
owcimomd.wql_lib = {modules}/../libowwql.so
cppprovifc.prov_location = {modules}/c++providers
owcimomd.restart_on_error = false
http_server.listen_addresses = 127.0.0.1
http_server.http_port = {port}
http_server.https_port = -1
http_server.use_UDS = false
http_server.use_digest = false
http_server.max_connections = 100
cmpiprovifc.prov_location = {folder}/library
log.main.type = null
"""


class Server(CimServer):
    """It, with our classes in its repository; its Interop namespace is its own usual one."""

    make = "OpenWBEM"

    def __init__(self, folder: Path, uri: str, **more: Any) -> None:
        super().__init__(folder, uri, "root", **more)
        program = shutil.which("owcimomd")
        assert program
        prefix = Path(program).resolve().parent.parent
        modules = next(prefix / each for each in MODULES if (prefix / each).is_dir())
        self.environment["LD_LIBRARY_PATH"] = str(modules.parent)
        for name in ("data", "more"):
            (folder / name).mkdir()
        (folder / "openwbem.conf").write_text(CONFIGURATION.format(
            folder=folder, interop=self.interop, port=self.port, modules=modules), "utf-8")
        self._load(uri)

    def _load(self, uri: str) -> None:
        stage = staged("openwbem", uri, self.folder)
        whole = self.folder / "whole.mof"  # what of DMTF's schema Interop needs
        whole.write_text(subprocess.run(
            [sys.executable, "-m", "libvirt_cim", "mof", "--cim"], capture_output=True,
            text=True, check=True).stdout, "utf-8")
        dmtf = schema(self.folder / "CIM") / SCHEMA
        for namespace, classes in (
            ("root/virt", dmtf), ("root/cimv2", dmtf), (self.interop, whole)
        ):
            self._compile(namespace, classes)
            self._compile(namespace, stage / f"{namespace.replace('/', '-')}.mof")

    def _compile(self, namespace: str, file: Path) -> None:
        done = subprocess.run(
            ["owmofc", "-d", str(self.folder / "data"), "-c", "-n", namespace, str(file)],
            capture_output=True, text=True, errors="replace",
            env={**os.environ, **self.environment})
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def command(self) -> list[str]:
        """How it is started in the foreground."""
        return ["owcimomd", "-d", "-c", str(self.folder / "openwbem.conf")]
