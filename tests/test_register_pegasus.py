# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenPegasus: what is compiled into its repository, and taken out again."""

from __future__ import annotations

import os
from pathlib import Path

import fake_servers
import pytest
from command_line import printed
from registering import URI, Tree, refused, tree

from libvirt_cim import mof
from libvirt_cim.cim import Class, Error, Status
from libvirt_cim.register import files, library
from libvirt_cim.register.repository import Repository

MODULES = ("class CIM_ManagedElement\nclass CIM_LogicalElement : CIM_ManagedElement\n"
           "class PG_ProviderModule : CIM_LogicalElement\nclass PG_Provider : CIM_LogicalElement\n")
SOME = "class CIM_ManagedElement\nclass CIM_Dependency\n"


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An OpenPegasus that runs, whose schema is not at hand."""
    top = tmp_path / "home"
    programs = fake_servers.pegasus(top, {
        "root": "", "root/PG_InterOp": MODULES, "root/cimv2": SOME})
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(files, "run", fake_servers.run)
    monkeypatch.setenv("PEGASUS_HOME", str(top))
    monkeypatch.delenv("PEGASUS_ROOT", raising=False)
    monkeypatch.setenv("LIBVIRT_CIM_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(files, "processes",
                        lambda name: [tmp_path] if name == "cimserver" else [])
    monkeypatch.setattr("libvirt_cim.register.pegasus.SCHEMAS", ())
    return top


def stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "processes", lambda name: [])


def repository(home: Path) -> Tree:
    """The repository but for the module index, in which what is deleted stays."""
    return {name: data for name, data in tree(home / "repository").items() if "idx" not in name}


def called(home: Path, program: str) -> list[str]:
    return [each for each in (home / "called").read_text().splitlines()
            if each.startswith(f"{program} ")]


def registered(home: Path) -> set[str]:
    return set(Repository(home / "repository").modules())


def test_register_and_remove(home: Path) -> None:
    before = repository(home)
    said = printed("-c", URI, "register", "pegasus").splitlines()
    assert f"{home}/lib/libvirt_cim.so: written" in said
    there = Repository(home / "repository")
    assert "Virt_LogicalDisk" in there.classes("root/virt")
    assert "Virt_RegisteredProfile" in there.classes("root/PG_InterOp")
    assert "Virt_HostedDependency" in there.classes("root/cimv2")
    assert registered(home) == {"libvirt-cim-module"}
    once = tree(home / "repository")
    assert printed("-c", URI, "register", "pegasus") == "it is so already\n"
    assert tree(home / "repository") == once
    printed("register", "pegasus", "--remove")
    assert repository(home) == before and registered(home) == set()
    assert not any((home / "lib").iterdir())
    assert printed("register", "pegasus", "--remove") == "nothing of libvirt-cim's is registered\n"


def test_while_it_is_stopped_it_is_compiled_into_the_repository(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(monkeypatch)
    printed("-c", URI, "register", "pegasus")
    assert called(home, "cimmofl") and not called(home, "cimmof")
    assert printed("-c", URI, "register", "pegasus") == "it is so already\n"
    assert refused("register", "pegasus", "--remove") == [
        "what is registered with OpenPegasus is removed by the server itself: start it"]


def test_a_class_that_is_there_is_not_compiled_again(home: Path) -> None:
    said = printed("-c", URI, "register", "pegasus").splitlines()
    assert "root/cimv2: the server lacks CIM_HostedDependency: libvirt-cim's is loaded" in said
    kept = mof.read((Path(os.environ["LIBVIRT_CIM_STATE"]) / "pegasus/root#cimv2.mof").read_text())
    names = [each.name for each in kept if isinstance(each, Class)]
    assert "CIM_HostedDependency" in names and "CIM_Dependency" not in names


def test_what_a_namespace_lacks_is_included_from_the_servers_schema(home: Path) -> None:
    """With all that it needs in turn, and qualifiers where the namespace is new."""
    schema = home / "schema"
    for name, text in {
        "qualifiers.mof": "Qualifier Key : boolean = false, Scope(any);\n",
        "Core/CIM_Dependency.mof": "class CIM_Dependency { };\n",
        "Core/CIM_Above.mof": "class CIM_Above { };\n",
        "Core/CIM_HostedDependency.mof": "class CIM_HostedDependency : CIM_Dependency { \n"
                                         "  CIM_Above REF Antecedent; };\n",
    }.items():
        fake_servers.put(schema / name, text)
    said = printed("-c", URI, "register", "pegasus", "--schema", schema).splitlines()
    assert not any("CIM_HostedDependency" in each for each in said)
    there = Repository(home / "repository")
    assert {"CIM_Above", "CIM_HostedDependency"} <= there.classes("root/cimv2")
    assert "Key" in there.qualifiers("root/virt") and "Key" not in there.qualifiers("root/cimv2")


def test_a_schema_without_classes_is_refused(home: Path) -> None:
    place = home / "nothing"
    assert refused("-c", URI, "register", "pegasus", "--schema", place) == [
        f"{place}: there is no MOF in it"]


def test_the_interop_namespace_is_found(home: Path) -> None:
    (home / "repository/root#PG_InterOp").rename(home / "repository/interop")
    printed("-c", URI, "register", "pegasus")
    there = Repository(home / "repository")
    assert "Virt_RegisteredProfile" in there.classes("interop")
    assert "interop = interop\n" in (home / "lib/libvirt_cim.so.conf").read_text()


def test_if_the_compiler_fails_all_is_as_before(home: Path) -> None:
    (home / "broken").touch()
    before = repository(home)
    line, = refused("-c", URI, "register", "pegasus")
    assert line.startswith("cimmof -w -aE") and "something is broken" in line
    assert repository(home) == before and not any((home / "lib").iterdir())
    assert printed("register", "pegasus", "--remove") == "nothing of libvirt-cim's is registered\n"


def test_if_the_server_ends_meanwhile_what_was_first_wrong_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def run(name: str, *words: str) -> str:
        if ended or "root/cimv2" in words:
            ended.append(name)
            raise Error(Status.FAILED, f"{name}: it does not answer")
        return fake_servers.run(name, *words)

    monkeypatch.setattr(files, "run", run)
    assert refused("-c", URI, "register", "pegasus") == ["cimmof: it does not answer"]
    assert ended[0] == "cimmof" and len(ended) > 1


def test_another_configuration_takes_the_place_of_the_former(home: Path) -> None:
    printed("-c", URI, "register", "pegasus")
    printed("-c", "lxc:///", "register", "pegasus")
    there = Repository(home / "repository").classes("root/virt")
    assert "LXC_LogicalDisk" in there and "Virt_LogicalDisk" not in there


def test_what_the_server_refuses_to_delete_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed("-c", URI, "register", "pegasus")
    before = tree(Path(os.environ["LIBVIRT_CIM_STATE"]))

    def run(name: str, *words: str) -> str:
        if words[0] == "dc":
            raise Error(Status.FAILED, "CIM_ERR_ACCESS_DENIED")
        return fake_servers.run(name, *words)

    monkeypatch.setattr(files, "run", run)
    assert refused("register", "pegasus", "--remove") == ["CIM_ERR_ACCESS_DENIED"]
    assert tree(Path(os.environ["LIBVIRT_CIM_STATE"])) == before
    monkeypatch.setattr(files, "run", fake_servers.run)
    printed("register", "pegasus", "--remove")
    assert registered(home) == set()


def test_what_others_stand_on_stays(home: Path) -> None:
    """A class of ours from which somebody derived his own, and so the namespace."""
    printed("-c", URI, "register", "pegasus")
    folder = fake_servers.Folder(home / "repository/root#virt")
    folder.load("class MY_Disk : Virt_LogicalDisk { };\n", home)
    printed("register", "pegasus", "--remove")
    assert {"MY_Disk", "Virt_LogicalDisk"} <= set(folder.classes())
    assert "Virt_ComputerSystem" not in folder.classes()


def test_the_servers_own_classes_do_not_hold_a_namespace(home: Path) -> None:
    """OpenPegasus puts classes of its own where it finds that of profiles."""
    before = repository(home)
    printed("-c", URI, "register", "pegasus")
    fake_servers.Folder(home / "repository/root#virt").load(
        "class PG_RegisteredProfile : CIM_RegisteredProfile { };\n", home)
    assert printed("-c", URI, "register", "pegasus") == "it is so already\n"
    printed("register", "pegasus", "--remove")
    assert repository(home) == before


def former(home: Path) -> None:
    """libvirt-cim's own registration."""
    interop = fake_servers.Folder(home / "repository/root#PG_InterOp")
    interop.register("Virt_ComputerSystem")
    interop.register("OperatingSystemModule")
    fake_servers.Folder(home / "repository/root#virt").load(
        "class CIM_ComputerSystem\nclass KVM_ComputerSystem : CIM_ComputerSystem\n"
        "class KVM_Below : KVM_ComputerSystem\n"
        "class KVM_Link {\n   KVM_Below REF A;\n};\n", home)


