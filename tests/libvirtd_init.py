# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first process in the namespaces of a libvirtd for tests; run by libvirtd.py, never imported.

Gives libvirtd the folders of a host of its own, starts it, and starts or kills what lines on
standard input name. With the end of the input it ends, and with it all that runs in there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOSTNAME = "real-host"
CGROUPS = Path("/sys/fs/cgroup")
PROGRAMS = {
    "libvirtd": ["/usr/sbin/libvirtd"],
    "dbus": ["/usr/bin/dbus-daemon", "--system", "--nofork", "--nopidfile"],
    "polkit": ["/usr/lib/polkit-1/polkitd", "--no-debug"],
}
SOCKETS = {"libvirtd": "/run/libvirt/libvirt-sock", "dbus": "/run/dbus/system_bus_socket"}
PLACES = {"etc": "/etc/libvirt", "lib": "/var/lib/libvirt", "cache": "/var/cache/libvirt",
          "log": "/var/log/libvirt", "run": "/run/libvirt", "rules": "/etc/polkit-1/rules.d"}


def mounted(*arguments: str) -> None:
    """Mount what the arguments of mount(8) say."""
    subprocess.run(["mount", *arguments], check=True)


def furnish(base: Path, controllers: list[str]) -> None:
    """Mount the host's own folders and its part of the control groups."""
    mounted("--make-rprivate", "/")
    mounted("-t", "tmpfs", "tmpfs", "/run")  # pid files
    Path("/run/dbus").mkdir()
    for name, place in PLACES.items():
        Path(place).mkdir(parents=True, exist_ok=True)
        mounted("--bind", str(base / name), place)
    mounted("--bind", str(base / "hosts"), "/etc/hosts")
    subprocess.run(["umount", "-R", "/sys"], check=False, stderr=subprocess.DEVNULL)
    mounted("-t", "sysfs", "sysfs", "/sys")  # of this network
    if controllers:
        mounted("-t", "tmpfs", "tmpfs", str(CGROUPS))
    for name in controllers:
        (CGROUPS / name).mkdir()
        mounted("-t", "cgroup", "-o", name, "cgroup", str(CGROUPS / name))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    socket.sethostname(HOSTNAME)


def started(name: str, base: Path) -> int:
    """The process of a program; what it says goes to a file of its name."""
    program, *arguments = PROGRAMS[name]
    log = (os.POSIX_SPAWN_OPEN, 1, str(base / f"{name}.log"),
           os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.posix_spawn(program, [program, *arguments], os.environ, setsigdef=[signal.SIGCHLD],
                          file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                                        log, (os.POSIX_SPAWN_DUP2, 1, 2)])


def listens(name: str) -> bool:
    """Whether a program can be reached, as soon as it can; one without a socket always can.

    A libvirtd that finds no bus when it starts asks polkit nothing from then on, and refuses all.
    """
    end = time.monotonic() + 30
    while name in SOCKETS and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as made:
            if made.connect_ex(SOCKETS[name]) == 0:
                return True
        time.sleep(0.02)
    return name not in SOCKETS


def ended(process: int) -> None:
    """Kill a process and wait until it has gone."""
    os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):  # which is how it ends where SIGCHLD is ignored
        os.waitpid(process, 0)


def main(folder: str, *controllers: str) -> None:
    """`start NAME` and `kill NAME` until the input ends; each is answered by a line."""
    base = Path(folder)
    running: dict[str, int] = {}
    furnish(base, list(controllers))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans come here: nobody waits for them
    print("furnished", flush=True)
    for line in sys.stdin:
        order, name = line.split()
        if order == "start":
            running[name] = started(name, base)
            if not listens(name):
                line = f"{name} does not listen\n"
        else:
            ended(running.pop(name))
        print(line, end="", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
