# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages of contrib/packaging: built, and installed over a copy of this machine's system.

The copy is an overlay in namespaces of its own: what is installed there is gone with the test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

import fake_servers
import pytest
from registering import schema_text

ROOT = Path(__file__).parent.parent
PACKAGING = ROOT / "contrib/packaging"
SYSTEM = "/usr/bin/python3"
RELEASE = re.findall(r"^version = ([\d.]*\d)", (ROOT / "setup.cfg").read_text(), re.MULTILINE)[0]
SHELLS = ("bash", "zsh", "fish")
OVERLAY = """set -eu
mount -t overlay overlay -o lowerdir=/,upperdir=$1/upper,workdir=$1/work $1/root
mount --bind /dev $1/root/dev
mount -t proc proc $1/root/proc
exec chroot $1/root sh -euc "$2"
"""
Shell = Callable[[str], str]
# What the command line offers after these words, in each shell.
COMPLETED = {
    "bash": "export COMP_WORDS='libvirt-cim reg' COMP_CWORD=1 _LIBVIRT_CIM_COMPLETE=bash_complete;"
            " libvirt-cim",
    "zsh": "export COMP_WORDS='libvirt-cim reg' COMP_CWORD=1 _LIBVIRT_CIM_COMPLETE=zsh_complete;"
           " libvirt-cim",
    "fish": "export COMP_WORDS='libvirt-cim reg' COMP_CWORD=reg"
            " _LIBVIRT_CIM_COMPLETE=fish_complete; libvirt-cim",
}

slow = pytest.mark.slow
pytestmark = pytest.mark.packages


