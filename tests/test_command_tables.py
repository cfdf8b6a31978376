# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command on the tables themselves: explanations, checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, TOP, printed, refused, run

PREFIXES = ("KVM", "LXC", "Virt", "Xen")
DISK = "KVM_DiskResourceAllocationSettingData"
SPDX = "// SPDX-License-Identifier: LGPL-2.1-or-later\n"


# explanations


@pytest.mark.parametrize("prefix", PREFIXES)
def test_everything_can_be_explained(prefix: str) -> None:
    for name in re.findall(r"^class (\w+)", printed("mof", "--prefix", prefix), re.MULTILINE):
        page = printed("explain", name)
        assert page.startswith(f"{name}\n")
        for row in re.findall(r"^(\w+)  +\S+  +\S", page, re.MULTILINE)[1:]:
            assert printed("explain", f"{name}.{row}").startswith(f"{name}.{row}: ")


def test_a_class_is_explained() -> None:
    page = printed("explain", DISK)
    assert "  stands for    DomainConfigXML /domain/devices/disk\n" in page
    assert re.search(
        r"^InstanceID +string +DomainConfigXML self::disk/\{/domain/name\}/\{target/@dev\}.*\n"
        r"(?: +.*\n)* +DomainXML self::disk/\{/domain/name\}/active/\{target/@dev\}$", page,
        re.MULTILINE)
    assert re.search(r"^Alias +string +alias/@name +of KVM_Device", page, re.MULTILINE)
    assert re.search(r"^EmulatedType +uint16 +self::disk/@device +disk: 0 Disk\n"
                     r" +self::filesystem/@type +cdrom: 1 CD-ROM$", page, re.MULTILINE)
    assert re.search(
        r"^DiskType +string +self::disk/@type +file if there is none$", page, re.MULTILINE)
    assert re.search(r"^ResourceType +uint16 +always 17, Disk Drive ", page, re.MULTILINE)
    assert re.search(r"^  not mapped  .*\bConsumerVisibility\b", page, re.MULTILINE | re.DOTALL)


def test_documents_are_named_where_they_differ() -> None:
    page = printed("explain", "KVM_ProcResourceAllocationSettingData.VirtualQuantity")
    assert "  from       DomainConfigXML .\n" \
        "             DomainXML self::vcpu[@current]/@current\n" \
        "             DomainXML .\n" \
        "             AllocationXML .\n" in page
    page = printed("explain", f"{DISK}.VirtualQuantity")
    assert "  from       VolumeXML /volume[target/path={source/@file}]/capacity\n" in page
    page = printed("explain", f"{DISK}.Address")
    assert "  from        self::disk[@type='file']/source/@file\n" in page


def facts(name: str) -> dict[str, str]:
    """What the page of a property says, by label."""
    found = re.findall(r"^  (\w+(?: of)?)  +(.*)$", printed("explain", name), re.MULTILINE)
    return dict(found)


def test_a_constraint_is_explained() -> None:
    page = printed("explain", f"{DISK}.EmulatedType")
    assert "  alias of    FilesystemType\n  constraint  EmulatedType <> 4 OR DiskType LIKE " in page
    assert "Virt_Constraint" not in page


def test_a_property_is_explained() -> None:
    page = printed("explain", "KVM_LogicalDisk.Access")
    assert re.search(r"^1 +Readable +true\n3 +Read/Write Supported +false$", page, re.MULTILINE)
    found = facts("kvm_logicaldisk.access")
    assert found["from"] == "boolean(readonly)"
    assert found["overrides"] == "CIM_StorageExtent"
    assert re.fullmatch(r"mappings/domain/disk.mof:\d+ in KVM_LogicalDisk", found["declared"])
    assert facts(f"{DISK}.ElementName")["alias of"] == "VirtualDevice"
    assert "alias of" not in facts(f"{DISK}.VirtualDevice")
    assert facts(f"{DISK}.DiskType")["default"] == "file"
    assert facts(f"{DISK}.InstanceID")["written"] == "no, it is a key"
    assert facts(f"{DISK}.VirtualQuantity")["written"] == "no, it is read only"
    assert facts(f"{DISK}.UnmappedXML")["declared"].endswith("KVM_ResourceAllocationSettingData")
    assert facts("KVM_MemResourceAllocationSettingData.Limit")["unit"] == \
        "in AllocationUnits KiloBytes; in libvirt KiB if it names none"
    assert facts(f"{DISK}.Parent")["from"] == "nothing: it is not mapped"


def test_a_prefix_may_be_left_out() -> None:
    assert printed("explain", "LogicalDisk") == printed("explain", "Virt_LogicalDisk")
    assert printed("explain", "SettingData") == printed("explain", "CIM_SettingData")


@pytest.mark.parametrize("name, message", [
    ("KVM_Nothing", "class KVM_Nothing is not declared"),
    ("KVM_LogicalDisk.Colour", "KVM_LogicalDisk.Colour: there is no such property"),
    ("KVM_LogicalDisk.", "KVM_LogicalDisk.: there is no such property"),
])
def test_what_is_not_there_cannot_be_explained(name: str, message: str) -> None:
    assert refused("explain", name) == message


