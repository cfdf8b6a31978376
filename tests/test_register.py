# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `register`: what a server is told, and registration with sfcb."""

from __future__ import annotations

import os
import re
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import fake_servers
import pytest
from command_line import printed, run
from registering import URI, refused, schema_text, tree

from libvirt_cim import mof
from libvirt_cim.adapter import cmpi_library
from libvirt_cim.cim import Class, Error, Instance, QualifierType
from libvirt_cim.register import files, library
from libvirt_cim.register.files import processes  # not what stands for it here

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def sfcb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An sfcb, stopped, of which the repository was made."""
    top = tmp_path / "sfcb"
    programs = fake_servers.sfcb(top, schema_text())
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    files.run("sfcbrepos", "-f")
    shutil.rmtree(top / "registration/repository.previous", ignore_errors=True)
    return top


# what is staged

def staged(server: str, place: Path, *options: str) -> Path:
    printed(*options, "register", server, "--stage", place)
    return place


@pytest.mark.parametrize("server", ["sfcb", "pegasus", "openwbem"])
def test_stage_has_library_mof_and_registration(server: str, tmp_path: Path) -> None:
    found = {each.name for each in staged(server, tmp_path / "a/b", "-c", URI).iterdir()}
    registration = {"sfcb": "libvirt-cim.reg", "pegasus": "registration.mof"}.get(server)
    interop = "root.mof" if server == "openwbem" else "root-interop.mof"
    assert found == {"libvirt_cim.so", "libvirt_cim.so.conf", "root-virt.mof", interop,
                     "root-cimv2.mof", *([registration] if registration else [])}


def test_stage_twice_changes_nothing(tmp_path: Path) -> None:
    before = [(each, each.stat().st_mtime_ns, each.stat().st_ino)
              for each in staged("sfcb", tmp_path, "-c", URI).iterdir()]
    assert printed("-c", URI, "register", "sfcb", "--stage", tmp_path) == "it is so already\n"
    assert [(each, each.stat().st_mtime_ns, each.stat().st_ino)
            for each in tmp_path.iterdir()] == before


def test_where_there_is_no_room_the_file_is_named(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        assert refused("-c", URI, "register", "sfcb", "--stage", tmp_path) == [
            f"{tmp_path}/root-virt.mof: File too large"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {each.name for each in tmp_path.iterdir()} == {
        "libvirt_cim.so", "libvirt_cim.so.conf"}


def sections(text: str) -> dict[str, dict[str, list[str]]]:
    """sfcb's registration, read as sfcb does."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            last = found[line.strip("[]")] = {}
        elif line.startswith(" "):
            name, _, value = line.partition(":")
            last[name.strip()] = value.split()
    return found


def registered(file: Path) -> dict[str, dict[str, Any]]:
    """OpenPegasus' registration by the classes it is of."""
    found = [each for each in mof.read(file.read_text()) if isinstance(each, Instance)]
    assert [each.class_name for each in found[:2]] == ["PG_ProviderModule", "PG_Provider"]
    module, provider = found[0].properties, found[1].properties
    for each in found[2:]:
        assert each.class_name == "PG_ProviderCapabilities"
        assert each.properties["ProviderModuleName"] == module["Name"] \
            == provider["ProviderModuleName"]
        assert each.properties["ProviderName"] == provider["Name"]
    assert module["Location"] == "virt_cim"
    return {each.properties["ClassName"]: dict(each.properties) for each in found[2:]}


def test_what_is_provided_where(tmp_path: Path) -> None:
    """Each class with what it can be asked, in the namespaces that libvirt-cim had."""
    found = sections((staged("sfcb", tmp_path / "s") / "libvirt-cim.reg").read_text())
    everywhere = {"provider": ["libvirt_cim"], "location": ["virt_cim"], "unload": ["never"]}
    assert all(everywhere.items() <= each.items() for each in found.values())
    assert found["KVM_ComputerSystem"]["type"] == ["instance", "method"]
    assert found["KVM_LogicalDisk"]["namespace"] == ["root/virt"]
    assert found["KVM_RegisteredProfile"]["namespace"] == ["root/interop"]
    assert found["KVM_HostedDependency"]["type"] == ["instance", "association"]
    assert found["KVM_HostedDependency"]["namespace"] == ["root/virt", "root/cimv2"]
    assert found["KVM_ElementConformsToProfile"]["namespace"] == [
        "root/interop", "root/virt", "root/cimv2"]
    assert not {"KVM_WBEMServer", "KVM_Namespace"} & set(found)  # the other server's own
    assert not {"KVM_ResourceAllocationSettingData", "Virt_SnapshotDisk"} & set(found)


