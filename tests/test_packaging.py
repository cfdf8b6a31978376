# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables are found wherever the package is: in a wheel, from an sdist, in a checkout."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = [each.relative_to(ROOT).as_posix()
        for folder, pattern in (("mappings", "*.mof"), ("xml", "*.xml"), ("page", "*.*"))
        for each in (ROOT / folder).rglob(pattern)]
LIBRARY = "libvirt_cim/adapter/cmpi.c"
COUNT = "from libvirt_cim import schema; print(len(schema.load('KVM').tables))"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the sdist of a copy of the checkout, and the wheel built from it."""
    copy = tmp_path_factory.mktemp("source") / "libvirt-cim"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(
        ".git", ".venv", ".*cache*", "*.egg-info", "build", "dist", "__pycache__"))
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", str(copy)], check=True,
                   capture_output=True)
    return copy / "dist"


def tables(*folders: pathlib.Path) -> int:
    """How many tables a fresh Python finds with those folders first on its path."""
    code = f"import sys; sys.path[:0] = {[str(each) for each in folders]!r}; {COUNT}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd="/")
    return int(done.stdout)


def test_data_files_are_there() -> None:
    assert len(DATA) > 20


def test_wheel(built: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """All data files are in it, and its tables load from where it is unpacked."""
    wheel, = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path)
    assert {LIBRARY, *(f"libvirt_cim/{each}" for each in DATA)} <= names
    assert {each.relative_to(ROOT).as_posix() for each in (ROOT / "libvirt_cim").rglob("*.py")
            } <= names
    assert not any(each.startswith(("tests/", "mappings/", "page/", "xml/")) for each in names)
    assert tables(tmp_path) == tables(ROOT) > 20


def test_sdist(built: pathlib.Path) -> None:
    """All data files are in it, and what is needed to test and to package it."""
    sdist, = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*DATA, LIBRARY, "COPYING", "README.rst", "CONTRIBUTING.rst", "contrib/test",
            "ruff.toml", "tests/test_packaging.py", "tests/hosts/lab.xml"} <= names