# checks


def test_the_tables_have_no_mistakes() -> None:
    assert printed("check", "--format") == ""


def test_a_file_takes_the_place_of_a_class(tmp_path: Path) -> None:
    text = (TOP / "mappings/domain/disk.mof").read_text("utf-8")
    file = tmp_path / "disk.mof"
    file.write_text(text)
    assert printed("check", file) == ""
    line = 1 + text[:text.index('"target/@bus"')].count("\n")
    file.write_text(text.replace('"target/@bus"', '"target/@"'))
    assert refused("check", file) == f"{file}:{line}: " \
        "Virt_DiskResourceAllocationSettingData.BusType: 'target/@' is not a path: '@' is no step"


def test_every_mistake_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "own.mof"
    file.write_text(
        'class Virt_Own : CIM_SettingData {\n   [Colour] string A;\n'
        '   [Override ( "ElementName" )] uint8 ElementName;\n   string InstanceID;\n};\n')
    ran = run("check", file)
    assert ran.status == 1 and ran.out == ""
    where = f"libvirt-cim: {file}"
    assert ran.err.splitlines() == [
        f"{where}:2: Virt_Own.A: qualifier Colour is not declared",
        f"{where}:3: Virt_Own.ElementName: has another type than the property it overrides, string",
        f"{where}:4: Virt_Own.InstanceID: hides the inherited property; say Override",
    ]


def test_files_that_are_no_mof_are_all_told(tmp_path: Path) -> None:
    one, two = tmp_path / "one.mof", tmp_path / "two.mof"
    one.write_text("class {")
    two.write_bytes(b"klass X {};")
    assert run("check", one, two).err.splitlines() == [
        f"libvirt-cim: {one}:1: expected the name of a class, not '{{'",
        f"libvirt-cim: {two}:1: expected a class, an instance or a qualifier, not 'klass'",
    ]


LAYOUT = {
    "class Virt_A {\n};\n": ["1: the first line is not " + repr(SPDX.strip())],
    SPDX + "\n" * 300: ["301: the file has 301 lines, more than 300"],
    SPDX + "//" + " long" * 20 + "\n": ["2: the line has 102 columns, more than 100"],
    SPDX + "class Virt_A {\n\tstring B; \n};\n": ["3: the line has a tab, or spaces at its end"],
    SPDX + "class Virt_A {\n      [Write]\n   string B;\n};\n": ["3: B fits on one line"],
    SPDX + "class Virt_A {\n   [Write] string B;\n   uint32 C(\n      [In] string D);\n};\n": [],
    SPDX + 'class Virt_A {\n      [Description ( "' + "x" * 70 + '" )]\n   string B;\n};\n': [],
}


@pytest.mark.parametrize("text", LAYOUT, ids=lambda text: repr(text)[46:80])
def test_the_layout(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.mof").write_text(text)
    expected = [f"libvirt-cim: a.mof:{each}" for each in LAYOUT[text]]
    assert run("check", "--format", "a.mof").err.splitlines() == expected
    assert run("check", "a.mof").status == 0


def test_coverage(tmp_path: Path) -> None:
    file = tmp_path / "guest"
    file.write_text(
        "<domain type='kvm'><name>g</name><devices>"
        "<disk type='file' novel='1'><source file='/a'/><target dev='vda'/><odd/></disk>"
        "<disk type='block'><source dev='/b'/><target dev='vdb'/></disk>"
        "</devices></domain>")
    lines = printed("check", "--coverage", file).splitlines()
    found = {path: (int(mapped), int(rest))
             for mapped, rest, path in (line.split(None, 2) for line in lines[1:])}
    at = "/domain/devices/disk"
    assert found[f"{at}/@type"] == found[f"{at}/target/@dev"] == (2, 0)
    assert found[f"{at}/source/@file"] == (1, 0)
    assert found[f"{at}/@novel"] == found[f"{at}/odd"] == (0, 1)
    assert found["/domain/name"] == (1, 0)
    assert found["in all"] == (8, 2)


def test_coverage_of_what_two_classes_stand_for(tmp_path: Path) -> None:
    file = tmp_path / "network"
    file.write_text("<network><name>n</name><bridge name='b' new='1'/><mtu size='9000'/></network>")
    assert printed("check", "--coverage", file).splitlines()[1:] == [
        "     1       0  /network/bridge/@name", "     0       1  /network/bridge/@new",
        "     1       0  /network/mtu/@size", "     1       0  /network/name",
        "     3       1  in all"]


def test_coverage_counts_every_document() -> None:
    last = printed("check", "--coverage", *EXAMPLES).splitlines()[-1].split()
    alone = [printed("check", "--coverage", file).splitlines()[-1].split() for file in EXAMPLES]
    assert int(last[0]) == sum(int(each[0]) for each in alone)
    assert int(last[1]) == sum(int(each[1]) for each in alone)
