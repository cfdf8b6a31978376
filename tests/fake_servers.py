# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands for the programs of CIM servers, each with its repository in a folder of files.

They refuse what the real ones refuse, as far as registration meets it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from libvirt_cim.cim import Error, Status

PEGASUS = ("cimmof", "cimmofl", "cimcli", "cimprovider", "cimconfig")
_MOF = re.compile(
    r'^#pragma include \("([^"]+)"\)|^Qualifier (\w+)|^instance of (\w+)\s*\{([^}]*)'
    r"|^class (\w+)(?: : (\w+))?(.*?)(?=^class |^instance |\Z)", re.MULTILINE | re.DOTALL)
SETTINGS = {"repositoryDir": "repository", "providerDir": "lib"}
SFCBREPOS = """#!/bin/sh
# {top}/sfcb.cfg
registration={top}/registration
case $1 in -h)
    printf '\\t-s specify staging directory [{top}/stage]\\n' >&1
    printf '\\t-r specify repository directory [%s]\\n' $registration
    printf '\\t-c specify directory containing CIM Schema MOFs [{top}/schema]\\n'
    exit ;;
esac
echo "$@" >>{top}/made
for each in repository providerRegister; do
    [ ! -e $registration/$each ] || {{
        rm -rf $registration/$each.previous && mv $registration/$each $registration/$each.previous
    }}
done
mkdir -p $registration/repository
[ ! -e {top}/broken ] || {{ echo "error in line 7: class X_Y invalid" >&2; exit 1; }}
cat {top}/stage/default.reg {top}/stage/regs/*.reg >$registration/providerRegister 2>/dev/null
cd {top}/stage/mofs && find . -name '*.mof' | sort | while read -r file; do
    mkdir -p $registration/repository/$(dirname $file)
    cat $file >>$registration/repository/$(dirname $file)/classSchemas
done
"""


def sfcb(top: Path, schema: str) -> Path:
    """An sfcb in a folder, with the text of a schema; where its programs are."""
    (top / "bin").mkdir(parents=True)
    program = top / "bin/sfcbrepos"
    program.write_text(SFCBREPOS.format(top=top))
    program.chmod(0o755)
    (top / "sfcb.cfg").write_text(f"# a comment\nproviderDirs: {top}/lib {top}/lib/cmpi\n")
    for name, text in {"schema/CIM_Schema.mof": '#pragma include ("all.mof")\n',
                       "schema/all.mof": schema, "stage/default.reg": "[$ClassProvider$]\n#\n",
                       "stage/mofs/root/interop/10_interop.mof": "class DMY_X {};\n"}.items():
        put(top / name, text)
    (top / "stage/regs").mkdir()
    return top / "bin"


def pegasus(home: Path, classes: dict[str, str]) -> Path:
    """An OpenPegasus in a folder, with the classes of its namespaces; where its programs are."""
    (home / "bin").mkdir(parents=True)
    (home / "lib").mkdir()
    for name in PEGASUS:
        program = home / "bin" / name
        program.touch(0o755)
    for namespace, text in classes.items():
        place = Folder(home / "repository" / namespace.replace("/", "#"))
        place.load(text, home)
    return home / "bin"