def test_openpegasus_is_told_the_same(tmp_path: Path) -> None:
    numbers = {"instance": 2, "association": 3, "indication": 4, "method": 5}
    theirs = sections((staged("sfcb", tmp_path / "s") / "libvirt-cim.reg").read_text())
    found = registered(staged("pegasus", tmp_path / "p") / "registration.mof")
    assert {name: (each["Namespaces"], each["ProviderType"]) for name, each in found.items()} == {
        name: (each["namespace"], [numbers[kind] for kind in each["type"]])
        for name, each in theirs.items()}


def test_openwbem_finds_the_provider_by_a_qualifier(tmp_path: Path) -> None:
    found = {each.name: each.qualifier("Provider")
             for each in mof.read((staged("openwbem", tmp_path) / "root-virt.mof").read_text())
             if isinstance(each, Class)}
    assert found["KVM_LogicalDisk"] == "cmpi::virt_cim"
    assert found["KVM_ResourceAllocationSettingData"] is None  # abstract


def test_every_connection_has_its_namespace(tmp_path: Path) -> None:
    """Classes of both are told once, with both namespaces; the library is told of the file."""
    conf = tmp_path / "two.conf"
    conf.write_text("[connection]\nuri=qemu:///system\n[connection b]\nuri=qemu+ssh://b/system\n"
                    "[connection c]\nuri=lxc:///\nnamespace=root/other\n")
    place = tmp_path / "stage"
    printed("register", "sfcb", "--stage", place, "--config", conf)
    found = sections((place / "libvirt-cim.reg").read_text())
    assert found["KVM_LogicalDisk"]["namespace"] == ["root/virt", "root/virt/b"]
    assert found["LXC_LogicalDisk"]["namespace"] == ["root/other"]
    assert found["KVM_HostedDependency"]["namespace"] == ["root/virt", "root/cimv2", "root/virt/b"]
    assert sorted(each.name for each in place.glob("*.mof")) == [
        "root-cimv2.mof", "root-interop.mof", "root-other.mof", "root-virt-b.mof", "root-virt.mof"]
    said = (place / "libvirt_cim.so.conf").read_text()
    assert f"config = {conf}\n" in said and "uri" not in said


def test_many_connections_are_told_in_lines_that_sfcb_reads(tmp_path: Path) -> None:
    """sfcb cuts long lines, and of a further section of a class reads one namespace."""
    conf = tmp_path / "many.conf"
    conf.write_text("[connection]\nuri=xen:///\n" + "".join(
        f"[connection number-{each}]\nuri=xen+ssh://host{each}/\n" for each in range(60)))
    place = tmp_path / "stage"
    printed("register", "sfcb", "--stage", place, "--config", conf)
    text = (place / "libvirt-cim.reg").read_text()
    assert max(map(len, text.splitlines())) < 1000
    found = re.findall(r"^\[Xen_LogicalDisk\]\n(?: .*\n)*?   namespace: (.*)\n#$", text, re.M)
    assert all(len(each.split()) == 1 for each in found[1:])
    assert len({name for each in found for name in each.split()}) == 61


def test_the_library_is_told_the_host(tmp_path: Path) -> None:
    said = (staged("sfcb", tmp_path / "a", "-c", URI) / "libvirt_cim.so.conf").read_text()
    assert f"uri = {URI}\n" in said and "interop = root/interop\n" in said
    said = (staged("sfcb", tmp_path / "b") / "libvirt_cim.so.conf").read_text()
    assert "uri = qemu:///system\n" in said


def test_two_namespaces_of_one_file_are_refused(tmp_path: Path) -> None:
    conf = tmp_path / "x.conf"
    conf.write_text("[connection]\nuri=xen:///\nnamespace=a/b\n"
                    "[connection b]\nuri=xen:///\nnamespace=a-b\n")
    assert refused("register", "sfcb", "--stage", tmp_path / "s", "--config", conf) == [
        "a-b.mof would be the file of two namespaces"]


