# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `register` does is understood by the real servers, which then ask our library.

They are found as test_cimom.py finds them; what is registered is in folders of the test.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cim_server
import openwbem
import pegasus
import pytest
import pywbem
import sfcb
from command_line import printed
from listening import until
from registering import tree

from libvirt_cim.register import files, library

pytestmark = pytest.mark.cimom
URI = "test:///default"
SFCBREPOS = """#!/bin/sh
# {folder}/sfcb.cfg
case $1 in
-h) printf -- '-s [{folder}/stage]\\n-r [{folder}/registration]\\n-c [{folder}/CIM]\\n' ;;
*) exec {program} "$@" -s {folder}/stage -r {folder}/registration ;;
esac
"""


class Sfcb(sfcb.Server):
    """It, registered by the command in a staging area of its own."""

    def _register(self, uri: str) -> None:
        program, folder = shutil.which("sfcbrepos"), self.folder
        cim_server.schema(folder / "CIM")
        shutil.copy(folder / "CIM" / cim_server.SCHEMA, folder / "CIM/CIM_Schema.mof")
        (folder / "sfcb.cfg").write_text(f"providerDirs: {folder}/library\n")
        (folder / "bin").mkdir()
        (folder / "bin/sfcbrepos").write_text(SFCBREPOS.format(folder=folder, program=program))
        (folder / "bin/sfcbrepos").chmod(0o755)
        (folder / "stage/mofs/root/interop").mkdir(parents=True)
        (folder / "stage/regs").mkdir()
        shutil.copy(self._file("default.reg"), folder / "stage")
        for name in self.own:
            shutil.copy(self._file(name), folder / "stage/mofs/root/interop")
        self.before = tree(folder / "stage")
        printed("-c", uri, "register", "sfcb")

    own = ("10_interop.mof", "20_indication.mof", "indication.mof")

    def _load(self) -> None:
        """It is done."""


class Pegasus(pegasus.Server):
    """It, registered by the command in a copy of its repository, while it does not run."""

    def _register(self, uri: str) -> None:
        os.environ["PEGASUS_HOME"] = str(self.folder)
        printed("-c", uri, "register", "pegasus")
        self.again = printed("-c", uri, "register", "pegasus")

    def _load(self) -> None:
        """It is done."""