def sh(*command: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the system's Python first, whatever environment the tests have."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment.update({"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **more})
    return subprocess.run([str(each) for each in command], capture_output=True, text=True,
                          errors="replace", env=environment, cwd=ROOT)


def built(program: str, folder: Path, *options: str) -> Path:
    """The package that a program of contrib/packaging builds."""
    done = sh("sh", PACKAGING / program, folder, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    package, = folder.iterdir()
    return package


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package."""
    if shutil.which("dpkg-buildpackage") is None:
        pytest.skip("there is no dpkg-buildpackage")
    lacking = sh("dpkg-checkbuilddeps", PACKAGING / "debian/control")
    if lacking.returncode:
        pytest.skip(lacking.stderr.strip())
    return built("deb", tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def rpm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The RPM package, made with the tests' Python where the system is none of RPM's."""
    if shutil.which("rpmbuild") is None:
        pytest.skip("there is no rpmbuild")
    if shutil.which("dnf") or shutil.which("zypper"):
        return built("rpm", tmp_path_factory.mktemp("rpm"))
    return built("rpm", tmp_path_factory.mktemp("rpm"), "--nodeps", "--define",
                 f"__python3 {sys.executable}")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Runs a script over a copy of the system; what one installs the next one finds."""
    top = tmp_path_factory.mktemp("system")
    for each in ("upper", "work", "root"):
        (top / each).mkdir()

    def run(script: str) -> str:
        done = sh("unshare", "--mount", "--pid", "--fork", "--kill-child",
                  "sh", "-c", OVERLAY, "sh", top, script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    why = sh("unshare", "--mount", "--pid", "--fork", "sh", "-c", OVERLAY, "sh", top, "true")
    if why.returncode:
        pytest.skip(f"no copy of the system: {why.stderr.strip()}")
    fake_servers.sfcb(top / "sfcb", schema_text())
    run(f"ln -sf {top}/sfcb/bin/sfcbrepos /usr/bin")
    (top / "sfcb/made").unlink(missing_ok=True)
    yield run
    shutil.rmtree(top, ignore_errors=True)


def need_modules() -> None:
    done = sh(SYSTEM, "-c", "import attr, click, libvirt, lxml, rich")
    if done.returncode:
        pytest.skip(f"{SYSTEM}: {done.stderr.strip().splitlines()[-1]}")


def whole(shell: Shell, before: str = "") -> None:
    """An installed package does what it is for."""
    out = shell(f"""{before}
        libvirt-cim check --config /etc/libvirt-cim.conf
        libvirt-cim -c test:///default names CIM_ComputerSystem
        libvirt-cim register sfcb --check || :
        sfcb=$(dirname $(dirname $(readlink /usr/bin/sfcbrepos)))
        cat $sfcb/lib/cmpi/libvirt_cim.so.conf
        grep -c KVM_LogicalDisk $sfcb/registration/providerRegister
        ls /usr/share/libvirt-cim/sfcb /usr/share/libvirt-cim/pegasus
        {SYSTEM} -c "import ctypes, sys; ctypes.CDLL(sys.argv[1])" $sfcb/lib/cmpi/libvirt_cim.so
        zcat /usr/share/man/man1/libvirt-cim.1.gz
    """)
    assert 'Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="test"' in out
    assert f"python = {SYSTEM}\n" in out and "uri" not in out.partition("KVM_LogicalDisk")[0]
    for each in ("root-virt.mof", "libvirt-cim.reg", "registration.mof", ".SS register"):
        assert each in out


def gone(shell: Shell, removed: str) -> None:
    """A package that is removed leaves neither files nor registration."""
    shell(f"""
        {removed}
        test -z "$(command -v libvirt-cim)"
        sfcb=$(dirname $(dirname $(readlink /usr/bin/sfcbrepos)))
        test ! -e $sfcb/lib/cmpi/libvirt_cim.so
        test -z "$(find $sfcb/stage -name 'libvirt-cim*')"
        ! grep KVM_ $sfcb/registration/providerRegister
    """)


@slow
def test_debian(deb: Path, shell: Shell) -> None:
    """Registered with what is there, once more unchanged, and gone without a trace."""
    need_modules()
    shell(f"dpkg --install {deb}")
    whole(shell)
    again = shell(f"dpkg --install {deb}")
    assert "it is so already" in again
    for name in SHELLS:
        assert "register" in shell(COMPLETED[name])
    top = "/var/lib/libvirt-cim"
    kept, told = f"{top}/state.sqlite", f"{top}/pegasus/registration"
    shell(f"mkdir -p {top}/pegasus; touch {kept} {told}")
    gone(shell, "dpkg --remove python3-libvirt-cim")
    shell(f"test -e {kept}; dpkg --purge python3-libvirt-cim; test ! -e {kept}; test -e {told}")
    shell(f"rm -r {top}/pegasus; sh {PACKAGING}/debian/postrm purge; test ! -e {top}")


@slow
def test_the_debian_package_replaces_libvirt_cim(deb: Path) -> None:
    fields = sh("dpkg-deb", "--field", deb).stdout
    assert f"Version: {RELEASE}" in fields
    for each in ("Replaces: libvirt-cim (<< 1.0)", "Conflicts: libvirt-cim (<< 1.0)",
                 "Provides: libvirt-cim", "libpython3."):
        assert each in fields


@slow
def test_rpm(rpm: Path, shell: Shell) -> None:
    """The same; where Python looks elsewhere it is told where the package is."""
    need_modules()
    names = sh("rpm", "-qpl", rpm).stdout.split()
    site = next(each for each in names if each.endswith("-packages/libvirt_cim"))
    python = f"export PYTHONPATH={Path(site).parent}"
    shell(f"{python}; rpm --upgrade --nodeps {rpm}")
    whole(shell, python)
    gone(shell, f"{python}; rpm --erase python3-libvirt-cim")


@slow
def test_the_rpm_package_replaces_libvirt_cim(rpm: Path) -> None:
    found = sh("rpm", "-qp", "--provides", "--obsoletes", rpm).stdout.splitlines()
    assert {"libvirt-cim < 1.0", f"libvirt-cim = {RELEASE}-1"} <= {
        each.split("%")[0].replace(".fc", "") for each in found}


PYTHON = """#!/bin/sh
case "$*" in
*" $FAILS") exit 3 ;;
*--stage*) while [ "$1" != --stage ]; do shift; done; mkdir -p "$2"; touch "$2/libvirt_cim.so" ;;
*) echo text ;;
esac
"""


@pytest.mark.parametrize("fails", ["nothing", "manual", "-m libvirt_cim"])
def test_no_package_without_its_pages(fails: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    done = sh("sh", PACKAGING / "install", tmp_path / "root", python, "/site", FAILS=fails)
    assert done.returncode == (0 if fails == "nothing" else 3)


@pytest.mark.parametrize("name", SHELLS)
def test_completion_is_understood_by_its_shell(name: str, tmp_path: Path) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"there is no {name}")
    done = subprocess.run(
        [sys.executable, "-m", "libvirt_cim"], capture_output=True, text=True, check=True,
        env={**os.environ, "_LIBVIRT_CIM_COMPLETE": f"{name}_source", "PYTHONPATH": str(ROOT)})
    (tmp_path / "file").write_text(done.stdout)
    assert sh(program, "-n", tmp_path / "file").returncode == 0


def test_files_are_completed() -> None:
    words = {"COMP_WORDS": "libvirt-cim check --config ", "COMP_CWORD": "3",
             "_LIBVIRT_CIM_COMPLETE": "bash_complete", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "libvirt_cim"], capture_output=True, text=True,
                          env={**os.environ, **words})
    assert done.stdout == "file,\n"


def manual() -> str:
    done = subprocess.run([sys.executable, PACKAGING / "manual"], capture_output=True, text=True,
                          check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return done.stdout


def test_the_manual_has_every_command_and_option() -> None:
    from libvirt_cim.command import program

    text = manual().replace("\\-", "-")
    for name, command in program.commands.items():
        section: Optional[str] = text.partition(f"\n.SS {name} ")[2].partition("\n.SS ")[0]
        assert section, name
        for parameter in command.params:
            for option in (each for each in parameter.opts if each.startswith("--")):
                assert option in section, (name, option)


def test_the_manual_is_understood_by_man(tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("there is no man")
    (tmp_path / "libvirt-cim.1").write_text(manual())
    done = sh("man", "--warnings=w", "-l", tmp_path / "libvirt-cim.1", MANWIDTH="100", LC_ALL="C")
    assert "register [OPTIONS] SERVER" in done.stdout and not done.stderr


def test_the_unit_is_understood_by_systemd(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    unit = tmp_path / "libvirt-cim.service"
    text = (PACKAGING / unit.name).read_text()
    unit.write_text(text.replace("/usr/bin/libvirt-cim", "/bin/true"))
    done = sh("systemd-analyze", "verify", "--man=no", unit)
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr


def test_the_packages_have_the_versions_release() -> None:
    spec = (PACKAGING / "libvirt-cim.spec").read_text()
    assert re.findall(r"^Version:\s*(\S+)", spec, re.MULTILINE) == [RELEASE]


def test_the_configuration_of_the_package_has_no_mistake() -> None:
    from libvirt_cim import config

    found = config.read(str(PACKAGING / "libvirt-cim.conf"))
    assert not found.mistakes and [each.uri for each in found.connections] == ["qemu:///system"]