def test_a_uri_must_say_the_hypervisor(tmp_path: Path) -> None:
    assert refused("-c", "rack", "register", "sfcb", "--stage", tmp_path) == [
        "'rack' does not say which hypervisor it is: give the whole URI"]


def test_our_qualifiers_come_first_and_no_class_of_dmtf(tmp_path: Path) -> None:
    for file in staged("sfcb", tmp_path, "-c", URI).glob("root-*.mof"):
        found = mof.read(file.read_text())
        kinds = [isinstance(each, QualifierType) for each in found]
        assert kinds == sorted(kinds, reverse=True) and kinds[0]
        for each in found:
            if isinstance(each, Class) and each.name.startswith("CIM_"):
                assert each.qualifier("Experimental")


def test_one_thing_at_a_time(tmp_path: Path) -> None:
    ran = run("register", "sfcb", "--stage", tmp_path, "--check")
    assert ran.status == 2 and "Give one of" in ran.err


# sfcb

def test_without_sfcb_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    line, = refused("-c", URI, "register", "sfcb")
    assert line.startswith("there is no sfcbrepos: is sfcb installed, and on PATH?")


def test_a_program_that_is_gone(sfcb: Path) -> None:
    program = sfcb / "bin/sfcbrepos"
    program.write_text(program.read_text().replace("#!/bin/sh", "#!/gone/sh"))
    assert refused("-c", URI, "register", "sfcb") == [f"{program}: No such file or directory"]
    with pytest.raises(Error, match="^nosuchprogram: No such file or directory$"):
        files.run("nosuchprogram")


def test_what_is_told_of_a_program_has_no_password() -> None:
    with pytest.raises(Error) as told:
        files.run("ls", "http://otto:secret@127.0.0.1:9/")
    assert "secret" not in told.value.text and "ls http://otto:…@127.0.0.1:9/: " in told.value.text


def test_processes_of_any_name() -> None:
    """Linux cuts names, and not only between letters."""
    own = Path("/proc/self/comm")
    before = own.read_bytes()
    own.write_bytes("é".encode() * 8)
    try:
        assert Path(f"/proc/{os.getpid()}") not in processes("sfcbd")
        own.write_bytes(b"sfcbd")
        assert Path(f"/proc/{os.getpid()}") in processes("sfcbd")
    finally:
        own.write_bytes(before)


def test_register_and_remove(sfcb: Path) -> None:
    """Everything is where sfcb looks, a second time changes nothing, and then it is as before."""
    before = tree(sfcb)
    said = printed("-c", URI, "register", "sfcb").splitlines()
    assert said[-1] == f"{sfcb}/registration: made anew"
    for each in ("lib/cmpi/libvirt_cim.so", "stage/regs/libvirt-cim.reg",
                 "stage/mofs/root/virt/libvirt-cim.mof", "stage/mofs/root/cimv2/libvirt-cim.mof",
                 "stage/mofs/root/interop/libvirt-cim.mof"):
        assert f"{sfcb}/{each}: written" in said
    once = tree(sfcb)
    assert printed("-c", URI, "register", "sfcb") == "it is so already\n"
    assert tree(sfcb) == once
    assert "[Virt_LogicalDisk]" in (sfcb / "registration/providerRegister").read_text()
    printed("register", "sfcb", "--remove")
    after = {name: data for name, data in tree(sfcb).items()
             if ".previous" not in name and name not in ("made", "lib", "lib/cmpi")}
    assert after == {name: data for name, data in before.items() if name != "made"}
    assert printed("register", "sfcb", "--remove") == "nothing of libvirt-cim's is registered\n"


def test_another_configuration_takes_the_place_of_the_former(sfcb: Path) -> None:
    conf = sfcb / "hosts.conf"
    conf.write_text("[connection]\nuri=xen:///\nnamespace=root/xen\n")
    printed("-c", URI, "register", "sfcb")
    printed("register", "sfcb", "--config", conf)
    assert not (sfcb / "stage/mofs/root/virt").exists()
    text = (sfcb / "registration/providerRegister").read_text()
    assert "[Xen_LogicalDisk]" in text and "Virt_LogicalDisk" not in text