class OpenWbem(openwbem.Server):
    """It, registered by the command while it does not run; only one namespace has a schema."""

    def _load(self, uri: str) -> None:
        os.environ["OPENWBEM_CONF"] = str(self.folder / "openwbem.conf")
        os.environ.update(self.environment)
        self._compile("root/virt", cim_server.schema(self.folder / "CIM") / cim_server.SCHEMA)
        self.before = self.classes()
        printed("-c", uri, "register", "openwbem")
        self.again = printed("-c", uri, "register", "openwbem")

    def classes(self) -> set[str]:
        """The heads of the classes in its repository."""
        dumped = files.run("owrepositorydump", "-d", str(self.folder / "data"))
        return {each for each in dumped.splitlines() if each.startswith("class ")}


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is put where the machine's own servers look."""
    monkeypatch.delenv("LIBVIRT_CIM_CONF", raising=False)
    monkeypatch.setattr("libvirt_cim.config.FILE", "/nowhere/libvirt-cim.conf")
    monkeypatch.setattr(files, "processes", lambda name: [])
    monkeypatch.setattr(library, "folder", lambda places, said: tmp_path / "library")
    monkeypatch.setenv("LIBVIRT_CIM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    for name in ("PEGASUS_HOME", "OPENWBEM_CONF"):
        monkeypatch.setenv(name, "")  # and what it was comes back
    monkeypatch.setenv("LD_LIBRARY_PATH", os.environ.get("LD_LIBRARY_PATH", ""))
    return tmp_path


def skipped_without(*programs: str) -> None:
    why = cim_server.missing(*programs)
    if why is not None:
        pytest.skip(why)


@pytest.fixture
def by_sfcb(alone: Path) -> Iterator[Sfcb]:
    skipped_without(*sfcb.PROGRAMS, "sfcbrepos")
    with Sfcb(alone, URI) as found:
        yield found


@pytest.fixture
def by_pegasus(alone: Path) -> Iterator[Pegasus]:
    skipped_without(*pegasus.PROGRAMS)
    with Pegasus(alone, URI) as found:
        yield found


@pytest.fixture
def by_openwbem(alone: Path) -> Iterator[OpenWbem]:
    skipped_without(*openwbem.PROGRAMS)
    with OpenWbem(alone, URI) as found:
        yield found


def asked(server: Any) -> None:
    """Instances, an association in three namespaces, and a method."""
    wbem = server.wbem()
    guest, = wbem.EnumerateInstanceNames("Virt_ComputerSystem")
    profile, = (each for each in wbem.EnumerateInstanceNames(
        "Virt_RegisteredProfile", namespace=server.interop) if "DSP1057" in each["InstanceID"])
    links = wbem.EnumerateInstanceNames("Virt_HostedDependency", namespace="root/cimv2")
    assert [each["Dependent"]["Name"] for each in links] == [guest["Name"]]
    found = wbem.AssociatorNames(profile, AssocClass="Virt_ElementConformsToProfile")
    assert [(each.namespace, each["Name"]) for each in found] == [("root/virt", guest["Name"])]
    back = wbem.AssociatorNames(guest, AssocClass="Virt_ElementConformsToProfile")
    assert [each["InstanceID"] for each in back] == [profile["InstanceID"]]
    status, out = wbem.InvokeMethod("GetCentralInstances", profile)
    assert status == 0 and isinstance(out["CentralInstances"][0], pywbem.CIMInstanceName)


def test_sfcb(by_sfcb: Sfcb) -> None:
    asked(by_sfcb)
    assert printed("-c", URI, "register", "sfcb") == "it is so already\n"
    printed("register", "sfcb", "--remove")
    assert tree(by_sfcb.folder / "stage") == by_sfcb.before


def test_openpegasus(by_pegasus: Pegasus) -> None:
    assert by_pegasus.again == "it is so already\n"
    asked(by_pegasus)


def test_openwbem(by_openwbem: OpenWbem) -> None:
    """DMTF's classes where there were some stay, and those of other namespaces go."""
    assert by_openwbem.again == "it is so already\n"
    asked(by_openwbem)
    by_openwbem.stop()
    assert until(lambda: not by_openwbem.loaded())  # its repository is locked as long
    assert by_openwbem.classes() > by_openwbem.before
    printed("register", "openwbem", "--remove")
    left = by_openwbem.classes() - by_openwbem.before
    assert all(each.startswith("class CIM_") for each in left)


# what gave way to us in OpenPegasus comes back

FORMER = """[Version("0.6"), Description("a guest")] class KVM_ComputerSystem : CIM_ComputerSystem {
   [Description("said \\"so\\"")] string Other[]; uint32 Change([IN] CIM_System REF Which,
      [IN, EmbeddedInstance("CIM_SettingData")] string More[]);
   [EmbeddedInstance("CIM_SettingData")] string Held; };
class KVM_Below : KVM_ComputerSystem { };
[Association] class KVM_Link : CIM_Dependency {
   [Override("Antecedent")] KVM_Below REF Antecedent; };
"""
MODULE = """instance of PG_ProviderModule { Name = "Virt_ComputerSystem";
   Location = "Virt_ComputerSystem"; Vendor = "SBLIM"; Version = "2.0.0";
   InterfaceType = "CMPI"; InterfaceVersion = "2.0.0"; };
instance of PG_Provider { Name = "A"; ProviderModuleName = "Virt_ComputerSystem"; };
instance of PG_ProviderCapabilities { ProviderModuleName = "Virt_ComputerSystem";
   ProviderName = "A"; ClassName = "KVM_ComputerSystem"; ProviderType = { 2, 5 };
   Namespaces = { "root/virt" }; CapabilityID = "1"; };
"""
INSIDE = """#!/bin/sh
exec nsenter --mount --ipc --pid --target "$(cat {folder}/inside)" {program} "$@"
"""


class Former(pegasus.Server):
    """It, with libvirt-cim's own registration, and programs that reach it in its namespaces."""

    def _load(self) -> None:
        dmtf = cim_server.schema(self.folder / "CIM")
        self._compile("root/virt", "-I", dmtf, dmtf / cim_server.SCHEMA)

    def _register(self, uri: str) -> None:
        os.environ.update(self.environment)
        (self.folder / "programs").mkdir()
        for name, text in {"root/virt": FORMER, self.interop: MODULE}.items():
            file = self.folder / "former.mof"
            file.write_text(text, "utf-8")
            self._compile(name, file)
        for name in ("cimcli", "cimmof", "cimprovider", "cimconfig"):
            file = self.folder / "programs" / name
            file.write_text(INSIDE.format(folder=self.folder, program=shutil.which(name)))
            file.chmod(0o755)

    def start(self, seconds: float = 30) -> None:
        """Start it, and have the programs find it."""
        super().start(seconds)
        assert self.process is not None
        place = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        (self.folder / "inside").write_text(Path(place).read_text("ascii").strip())
        os.environ["PATH"] = f"{self.folder / 'programs'}:{os.environ['PATH']}"


def told(server: Former) -> Any:
    """What a client sees of the former registration."""
    wbem = server.wbem()
    modules = [each for name in ("PG_ProviderModule", "PG_Provider", "PG_ProviderCapabilities")
               for each in wbem.EnumerateInstances(name, namespace=server.interop)]
    classes = [each for each in wbem.EnumerateClasses(
        DeepInheritance=True, LocalOnly=True) if each.classname.startswith("KVM_")]
    for each in classes:
        each.path = None
    texts = [sorted(line for line in each.tomof().splitlines() if "OperationalStatus" not in line)
             for each in modules]  # a module was started or not
    return sorted(classes, key=str), sorted(texts)


def test_what_was_replaced_in_openpegasus_comes_back(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped_without(*pegasus.PROGRAMS, "cimcli", "nsenter")
    for name in ("LD_LIBRARY_PATH", "LIBVIRT_CIM_CONF"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    with Former(alone, URI) as server:
        monkeypatch.delenv("LIBVIRT_CIM_CONF")
        monkeypatch.setattr(files, "processes",
                            lambda name: [alone] if name == "cimserver" else [])
        before = told(server)
        assert len(before[0]) == 3
        printed("-c", URI, "register", "pegasus", "--replace")
        assert told(server)[0] == []
        asked(server)
        printed("register", "pegasus", "--remove")
        assert told(server) == before
