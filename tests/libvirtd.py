# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd of the tests' own: in namespaces, its files in one folder, QEMU without KVM.

It needs root, and shares nothing with a libvirtd of the machine. It ends with the process that
started it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import libvirtd_init
import pytest

from libvirt_cim.hypervisor.error import libvirt

INIT = Path(libvirtd_init.__file__)
SLOW = os.environ.get("LIBVIRT_CIM_SLOW") == "1"  # all of this, not only what is quick
REQUIRED = os.environ.get("LIBVIRT_CIM_REQUIRE_LIBVIRTD") == "1"
FILTERS = "/etc/libvirt/nwfilter"
POLICY = "/usr/share/polkit-1/actions/org.libvirt.api.policy"
NEEDED = ("/usr/sbin/libvirtd", "qemu-system-x86_64", "qemu-img", "unshare", "nsenter", "mount",
          "ip", "iptables", "dnsmasq")
UNSHARE = ["unshare", "--cgroup", "--mount", "--uts", "--net", "--ipc", "--pid", "--fork",
           "--kill-child", "--mount-proc"]
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
FILES = {
    # As another user QEMU's capabilities would be asked for again with every call.
    "etc/qemu.conf": 'user = "root"\ngroup = "root"\nstdio_handler = "file"\n',
    "etc/libvirtd.conf": 'host_uuid = "{uuid}"\nunix_sock_rw_perms = "0777"\n'
                         'auth_unix_ro = "none"\nauth_unix_rw = "none"\n{more}',
    "hosts": "127.0.0.1 localhost\n127.0.1.1 {name}\n",
}


def missing(*programs: str) -> Optional[str]:
    """Why no libvirtd can be started here, and other programs of PROGRAMS; None if it can."""
    if os.geteuid() != 0:
        return "a libvirtd of the tests' own needs root"
    needed = [*NEEDED, *(libvirtd_init.PROGRAMS[name][0] for name in programs)]
    absent = [each for each in needed if shutil.which(each) is None]
    absent += [each for each in [FILTERS, *[POLICY] * bool(programs)] if not Path(each).exists()]
    if absent:
        return f"a libvirtd of the tests' own needs {', '.join(absent)}"
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"namespaces: {tried.stderr.strip()}"


class Daemon:
    """A libvirtd with nothing in it yet, and its URI."""

    def __init__(self, base: Path, uuid: str = "11111111-2222-4333-8444-555555555555",
                 more: str = "") -> None:
        self.base = base
        self.socket = base / "run" / "libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        for name in libvirtd_init.PLACES:
            (base / name).mkdir(parents=True)
        shutil.copytree(FILTERS, base / "etc/nwfilter")
        for name, text in FILES.items():
            filled = text.format(uuid=uuid, more=more, name=libvirtd_init.HOSTNAME)
            (base / name).write_text(filled, "utf-8")
        self._groups = _groups(base.name)
        command = [*UNSHARE, sys.executable, str(INIT), str(base), *self._groups]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            preexec_fn=self._join)

    def _join(self) -> None:
        """Be in the daemon's control groups before there are namespaces."""
        for group in self._groups.values():
            (group / "cgroup.procs").write_text("0", "ascii")

    def answered(self, line: str) -> None:
        """Wait until that was done in there."""
        assert self._process.stdout is not None
        found = self._process.stdout.readline().strip()
        if found != line:
            raise RuntimeError(f"{line}: {found or 'the namespaces ended'}")

    def order(self, line: str) -> None:
        """`start NAME` or `kill NAME`, one of libvirtd_init.PROGRAMS."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self.answered(line)

    def start(self) -> None:
        """Start libvirtd, and wait until it listens."""
        self.order("start libvirtd")

    def kill(self) -> None:
        """Kill libvirtd; its guests stay."""
        self.order("kill libvirtd")

    def inside(self, *command: str) -> str:
        """What a command prints that runs in the namespaces."""
        outside = self._process.pid
        (first,) = Path(f"/proc/{outside}/task/{outside}/children").read_text("ascii").split()
        found = subprocess.run(["nsenter", "--all", "--target", first, *command],
                               capture_output=True, text=True)
        if found.returncode:
            raise RuntimeError(found.stderr)
        return found.stdout

    def opened(self) -> Any:
        """A connection of libvirt-python."""
        return libvirt.open(self.uri)

    def stop(self) -> None:
        """End everything in there; the folder stays."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for group in self._groups.values():
            _removed(group)


def _groups(name: str) -> dict[str, Path]:
    """A control group for each controller of version 1; nothing where they cannot be made.

    libvirt does without. In version 2 a group with processes of its own can have none below it.
    """
    found = {}
    for controller in CONTROLLERS:
        top = libvirtd_init.CGROUPS / controller
        if not (top / "cgroup.procs").exists():
            return {}
        group = found[controller] = top / name
        try:
            group.mkdir()
            for each in ("cpuset.cpus", "cpuset.mems") if controller == "cpuset" else ():
                (group / each).write_text((top / each).read_text("ascii"), "ascii")
        except OSError:
            for made in found.values():
                _removed(made)
            return {}
    return found


def _removed(group: Path) -> None:
    """Remove a control group and those below it, once what was in them has ended."""
    below = [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]
    for each in below:
        for _ in range(50):
            with contextlib.suppress(OSError):
                each.rmdir()
            if not each.exists():
                break
            time.sleep(0.02)


@contextlib.contextmanager
def found(more: str = "", *programs: str, rules: str = "") -> Iterator[Daemon]:
    """A daemon for a test, which is skipped where there can be none."""
    why = missing(*programs)
    if why is not None:
        (pytest.fail if REQUIRED else pytest.skip)(why)
    with running(more, *programs, rules=rules) as daemon:
        yield daemon


@contextlib.contextmanager
def running(more: str = "", *programs: str, rules: str = "") -> Iterator[Daemon]:
    """A daemon that has started, after other programs, with its folder as long as it is needed.

    `more` is for libvirtd.conf, `rules` are polkit's.
    """
    with tempfile.TemporaryDirectory(prefix="libvirt-cim-") as folder:
        daemon = Daemon(Path(folder), more=more)
        (daemon.base / "rules" / "00-test.rules").write_text(rules, "utf-8")
        try:
            daemon.answered("furnished")
            for name in programs:
                daemon.order(f"start {name}")
            daemon.start()
            yield daemon
        finally:
            daemon.stop()