def test_what_the_schema_lacks_is_ours_and_named(sfcb: Path) -> None:
    file = sfcb / "schema/all.mof"
    file.write_text(file.read_text().replace("class CIM_LogicalDisk {};\n", ""))
    said = printed("-c", URI, "register", "sfcb").splitlines()
    assert "root/virt: the server lacks CIM_LogicalDisk: libvirt-cim's is loaded" in said
    assert not any("CIM_LogicalDevice" in each for each in said)
    text = (sfcb / "stage/mofs/root/virt/libvirt-cim.mof").read_text()
    assert "\nclass CIM_LogicalDisk " in text and "\nclass CIM_LogicalDevice " not in text


def test_what_another_package_declares_is_there(sfcb: Path) -> None:
    fake_servers.put(sfcb / "stage/mofs/root/virt/other.mof",
                     "class CIM_VirtualSystemMigrationService {};")
    printed("-c", URI, "register", "sfcb")
    text = (sfcb / "stage/mofs/root/virt/libvirt-cim.mof").read_text()
    assert "\nclass CIM_VirtualSystemMigrationService " not in text


def test_if_sfcbrepos_fails_all_is_as_before(sfcb: Path) -> None:
    (sfcb / "broken").touch()
    before = tree(sfcb)
    line, = refused("-c", URI, "register", "sfcb")
    assert line.endswith("sfcbrepos -f -c " + f"{sfcb}/schema: error in line 7: class X_Y invalid")
    after = tree(sfcb)
    for name in ("made", "lib", "lib/cmpi"):
        before.pop(name, None)
        after.pop(name, None)
    assert after == before


def test_if_sfcbrepos_does_not_begin_what_it_made_before_stays(sfcb: Path) -> None:
    """What it put aside then is older."""
    printed("-c", URI, "register", "sfcb")
    (sfcb / "stage/regs/libvirt-cim.reg").unlink()
    program = sfcb / "bin/sfcbrepos"
    program.write_text(program.read_text().replace("for each in", "exit 1\nfor each in", 1))
    before = tree(sfcb / "registration")
    refused("-c", URI, "register", "sfcb")
    assert tree(sfcb / "registration") == before


def test_if_removing_fails_it_can_be_tried_again(sfcb: Path) -> None:
    theirs = former(sfcb)
    printed("-c", URI, "register", "sfcb", "--replace")
    before = tree(sfcb / "stage")
    (sfcb / "broken").touch()
    refused("register", "sfcb", "--remove")
    assert tree(sfcb / "stage") == before
    (sfcb / "broken").unlink()
    printed("register", "sfcb", "--remove")
    assert all(each.exists() for each in theirs)
    assert "[Virt_LogicalDisk]" not in (sfcb / "registration/providerRegister").read_text()


@pytest.mark.parametrize("broken", ["providerdirs: /x", None])
def test_without_a_folder_for_libraries_the_rest_is_removed(
    sfcb: Path, broken: Optional[str]
) -> None:
    """sfcb.cfg does not say where libraries are, or is gone."""
    staged_before = tree(sfcb / "stage")
    printed("-c", URI, "register", "sfcb")
    conf = sfcb / "sfcb.cfg"
    said = conf.read_text()
    conf.unlink() if broken is None else conf.write_text(broken)
    why = f"{conf}: it names no folder for providers"
    for _ in range(2):
        assert refused("register", "sfcb", "--remove") == [
            f"{why}: libvirt_cim.so is not removed, all else of libvirt-cim is"]
        assert tree(sfcb / "stage") == staged_before
        assert "Virt_" not in (sfcb / "registration/providerRegister").read_text()
    before = tree(sfcb)
    assert refused("-c", URI, "register", "sfcb") == [why]
    assert refused("-c", URI, "register", "sfcb", "--check") == [why]
    assert tree(sfcb) == before
    conf.write_text(said)
    assert f"{sfcb}/lib/cmpi/libvirt_cim.so: removed" in printed("register", "sfcb", "--remove")


def former(sfcb: Path) -> list[Path]:
    """libvirt-cim's own registration: what its files say, and one of them has no class of ours."""
    found = {"stage/regs/ComputerSystem.reg": "[KVM_ComputerSystem]\n   provider: Virt_System\n",
             "stage/regs/Event.reg": "[Xen_ComputerSystemDeletedIndication]\n   provider: x\n",
             "stage/mofs/root/virt/ComputerSystem.mof":
                 "class KVM_ComputerSystem : CIM_ComputerSystem {};\n"}
    for name, text in found.items():
        fake_servers.put(sfcb / name, text)
    fake_servers.put(sfcb / "stage/mofs/root/virt/other.mof", "// class KVM_X\nclass OTHER_X {};")
    files.run("sfcbrepos", "-f")
    return [sfcb / name for name in sorted(found)]