def test_libvirt_cims_own_registration_is_not_overwritten(home: Path) -> None:
    former(home)
    before = tree(home / "repository")
    found = refused("-c", URI, "register", "pegasus")
    assert found[0].startswith(f"{home}/repository/root#PG_InterOp/instances/PG_ProviderModule.idx "
                               "(Virt_ComputerSystem): libvirt-cim's own registration stands here")
    assert found[1].startswith(f"{home}/repository/root#virt/classes (KVM_Below and others, 3 in ")
    assert len(found) == 2 and tree(home / "repository") == before


def test_replace_removes_it(home: Path) -> None:
    former(home)
    printed("-c", URI, "register", "pegasus", "--replace")
    assert registered(home) == {"OperatingSystemModule", "libvirt-cim-module"}
    there = Repository(home / "repository").classes("root/virt")
    assert "KVM_ComputerSystem" not in there and "Virt_ComputerSystem" in there


def test_what_was_replaced_comes_back(home: Path) -> None:
    """In an order in which each finds what it stands on."""
    former(home)
    before, modules = repository(home), registered(home)
    for _ in range(2):
        said = printed("-c", URI, "register", "pegasus", "--replace").splitlines()
        assert said[-1].endswith("compiled")
        kept = (home.parent / "state/pegasus.replaced/registration").read_text("utf-8")
        assert kept.startswith("instance of PG_ProviderModule") and "NULL" not in kept
        printed("-c", "lxc:///", "register", "pegasus")  # another configuration brings back nothing
        assert "KVM_Below" not in Repository(home / "repository").classes("root/virt")
        printed("register", "pegasus", "--remove")
        assert registered(home) == modules
        assert set(repository(home)) == set(before)
    assert not any((home.parent / "state").iterdir())


