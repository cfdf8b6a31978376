# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenWBEM: what its compiler is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import printed
from registering import URI, refused

from libvirt_cim.register import files, library

OWMOFC = """#!/bin/sh
echo "$@" >>{top}/called
[ ! -e {top}/broken ] || {{ echo "Fatal error in file" >&2; exit 1; }}
"""


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An OpenWBEM that does not run."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/owmofc").write_text(OWMOFC.format(top=tmp_path))
    (tmp_path / "bin/owmofc").chmod(0o755)
    (tmp_path / "openwbem.conf").write_text(
        "# cmpiprovifc.prov_location = /elsewhere\n"
        f"cmpiprovifc.prov_location = {tmp_path}/cmpi:/x\n"
        f"owcimomd.datadir = {tmp_path}/data\n")
    monkeypatch.setenv("OPENWBEM_CONF", str(tmp_path / "openwbem.conf"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("LIBVIRT_CIM_STATE", str(tmp_path / "state"))
    return tmp_path


def called(top: Path) -> list[str]:
    file = top / "called"
    found = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def test_register_and_remove(top: Path) -> None:
    state = top / "state/openwbem"
    printed("-c", URI, "register", "openwbem")
    assert called(top) == [
        f"-d {top}/data -c -n {each.replace('#', '/')} {state}/{each}.mof"
        for each in ("root#virt", "root#interop", "root#cimv2")]
    assert 'Provider ( "cmpi::virt_cim" )' in (state / "root#virt.mof").read_text()
    assert (top / "cmpi/libvirt_cim.so").exists()
    assert printed("-c", URI, "register", "openwbem") == "it is so already\n" and not called(top)
    printed("register", "openwbem", "--remove")
    assert called(top) == [
        f"-d {top}/data -r -n {each.replace('#', '/')} {state}/{each}.mof"
        for each in ("root#cimv2", "root#interop", "root#virt")]
    assert not state.exists() and not any((top / "cmpi").iterdir())


def test_while_it_runs_it_is_told(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [top] if name == "owcimomd" else [])
    printed("-c", URI, "register", "openwbem")
    assert all(each.startswith("-u http://localhost:5988/ -c -n root/") for each in called(top))


def test_the_interop_namespace_is_what_its_configuration_says(top: Path) -> None:
    with open(top / "openwbem.conf", "a") as file:
        file.write("owcimomd.interop_schema_namespace = interop\n")
    printed("-c", URI, "register", "openwbem")
    assert any("-n interop " in each for each in called(top))


def test_if_the_compiler_fails_nothing_is_kept(top: Path) -> None:
    (top / "broken").touch()
    line, = refused("-c", URI, "register", "openwbem")
    assert line.endswith("Fatal error in file")
    assert not any((top / "state/openwbem").glob("*")) and not any((top / "cmpi").iterdir())


def test_if_a_later_namespace_fails_all_is_as_before(top: Path) -> None:
    (top / "cmpi").mkdir()
    theirs = top / "cmpi/libVirt_ComputerSystem.so"
    theirs.touch()
    program = top / "bin/owmofc"
    program.write_text(program.read_text() + 'case "$*" in *-c*cimv2*) exit 3; esac\n')
    line, = refused("-c", URI, "register", "openwbem", "--replace")
    assert line.endswith("exit status 3")
    *_, first, second = called(top)
    assert "-r -n root/interop " in first and "-r -n root/virt " in second
    assert not (top / "state/openwbem").exists() and [*(top / "cmpi").iterdir()] == [theirs]


def test_libvirt_cims_own_library(top: Path) -> None:
    (top / "cmpi").mkdir()
    theirs = top / "cmpi/libVirt_ComputerSystem.so"
    theirs.touch()
    line, = refused("-c", URI, "register", "openwbem")
    assert line.startswith(f"{theirs}: libvirt-cim's own registration stands here")
    printed("-c", URI, "register", "openwbem", "--replace")
    assert not theirs.exists()
    printed("register", "openwbem", "--remove")
    assert theirs.exists()


def test_check(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_OPEN", "")
    printed("-c", URI, "register", "openwbem")
    (top / "state/openwbem/root#cimv2.mof").unlink()
    assert refused("-c", URI, "register", "openwbem", "--check") == [
        f"{top}/state/openwbem/root#cimv2.mof: it is missing: run libvirt-cim register openwbem",
        "owcimomd does not run"]
    monkeypatch.setattr(files, "processes", lambda name: [top])
    printed("-c", URI, "register", "openwbem")
    assert printed("-c", URI, "register", "openwbem", "--check").startswith("openwbem: all is in")