def test_libvirt_cims_own_registration_is_not_overwritten(sfcb: Path) -> None:
    theirs = former(sfcb)
    before = tree(sfcb)
    assert refused("-c", URI, "register", "sfcb") == [
        f"{each}: libvirt-cim's own registration stands here: --replace puts it aside"
        for each in sorted(theirs)]
    assert tree(sfcb) == before


def test_replace_puts_it_aside_and_remove_brings_it_back(sfcb: Path) -> None:
    theirs = former(sfcb)
    before = tree(sfcb / "stage")
    printed("-c", URI, "register", "sfcb", "--replace")
    assert not any(each.exists() for each in theirs)
    assert "KVM_" not in (sfcb / "registration/providerRegister").read_text()
    assert printed("-c", URI, "register", "sfcb") == "it is so already\n"
    printed("register", "sfcb", "--remove")
    assert tree(sfcb / "stage") == before
    assert "KVM_" in (sfcb / "registration/providerRegister").read_text()


def test_replace_that_fails_puts_nothing_aside(sfcb: Path) -> None:
    """Who may read what is as it was, too."""
    first, *_ = former(sfcb)
    first.chmod(0o640)
    library = sfcb / "lib/cmpi/libvirt_cim.so"
    fake_servers.put(library, "older")
    library.chmod(0o755)
    (sfcb / "broken").touch()
    before = tree(sfcb / "stage")
    refused("-c", URI, "register", "sfcb", "--replace")
    assert tree(sfcb / "stage") == before
    assert [each.stat().st_mode & 0o777 for each in (first, library)] == [0o640, 0o755]


def test_a_library_in_use_is_replaced_by_a_rename(sfcb: Path) -> None:
    printed("-c", URI, "register", "sfcb")
    file = sfcb / "lib/cmpi/libvirt_cim.so"
    file.write_bytes(b"older")
    with file.open("rb") as loaded:
        printed("-c", URI, "register", "sfcb")
        assert (loaded.read(), file.read_bytes()) == (b"older", b"library")


