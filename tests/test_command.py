# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command: conversion both ways, its errors in one line each, how it treats its streams."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import EXAMPLES, TOP, printed, refused, run, start

from libvirt_cim import tree

FORMATS = ("mof", "cimxml", "json")
WEB = TOP / "xml/example/kvm-web.xml"


def same(text: str, file: Path) -> bool:
    """Whether a text is the document of a file."""
    return tree.same(tree.parse(text), tree.parse(file.read_bytes()))


# there and back


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_document_comes_back_the_same(file: Path, format_: str) -> None:
    text = printed("to-cim", file, "--format", format_, "--associations")
    assert same(printed("to-xml", "-", stdin=text.encode()), file)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n\n  "])
@pytest.mark.parametrize("format_", FORMATS)
def test_the_format_is_told_by_what_is_in_the_file(
    tmp_path: Path, format_: str, mark: bytes
) -> None:
    text = printed("to-cim", WEB, "--format", format_).encode()
    if mark.isspace() and format_ == "cimxml":
        text = text.partition(b"?>")[2]  # a declaration has nothing before it
    file = tmp_path / "any.name"
    file.write_bytes(mark + text)
    assert same(printed("to-xml", file), WEB)


def test_standard_input_is_a_document() -> None:
    assert printed("to-cim", "-", stdin=WEB.read_bytes()) == printed("to-cim", WEB)


def test_associations_come_only_if_asked_for() -> None:
    name = "instance of KVM_SystemDevice"
    assert name not in printed("to-cim", WEB)
    assert name in printed("to-cim", WEB, "--associations")


def test_a_prefix_overrides_the_document(tmp_path: Path) -> None:
    text = printed("to-cim", WEB, "--prefix", "xen")
    classes = set(re.findall(r"^instance of (\w+?)_", text, re.MULTILINE))
    assert classes == {"Xen"}
    assert same(printed("to-xml", "-", stdin=text.encode()), WEB)


@pytest.mark.parametrize("format_", FORMATS)
def test_several_guests_are_a_file_each(tmp_path: Path, format_: str) -> None:
    text = printed("to-cim", *EXAMPLES, "--format", format_)
    folder = tmp_path / "new" / "folder"
    assert printed("to-xml", "-", "--output-dir", folder, stdin=text.encode()) == ""
    names = {tree.parse(file.read_bytes()).findtext("name"): file for file in EXAMPLES}
    assert sorted(os.listdir(folder)) == sorted(f"{name}.xml" for name in names)
    for name, file in names.items():
        assert same((folder / f"{name}.xml").read_text("utf-8"), file)


def test_a_file_name_is_safe(tmp_path: Path) -> None:
    document = "<domain type='kvm'><name>../a b%\u00e9\n:\\*</name></domain>"
    text = printed("to-cim", "-", stdin=document.encode())
    printed("to-xml", "-", "--output-dir", tmp_path, stdin=text.encode())
    assert os.listdir(tmp_path) == ["%2E.%2Fa b%25\u00e9%0A%3A%5C%2A.xml"]


def test_several_guests_need_a_folder() -> None:
    text = printed("to-cim", *EXAMPLES[:2])
    assert re.fullmatch(r"these are 2 documents \(<domain> '\w+', <domain> '\w+'\): "
                        "give --output-dir",
                        refused("to-xml", "-", stdin=text.encode()))


def test_json_is_one_array() -> None:
    found = json.loads(printed("to-cim", *EXAMPLES, "--format", "json"))
    assert {each["class"].partition("_")[0] for each in found} == {"KVM", "LXC", "Virt", "Xen"}


def test_properties_are_in_declared_order() -> None:
    found = json.loads(printed("to-cim", WEB, "--format", "json"))
    for each in found:
        text = printed("explain", each["class"])
        shown = re.findall(r"^(\w+)  +\S", text, re.MULTILINE)
        assert [name for name in each["properties"] if name in shown] == \
            [name for name in shown if name in each["properties"]]


# what is refused

