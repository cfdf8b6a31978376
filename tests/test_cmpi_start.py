# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library starts Python in a program that has none: which one, and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from fake_broker import FakeBroker
from fake_cimom import Server

from libvirt_cim.adapter import cmpi_library
from libvirt_cim.cim import Error
from libvirt_cim.provider import Provider

TESTS = Path(__file__).parent
NAMES = [f"python3.{minor}" for minor in range(9, 15)]
pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that reports; its file is each test's to write."""
    return cmpi_library.build(tmp_path_factory.mktemp("library"), sys.executable,
                              module="cmpi_report", path=TESTS)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    made = tmp_path_factory.mktemp("host") / "host"
    subprocess.run(["cc", "-std=gnu11", "-o", made, TESTS / "cmpi_host.c", "-ldl", "-lpthread"],
                   check=True)
    return made


def run(host: Path, *libraries: Path, **environment: str) -> list[str]:
    """What the program prints, and nothing else is printed."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([host, *libraries], capture_output=True, text=True, timeout=60,
                          env={**given, **environment}, cwd="/")
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout.splitlines()


def report(line: str) -> Any:
    """What the module has told."""
    word, code, text = line.split(" ", 2)
    assert (word, code) == ("enable", "1"), line
    return json.loads(text)


def written(library: Path, python: str, folder: Path) -> Path:
    """The same library in another folder, for another Python."""
    made = folder / library.name
    shutil.copy(library, made)
    Path(f"{made}.conf").write_text(cmpi_library.settings(
        python, module="cmpi_report", path=TESTS), "utf-8")
    return made


def test_which_python_it_is(host: Path, library: Path) -> None:
    first, second = run(host, library)
    told = report(first)
    assert second == "poll 7, cleanup 51 0"
    assert told["version"] == list(sys.version_info[:2])
    assert told["prefix"] == sys.prefix and told["executable"] == sys.executable
    assert told["path"][-1] == str(TESTS) and told["output"] == 1
    assert told["calls"] == [f"{library}.conf"]


@pytest.mark.parametrize("name", NAMES)
def test_one_library_for_every_python(
    host: Path, library: Path, name: str, tmp_path: Path
) -> None:
    try:
        other = written(library, name, tmp_path)
    except Error as error:
        pytest.skip(error.text.splitlines()[0])
    told = report(run(host, other)[0])
    assert told["version"] == [3, int(name[8:])]


def test_it_finds_its_environment(host: Path, library: Path, tmp_path: Path) -> None:
    made = tmp_path / "environment"
    venv.create(made, symlinks=True)
    other = written(library, str(made / "bin" / "python"), tmp_path)
    assert report(run(host, other)[0])["prefix"] == str(made)


def test_it_leaves_the_process_alone(host: Path, library: Path) -> None:
    """No handler of a signal is another, the locale is the program's, nothing is printed."""
    for language in ("C", "C.UTF-8", "nowhere"):
        told, *more = run(host, library, LC_ALL=language)
        assert more == ["poll 7, cleanup 51 0"]
        assert [each.lower() for each in report(told)["encodings"]] == ["utf-8"] * 3


def test_the_environment_says_nothing(host: Path, library: Path) -> None:
    told = report(run(host, library, PYTHONHOME="/nowhere", PYTHONPATH="/nowhere",
                      PYTHONUTF8="0", PYTHONMALLOC="debug")[0])
    assert "/nowhere" not in told["path"] and told["prefix"] == sys.prefix


def test_closed_and_opened_again(host: Path, library: Path, tmp_path: Path) -> None:
    """Python goes on; another copy of the library uses the same."""
    lines = run(host, library, library, written(library, sys.executable, tmp_path))
    told = [report(line) for line in lines if line.startswith("enable")]
    assert [len(each["calls"]) for each in told] == [1, 2, 3]
    assert [each["output"] for each in told] == [1, 1, 0]


def refused(host: Path, library: Path, folder: Path, **lines: str) -> str:
    """What is said if the file says something else."""
    made = written(library, sys.executable, folder)
    file = Path(f"{made}.conf")
    pairs = dict(line.split(" = ", 1) for line in file.read_text("utf-8").splitlines())
    file.write_text("".join(f"{name} = {value}\n" for name, value in {
        **pairs, **lines}.items() if value), "utf-8")
    first, *_ = run(host, made)
    assert first.startswith("enable 1 ")
    return first[9:]


def test_mistakes_are_told(host: Path, library: Path, tmp_path: Path) -> None:
    assert "does not tell where Python is" in refused(host, library, tmp_path, libpython="")
    assert "/no/lib.so" in refused(host, library, tmp_path, libpython="/no/lib.so")
    assert "No module named 'nosuch'" in refused(host, library, tmp_path, **{"import": "nosuch"})
    said = refused(host, library, tmp_path, **{"import": "json"})
    assert said == "module 'json' has no attribute 'plugged'"


def test_a_file_that_is_not_there(host: Path, library: Path, tmp_path: Path) -> None:
    made = tmp_path / "alone.so"
    shutil.copy(library, made)
    assert run(host, made)[0] == f"enable 1 {made}.conf does not tell where Python is"


def test_mistakes_leave_nothing_behind(library: Path, tmp_path: Path, lab: Provider) -> None:
    """Each call tries again: no file stays open, and no folder is looked through twice."""
    made = written(library, sys.executable, tmp_path)
    server, file = Server(made, FakeBroker(), lab), Path(f"{made}.conf")
    whole = file.read_text("utf-8")
    for text in (whole.replace("import", "nothing"), whole.replace("cmpi_report", "nosuch")):
        file.write_text(text, "utf-8")
        for number in range(3):
            with pytest.raises(Error, match="nosuch|does not tell where Python is"):
                server.call("enable")
            if number == 0:
                before = len(os.listdir("/proc/self/fd")), list(sys.path)
        assert before == (len(os.listdir("/proc/self/fd")), sys.path)


# building

def test_what_cannot_be_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "nosuchcompiler")
    with pytest.raises(Error, match="^nosuchcompiler: No such file or directory; a C compiler"):
        cmpi_library.build(tmp_path)
    monkeypatch.setenv("CC", "false")
    with pytest.raises(Error, match="^false: failed$"):
        cmpi_library.build(tmp_path)
    with pytest.raises(Error, match="^/no/python: "):
        cmpi_library.build(tmp_path, "/no/python")
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_in_use_is_replaced(tmp_path: Path) -> None:
    first = cmpi_library.build(tmp_path)
    with first.open("rb") as used:
        before = used.read()
        inode = first.stat().st_ino
        assert cmpi_library.build(tmp_path, interop="root/PG_InterOp") == first
        used.seek(0)
        assert used.read() == before and first.stat().st_ino != inode
    assert sorted(each.name for each in tmp_path.iterdir()) == [first.name, f"{first.name}.conf"]
    assert "interop = root/PG_InterOp\n" in Path(f"{first}.conf").read_text("utf-8")


def test_the_stub_is_small_and_needs_little(library: Path) -> None:
    text = cmpi_library.SOURCE.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and line[:2] not in ("/*", " *")]
    assert len(lines) < 100 and max(map(len, text.splitlines())) <= 100
    assert all(each.startswith("#include <") and "ython" not in each and "cmpi" not in each
               for each in lines if "include" in each)
    needed = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    assert "libpython" not in needed
