# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenWBEM: what its compiler is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import printed
from registering import URI, refused, schema_text

from libvirt_cim.register import files, library

PROGRAMS = {
    "owmofc": """#!/bin/sh
echo "$@" >>{top}/called
[ ! -e {top}/broken ] || {{ echo "Fatal error in file" >&2; exit 1; }}
for each; do [ "$file" != -n ] || namespace=$each; file=$each; done
there={top}/data/$(echo "$namespace" | tr / '#')
case " $* " in
*" -c "*) grep -E '^(class|Qualifier) ' "$file" >>"$there" ;;
*) grep -o '^class [A-Za-z0-9_]*' "$file" >{top}/gone
   grep -v -w -f {top}/gone "$there" >{top}/left; mv {top}/left "$there" ;;
esac
""",
    "owrepositorydump": """#!/bin/sh
[ "$*" = "-d {top}/data" ] || exit 2
for each in {top}/data/*; do
    echo "#pragma namespace(\\"$(basename "$each" | tr '#' /)\\")"
    cat "$each"
done
""",
    "owenumclassnames": """#!/bin/sh
name=$(echo "${{2#http://*:*/}}" | tr / '#')
[ -e "{top}/data/$name" ] || {{ echo "namespace does not exist ($name)" >&2; exit 1; }}
sed -n 's/^class \\([A-Za-z0-9_]*\\).*/\\1/p' "{top}/data/$name"
""",
    "owenumqualifiers": """#!/bin/sh
grep '^Qualifier' "{top}/data/$(echo "${{2#http://*:*/}}" | tr / '#')" || true
""",
}
PLACES = ("root#virt", "root", "root#cimv2")


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An OpenWBEM that does not run, with DMTF's final schema."""
    for folder in ("bin", "data", "more"):
        (tmp_path / folder).mkdir()
    for name, text in PROGRAMS.items():
        (tmp_path / "bin" / name).write_text(text.format(top=tmp_path))
        (tmp_path / "bin" / name).chmod(0o755)
    for each in PLACES:
        (tmp_path / "data" / each).write_text(schema_text())
    (tmp_path / "openwbem.conf").write_text(
        "# cmpiprovifc.prov_location = /elsewhere\n;owcimomd.datadir = /elsewhere\n"
        f"cmpiprovifc.prov_location = {tmp_path}/cmpi:/x\n"
        f"owcimomd.additional_config_files_dirs = {tmp_path}/more\n"
        "owcimomd.datadir = /elsewhere\n")
    (tmp_path / "more/a.conf").write_text(f"owcimomd.datadir = {tmp_path}/data\n")
    (tmp_path / "more/b.other").write_text("owcimomd.datadir = /elsewhere\n")
    monkeypatch.setenv("OPENWBEM_CONF", str(tmp_path / "openwbem.conf"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("LIBVIRT_CIM_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("OPENWBEM_URL", raising=False)
    return tmp_path


def called(top: Path) -> list[str]:
    file = top / "called"
    found = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def there(top: Path) -> dict[str, set[str]]:
    """The classes by namespace."""
    return {each.name: {line.split()[1] for line in each.read_text().splitlines()
                        if line.startswith("class")} for each in (top / "data").iterdir()}


def test_register_and_remove(top: Path) -> None:
    state, before = top / "state/openwbem", there(top)
    printed("-c", URI, "register", "openwbem")
    assert called(top) == [
        f"-d {top}/data -c -n {each.replace('#', '/')} {state}/{each}.mof" for each in PLACES]
    text = (state / "root#virt.mof").read_text()
    assert 'Provider ( "cmpi::virt_cim" )' in text and "\nQualifier Provider : string" in text
    assert (top / "cmpi/libvirt_cim.so").exists()
    assert printed("-c", URI, "register", "openwbem") == "it is so already\n" and not called(top)
    printed("register", "openwbem", "--remove")
    assert [each.rpartition(" ")[0] for each in called(top)] == [
        f"-d {top}/data -r -n {each}" for each in ("root/cimv2", "root/virt", "root")]
    assert not state.exists() and not any((top / "cmpi").iterdir())
    left = {name: found - before[name] for name, found in there(top).items()}
    assert all(each.startswith("CIM_") for found in left.values() for each in found)


def test_what_a_namespace_has_is_not_loaded_again(top: Path) -> None:
    """Neither classes nor qualifiers."""
    (top / "data/root#virt").write_text(
        "Qualifier Key : boolean\nQualifier provider : string\n" + schema_text().replace(
            "class CIM_System {", "class CIM_Other {"))
    said = printed("-c", URI, "register", "openwbem")
    assert "root/virt: the server lacks CIM_System: libvirt-cim's is loaded\n" in said
    text = (top / "state/openwbem/root#virt.mof").read_text()
    assert "\nclass CIM_System " in text and "\nclass CIM_EnabledLogicalElement " not in text
    assert "\nQualifier Override " in text and "\nQualifier Virt_Unit " in text
    assert "\nQualifier Key " not in text and "\nQualifier Provider " not in text
    assert printed("-c", URI, "register", "openwbem") == "it is so already\n"


@pytest.mark.parametrize("runs", [True, False])
def test_an_empty_repository(top: Path, runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded is all that is needed, and nothing of it stays."""
    monkeypatch.setattr(files, "processes", lambda name: [top] if runs else [])
    for each in PLACES:
        (top / "data" / each).unlink()
    printed("-c", URI, "register", "openwbem")
    assert {"CIM_ManagedElement", "Virt_ComputerSystem"} <= there(top)["root#virt"]
    assert printed("-c", URI, "register", "openwbem") == "it is so already\n"
    printed("register", "openwbem", "--remove")
    assert not any(there(top).values())


@pytest.mark.parametrize(("more", "url"), [
    ("", "http://localhost:5988/"), ("http_server.http_port = 80 81\n", "http://localhost:80/")])
def test_while_it_runs_it_is_told(
    top: Path, monkeypatch: pytest.MonkeyPatch, more: str, url: str
) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [top] if name == "owcimomd" else [])
    (top / "more/b.conf").write_text(more)
    printed("-c", URI, "register", "openwbem")
    assert all(each.startswith(f"-u {url} -c -n root") for each in called(top))


def test_what_it_cannot_say_is_no_absence(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [top])
    (top / "bin/owenumclassnames").write_text("#!/bin/sh\necho refused >&2; exit 1\n")
    line, = refused("-c", URI, "register", "openwbem")
    assert line.endswith("refused") and not called(top)


def test_the_interop_namespace_is_what_its_configuration_says(top: Path) -> None:
    (top / "more/c.conf").write_text("owcimomd.interop_schema_namespace = interop\n")
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
    assert ["cimv2" in each or "virt" in each for each in called(top)[-3:] if " -r " in each] == [
        True, True, False]
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
    lines = (top / "data/root").read_text().splitlines(keepends=True)
    (top / "data/root").write_text("".join(each for each in lines if "class Virt_Reg" not in each))
    assert refused("-c", URI, "register", "openwbem", "--check") == [
        f"{top}/state/openwbem/root#cimv2.mof: it is missing: run libvirt-cim register openwbem",
        "root: 1 of our classes are not loaded, Virt_RegisteredProfile for one: register again",
        "owcimomd does not run"]
    monkeypatch.setattr(files, "processes", lambda name: [top])
    printed("-c", URI, "register", "openwbem")
    assert printed("-c", URI, "register", "openwbem", "--check").startswith("openwbem: all is in")