NAMED = "<domain type='kvm'><name>g</name>"
DOCUMENTS = {
    "<domain>\n<name>x\n</domain>": "f:3: Opening and ending tag mismatch: name line 2 and domain",
    "<!DOCTYPE domain [<!ENTITY e 'e'>]>\n<domain><name>&e;</name></domain>":
        "f:1: a document type declaration is not accepted",
    "<!-- no guest -->\n<html/>": "f:2: <html> is not a document with a table",
    NAMED + "\n<devices/>\n<devices/></domain>": "f:3: <domain> has two <devices>",
    "<domain type='kvm'>\n<memory>1</memory></domain>": "f:1: <domain> has no <name>",
    "<domain type='kvm'><name> </name></domain>": "f:1: <domain> has no <name>",
    NAMED + "\ntext<memory/></domain>": "f:1: <domain> has text between elements",
    "": "f:1: Document is empty",
    "\x7fELF\x02\x01\xff\x00": "f:1: Start tag expected, '<' not found",
}


@pytest.mark.parametrize("text", DOCUMENTS, ids=lambda text: repr(text)[:40])
def test_a_wrong_document(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f").write_bytes(text.encode("latin-1"))
    assert refused("to-cim", "f") == DOCUMENTS[text]


SYSTEM = 'instance of KVM_VirtualSystemSettingData {\n VirtualSystemIdentifier = "g";\n' \
    ' InstanceID = "KVM:g";\n};\n'
PROCESSORS = "instance of KVM_ProcResourceAllocationSettingData {\n "
DISK = 'instance of KVM_DiskResourceAllocationSettingData {\n InstanceID = "g/vda"; '
PROC, RASD = "KVM_ProcResourceAllocationSettingData", "KVM_DiskResourceAllocationSettingData"
MOF = {
    "": "there are no settings of a whole document among the instances",
    SYSTEM + "instance of KVM_Nothing { A = 1; };": "f:5: class KVM_Nothing is not declared",
    SYSTEM + DISK + 'Colour = "red"; };': f"f:5: {RASD}.Colour: there is no such property",
    SYSTEM + PROCESSORS + 'InstanceID = "g/proc"; Weight = "many"; };':
        f"f:5: {PROC}.Weight: 'many' is not of type uint32",
    SYSTEM + PROCESSORS + 'InstanceID = "g/proc"; Weight = { 1 }; };':
        f"f:5: {PROC}.Weight: [1] is not of type uint32",
    SYSTEM + PROCESSORS + 'InstanceID = "g/proc"; Weight = 4294967296; };':
        f"f:5: {PROC}.Weight: 4294967296 is outside uint32 (0 to 4294967295)",
    SYSTEM + DISK + "EmulatedType = 9; };":
        f"f:5: {RASD}.EmulatedType: 9 has no counterpart in libvirt; it has 0, 1, 2, 3, 4",
    SYSTEM + PROCESSORS + 'InstanceID = "other/proc"; };':
        f"f:5: {PROC}: <domain> 'other' has no settings of its own here",
    SYSTEM + PROCESSORS + 'InstanceID = "what"; };': f"f:5: {PROC}: 'what' is not a key of it",
    SYSTEM + SYSTEM: "f:5: there are two KVM_VirtualSystemSettingData of <domain> 'g'",
    SYSTEM + DISK + "\n}": "f:7: expected ';', not the end of the text",
    SYSTEM + DISK + 'UnmappedXML = "<disk"; };':
        f"f:5: {RASD}.UnmappedXML:1: Couldn't find end of Start Tag disk line 1",
    "class X {};": "f:1: X: expected instances, not a declaration",
    "\x00\x01\xff": "f: the text is not UTF-8",
    "(((": "f:1: expected a class, an instance or a qualifier, not '('",
    "instance of KVM_VirtualSystemSettingData {": "f:1: expected the name of a property, "
        "not the end of the text",
    "{}": "f: expected an array of instances",
    "[\n{]": "f:2: Expecting property name enclosed in double quotes",
    '[{"class": "KVM_Nothing", "properties": {}}]': "f[0]: class KVM_Nothing is not declared",
    "[" * 100000: "f: values are nested too deeply",
    "<CIM><a></CIM>": "f:1: Opening and ending tag mismatch: a line 1 and CIM",
    "<!DOCTYPE CIM>\n<CIM/>": "f:1: a document type declaration is not accepted",
    "\n<domain/>": "f:2: domain: is not an instance",
}


@pytest.mark.parametrize("text", MOF, ids=lambda text: repr(text)[-40:])
def test_wrong_instances(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f").write_bytes(text.encode("latin-1"))
    assert refused("to-xml", "f") == MOF[text]


@pytest.mark.parametrize("value, message", [
    ("many", "'many' is not of type uint32"),
    ("4294967296", "4294967296 is outside uint32 (0 to 4294967295)"),
    ("-1", "-1 is outside uint32 (0 to 4294967295)"),
])
@pytest.mark.parametrize("format_", ["json", "cimxml"])
def test_a_wrong_value(value: str, message: str, format_: str) -> None:
    text = printed("to-cim", WEB, "--format", format_)
    before, after = {
        "json": ('"Weight": 2048', f'"Weight": "{value}"'),
        "cimxml": ('"uint32"><VALUE>2048<', f'"uint32"><VALUE>{value}<'),
    }[format_]
    assert before in text
    said = refused("to-xml", "-", stdin=text.replace(before, after).encode())
    assert re.fullmatch(rf"(-\[\d+\]: |-:\d+: )?{PROC}.Weight: {re.escape(message)}", said)


@pytest.mark.parametrize("command", ["to-cim", "to-xml", "check"])
def test_no_such_file(command: str, tmp_path: Path) -> None:
    assert refused(command, tmp_path / "f") == f"{tmp_path}/f: No such file or directory"
    assert refused(command, tmp_path) == f"{tmp_path}: Is a directory"


@pytest.mark.parametrize("arguments", [
    (), ("to-cim",), ("to-xml",), ("nothing",), ("to-cim", "--format", "yaml", "-"),
    ("enumerate",), ("names", "CIM_System"), ("check", "--coverage"), ("mof", "--prefix", "VMW"),
])
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.status == 2 or not arguments and ran.status in (0, 2)
    assert "Usage: libvirt-cim" in ran.err + ran.out and "Traceback" not in ran.err


# streams


def test_conversion_loads_no_libvirt() -> None:
    program = "import sys\nfrom libvirt_cim.command import program\ntry:\n    program()\n" \
        "except SystemExit:\n    assert 'libvirt' not in sys.modules\n"
    for arguments in (["to-cim", str(WEB)], ["explain", "KVM_LogicalDisk"], ["mof"], ["check"]):
        subprocess.run([sys.executable, "-c", program, *arguments], check=True, cwd=TOP,
                       stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("arguments", [("to-cim", *EXAMPLES), ("mof",), ("--help",)])
def test_a_closed_pipe_is_no_error(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start(*arguments, stdout=writing) as process:
        os.close(writing)
        assert process.stderr is not None and process.stderr.read() == b""


def test_an_interrupt_is_quiet() -> None:
    with start("to-cim", "--format", "json", WEB, "-") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)  # it has begun, and waits for the second document
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == b""


def test_a_full_disk_is_one_line() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "wb") as full, start("mof", stdout=full) as process:
        assert process.stderr is not None
        assert process.stderr.read() == b"libvirt-cim: No space left on device\n"
    assert process.returncode == 1


def test_without_click_a_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('No module named click')\n")
    with start("mof", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{TOP}"}) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert b"libvirt-cim[cli]" in err and err.count(b"\n") == 1


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What the command writes on a terminal."""
    ours, its = pty.openpty()
    with start(*arguments, stdout=its, env={"TERM": "xterm", **environment}) as process:
        os.close(its)
        found = b""
        while True:
            try:
                found += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    assert process.returncode == 0
    return found.decode()


@pytest.mark.parametrize("arguments", [("to-cim", str(WEB)), ("explain", "KVM_LogicalDisk.Access")])
def test_colours_are_for_terminals(arguments: tuple[str, ...]) -> None:
    plain = printed(*arguments)
    assert "\x1b" in on_a_terminal(*arguments, NO_COLOR="")
    assert "\x1b" not in plain
    assert on_a_terminal(*arguments, NO_COLOR="1").replace("\r\n", "\n") == plain
    assert on_a_terminal(*arguments, TERM="dumb").replace("\r\n", "\n") == plain