def put(file: Path, text: str) -> None:
    """Write a file, and make its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


class Folder:
    """The namespace of a repository."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("classes", "qualifiers", "instances"):
            (place / name).mkdir(parents=True, exist_ok=True)

    def classes(self) -> dict[str, str]:
        """The classes, each with its superclass."""
        return dict(each.name.split(".") for each in (self.place / "classes").glob("*.*"))

    def load(self, text: str, includes: Path) -> None:
        """Compile a text; a class that is there stays as it is."""
        for file, qualifier, instance, values, name, above, rest in _MOF.findall(text):
            if file:
                self.load((includes / file).read_text("utf-8"), includes)
            elif qualifier:
                put(self.place / "qualifiers" / qualifier, "")
            elif name:
                self._class(name, above, rest)
            elif instance == "PG_ProviderModule":
                self.register(re.findall(r'\sName = "([^"]*)"', values)[0])

    def _class(self, name: str, above: str, rest: str) -> None:
        there = self.classes()
        for each in [above, *re.findall(r"(\w+) REF ", rest)]:
            if each and each != name and each not in there:
                sys.exit(f"Parsing error: parse error: CIM_ERR_INVALID_SUPERCLASS: {each}")
        if name not in there:
            put(self.place / "classes" / f"{name}.{above or '#'}", rest)
            if " REF " in rest:
                with open(self.place / "classes/associations", "a") as file:
                    file.write(f"{name}\nA\nOne\nB\nOther\n\n")

    @property
    def index(self) -> Path:
        """Which modules are registered."""
        return self.place / "instances/PG_ProviderModule.idx"

    def register(self, name: str) -> None:
        """Add a module."""
        before = self.index.read_text() if self.index.exists() else "00000000\n"
        self.index.write_text(f'{before}0 35E5D00B 0 2800 PG_ProviderModule.Name="{name}"\n')

    def shown(self, name: str) -> str:
        """A class as MOF, or all instances of one."""
        if not name.startswith("PG_"):
            above = self.classes()[name]
            text = (self.place / "classes" / f"{name}.{above}").read_text("utf-8")
            return f"class {name}{f' : {above}' if above != '#' else ''}{text}"
        if name != "PG_ProviderModule":
            return ""
        live = re.findall(r'^0 .*Name="([^"]*)"', self.index.read_text(), re.MULTILINE)
        return "".join(f'// path= {each}\n\ninstance of {name}\n{{\n    Caption = NULL;\n'
                       f'    Name = "{each}";\n}};\n\n' for each in live)

    def delete(self, name: str) -> None:
        """Delete a class that no other stands on."""
        there = self.classes()
        if name not in there:
            sys.exit("CIM_ERR_NOT_FOUND")
        if name in there.values():
            sys.exit("CIM_ERR_CLASS_HAS_CHILDREN")
        file = self.place / "classes" / f"{name}.{there[name]}"
        for each in re.findall(r"(\w+) REF ", file.read_text("utf-8")):
            if each not in there:
                sys.exit(f"CIM_ERR_INVALID_PARAMETER: {each}")
        file.unlink()
        links = self.place / "classes/associations"
        if links.exists():
            left = re.sub(rf"^{name}\n(.+\n)*\n", "", links.read_text(), flags=re.MULTILINE)
            links.write_text(left) if left else links.unlink()


def run(name: str, *words: str) -> str:
    """What a program of OpenPegasus does, and says."""
    try:
        return _run(Path(os.environ["PEGASUS_HOME"]), name, list(words))
    except SystemExit as end:
        raise Error(Status.FAILED, f"{' '.join([name, *words])}: {end}") from None


def _run(home: Path, name: str, words: list[str]) -> str:
    with open(home / "called", "a") as log:
        print(name, *words, file=log)
    if name == "cimconfig":
        return f"Current value: {SETTINGS[words[1]]}\n" if "-c" in words else ""
    options = dict(zip(words, words[1:]))
    place = home / "repository" / options.get("-n", "root#PG_InterOp").replace("/", "#")
    if name.startswith("cimmof"):
        text = Path(words[-1]).read_text("utf-8")
        if (home / "broken").exists() and "Virt_HostedDependency" in text:
            sys.exit("Parsing error: parse error: something is broken")
        Folder(place).load(text, Path(options.get("-I", ".")))
    elif name == "cimprovider":
        _module(Folder(place), words)
    elif words[0] in ("gc", "ei"):
        return Folder(place).shown(words[-1])
    elif words[0] == "dc":
        Folder(place).delete(words[1])
    elif words[0] == "dq":
        (place / "qualifiers" / words[1]).unlink()
    else:
        inner = place.with_name(f"{place.name}#{words[1].split(chr(34))[1]}")
        if any(each.is_file() for each in inner.rglob("*")):
            sys.exit("CIM_ERR_FAILED: Attempt to delete a non-empty namespace")
        shutil.rmtree(inner)
    return ""


def _module(interop: Folder, words: list[str]) -> None:
    """Disable or remove a module, which must have been disabled; what is removed stays, marked."""
    disabled = interop.place.parent.parent / "disabled"
    if words[0] == "-d":
        disabled.write_text(words[-1])
    elif disabled.read_text() != words[-1]:
        sys.exit("it is not disabled")
    else:
        text = interop.index.read_text()
        interop.index.write_text(re.sub(rf'^0( .*"{re.escape(words[-1])}")', r"1\1", text,
                                        flags=re.MULTILINE))