def test_a_package_has_the_library_compiled(sfcb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = sfcb / "package/cmpi.c"
    fake_servers.put(source.with_name("libvirt_cim.so"), "of the package")
    monkeypatch.setattr(cmpi_library, "SOURCE", source)
    printed("-c", URI, "register", "sfcb")
    assert (sfcb / "lib/cmpi/libvirt_cim.so").read_text() == "of the package"


# what is broken

@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An sfcb with which the test host is registered."""
    top = tmp_path_factory.mktemp("installed") / "sfcb"
    with pytest.MonkeyPatch.context() as patch:
        programs = fake_servers.sfcb(top, schema_text())
        patch.setenv("PATH", str(programs), prepend=os.pathsep)
        patch.setattr(library, "_OPEN", "")
        printed("-c", URI, "register", "sfcb")
        (top / "process").mkdir()
        yield top


@pytest.fixture
def whole(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """It, running since it was registered; as before after the test."""
    os.utime(installed / "process")
    monkeypatch.setattr(files, "processes",
                        lambda name: [installed / "process"] if name == "sfcbd" else [])
    before = tree(installed)
    yield installed
    for name in set(tree(installed)) - set(before):
        (installed / name).unlink(missing_ok=True)
    for name, data in before.items():
        if data != b"/":
            files.put_bytes(installed / name, data)


def test_check_of_what_is_whole(whole: Path) -> None:
    assert printed("-c", URI, "register", "sfcb", "--check") == \
        "sfcb: all is in place in root/virt, root/interop, root/cimv2\n"


def conf(top: Path, name: str, value: str) -> None:
    """Change a setting of the library's file."""
    file = top / "lib/cmpi/libvirt_cim.so.conf"
    lines = [f"{name} = {value}" if each.startswith(f"{name} =") else each
             for each in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")


def wrong_module(top: Path) -> None:
    conf(top, "import", "libvirt_cim.missing")


def old_mof(top: Path) -> None:
    (top / "stage/mofs/root/virt/libvirt-cim.mof").write_text("// older")


def unmade(top: Path) -> None:
    (top / "registration/providerRegister").write_text("")
    (top / "registration/repository/root/virt/classSchemas").write_text("")


def stale(top: Path) -> None:
    fake_servers.put(top / "stage/regs/old.reg", "[KVM_LogicalDisk]\n")


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "library": (lambda top: (top / "lib/cmpi/libvirt_cim.so").unlink(),
                "/lib/cmpi/libvirt_cim.so: the library is missing: register again"),
    "its file": (lambda top: (top / "lib/cmpi/libvirt_cim.so.conf").unlink(),
                 "/lib/cmpi/libvirt_cim.so.conf: it is missing, so the library finds no Python"),
    "python": (lambda top: conf(top, "python", "/gone/python"),
               "/lib/cmpi/libvirt_cim.so.conf: python = /gone/python: there is no such thing"),
    "libpython": (lambda top: conf(top, "libpython", "/gone/libpython3.so"),
                  "/lib/cmpi/libvirt_cim.so.conf: libpython = /gone/libpython3.so: there is no"),
    "no program": (lambda top: conf(top, "python", "/etc/passwd"),
                   "/lib/cmpi/libvirt_cim.so.conf: /etc/passwd: Permission denied"),
    "module": (wrong_module, "No module named 'libvirt_cim.missing'"),
    "host": (lambda top: conf(top, "uri", "xen:///"),
             "libvirt_cim.so.conf: uri is xen:///, and should be test:///default"),
    "interop": (lambda top: conf(top, "interop", "interop"),
                "libvirt_cim.so.conf: interop is interop, and should be root/interop"),
    "mof": (lambda top: (top / "stage/mofs/root/cimv2/libvirt-cim.mof").unlink(),
            "/stage/mofs/root/cimv2/libvirt-cim.mof: it is missing: run libvirt-cim register sfcb"),
    "old mof": (old_mof, "/stage/mofs/root/virt/libvirt-cim.mof: it is not of this version"),
    "not loaded": (unmade, "/registration/providerRegister: our classes are not in it: run sfcb"),
    "stale": (stale, "/stage/regs/old.reg: libvirt-cim's own registration stands here: register"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_check_tells_what_is_broken(whole: Path, what: str) -> None:
    breaking, expected = BROKEN[what]
    breaking(whole)
    found = refused("-c", URI, "register", "sfcb", "--check")
    assert any(expected in each for each in found), found


def test_check_tells_that_the_library_cannot_be_loaded(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_OPEN", "import ctypes, sys; ctypes.CDLL(sys.argv[1])")
    line, = refused("-c", URI, "register", "sfcb", "--check")
    assert "/lib/cmpi/libvirt_cim.so: it cannot be loaded: OSError: " in line


def test_check_tells_that_the_classes_are_not_loaded(whole: Path) -> None:
    unmade(whole)
    assert any("classSchemas: " in each and "of our classes are not in it" in each
               for each in refused("-c", URI, "register", "sfcb", "--check"))


def test_check_tells_that_the_server_does_not_run(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [])
    assert refused("-c", URI, "register", "sfcb", "--check") == ["sfcbd does not run"]


def test_check_tells_that_the_server_must_be_restarted(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(whole / "process", (1, 1))
    line, = refused("-c", URI, "register", "sfcb", "--check")
    assert line.startswith("sfcbd has been running since before ") and "restart it" in line


def test_check_tells_of_another_connection(whole: Path) -> None:
    """A host that was added to the configuration is not registered yet."""
    conf = whole / "more.conf"
    conf.write_text(f"[connection]\nuri={URI}\n[connection b]\nuri=xen:///\n")
    found = refused("register", "sfcb", "--check", "--config", conf)
    assert any("root/virt/b/libvirt-cim.mof: it is missing" in each for each in found)


def test_check_without_a_schema(whole: Path) -> None:
    (whole / "schema/CIM_Schema.mof").unlink()
    assert any("DMTF's schema is not there" in each
               for each in refused("-c", URI, "register", "sfcb", "--check"))


def test_a_server_that_runs_must_be_restarted(
    sfcb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [sfcb])
    said = printed("-c", URI, "register", "sfcb").splitlines()
    assert said[-1] == "sfcbd runs: restart it"


def test_the_python_of_the_settings_is_this_one(tmp_path: Path) -> None:
    said = (staged("sfcb", tmp_path) / "libvirt_cim.so.conf").read_text()
    assert f"python = {sys.executable}\n" in said