def test_what_was_replaced_comes_back_if_the_compiler_fails(home: Path) -> None:
    former(home)
    (home / "broken").touch()
    before, modules = set(repository(home)), registered(home)
    refused("-c", URI, "register", "pegasus", "--replace")
    assert registered(home) == modules and set(repository(home)) == before


def test_check(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_OPEN", "")
    printed("-c", URI, "register", "pegasus")
    check = ("-c", URI, "register", "pegasus", "--check")
    assert printed(*check) == "pegasus: all is in place in root/virt, root/PG_InterOp, root/cimv2\n"
    place = home / "repository/root#virt/classes"
    lost = next(place.glob("Virt_LogicalDisk.*"))
    lost.unlink()
    interop = fake_servers.Folder(home / "repository/root#PG_InterOp")
    interop.index.unlink()
    assert refused(*check) == [
        "root/virt: 1 of our classes are not loaded, Virt_LogicalDisk for one: register again",
        "root/PG_InterOp: the provider is not registered: register again"]
    stop(monkeypatch)
    assert refused(*check)[-1] == "cimserver does not run"


def test_without_a_repository_it_says_where_it_looked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "elsewhere").mkdir()
    monkeypatch.setenv("PEGASUS_HOME", str(home / "elsewhere"))
    stop(monkeypatch)
    line, = refused("-c", URI, "register", "pegasus")
    assert line.startswith(f"{home}/elsewhere/repository: OpenPegasus' repository is not there")
