# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration file: what it says, and every mistake as file:line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import printed, refused, run

from libvirt_cim import cim
from libvirt_cim.adapter.limits import Limits
from libvirt_cim.config import Config, Connection, load, read

WHOLE = """# a rack of hosts
[server]
listen = [::1]:5989
tls-cert = /etc/c.pem
tls-key: /etc/k.pem
tls-client-ca = /etc/ca.pem
users = /etc/users
state = /var/state
log-level = Debug
log-target = syslog

[roles]
anna = write
Bert_B-1=operate
[limits]
body = 2M
threads = 8
[connection]
uri = qemu:///system
[connection far]
uri = qemu+ssh://far/system
read-only = yes
auth-file = /etc/auth
; the third has a namespace of its own
[connection odd one]
uri = lxc:///
namespace = root/LXC
"""


def written(folder: Path, text: str) -> str:
    """A file with that text."""
    file = folder / "conf"
    file.write_text(text, "utf-8")
    return str(file)


def test_what_a_file_says(tmp_path: Path) -> None:
    assert load(written(tmp_path, WHOLE)) == Config(
        [Connection("qemu:///system", "root/virt"),
         Connection("qemu+ssh://far/system", "root/virt/far", True, "/etc/auth"),
         Connection("lxc:///", "root/LXC")],
        ("::1", 5989), "/etc/c.pem", "/etc/k.pem", "/etc/ca.pem", "/etc/users", "/var/state",
        "debug", "syslog",
        {"anna": "write", "Bert_B-1": "operate"}, Limits(body=2 << 20, threads=8))


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libvirt_cim.config.FILE", str(tmp_path / "none"))
    monkeypatch.delenv("LIBVIRT_CIM_CONF", raising=False)
    assert load() == Config()
    file = written(tmp_path, "[connection]\nuri = a:///\n")
    monkeypatch.setenv("LIBVIRT_CIM_CONF", file)
    assert [each.uri for each in load().connections] == ["a:///"]
    monkeypatch.setattr("libvirt_cim.config.FILE", file)
    monkeypatch.delenv("LIBVIRT_CIM_CONF")
    assert [each.uri for each in load().connections] == ["a:///"]
    with pytest.raises(OSError):
        load(str(tmp_path / "none"))


def test_libvirt_cims_own_file(tmp_path: Path) -> None:
    text = ('# readonly = false;\nreadonly = true;\nmigrate_ssh_temp_key = "/tmp/key";\n'
            'disable_kvm = false;\nlldptool_query_options = "-t -g ncb";\n'
            'vsi_support_key_string = "x";\n[connection]\nuri = qemu:///system\n')
    found = read(written(tmp_path, text))
    assert found.mistakes == []
    assert found.readonly
    assert found.connections == [Connection("qemu:///system", read_only=True)]
    assert [each.rpartition("conf")[2] for each in found.notes] == [
        ":3: migrate_ssh_temp_key has no effect: guests are not migrated yet",
        ":4: disable_kvm has no effect: the hosts are those that have a [connection]",
        ":5: lldptool_query_options has no effect: switches are not asked by lldptool here",
        ":6: vsi_support_key_string has no effect: switches are not asked by lldptool here"]


MISTAKES = """reedonly = 1
[server]
listen = 5989
listen = nohost:99999
tls-cert = c.pem
log-level = loud
log-target = here
colour = red
nothing
users =
[limits]
body = 0
threads = many
[roles]
anna = king
[connection]
[connection]
uri = qemu:///system
read-only = perhaps
[connection a/b]
uri = lxc:///
[connection c]
uri = lxc:///
namespace = root/virt
[connection d]
uri = xen:///
namespace = a//b
[window]
[connection]
uri =
"""
FOUND = """:9: is no section and no NAME = VALUE
:1: reedonly is no option here
:3: listen: '5989' is not HOST:PORT
:4: listen: 'nohost:99999' is not HOST:PORT
:5: tls-cert: 'c.pem' is not a path from the root on
:6: log-level: 'loud' is not one of debug, info, warning, error
:7: log-target: 'here' is not a path from the root on
:8: colour is no option here
:10: users: there is no value
:12: body: '0' is not a number of at least 1
:13: threads: 'many' is not a number of at least 1
:15: anna: 'king' is no role: read, operate, write
:16: [connection] has no uri
:19: read-only: 'perhaps' is not yes or no
:20: a second connection needs a name or a namespace
:22: another connection has the namespace root/virt
:27: namespace: 'a//b' is not a namespace
:28: [window] is no section
:30: uri: there is no value"""


def test_every_mistake_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, MISTAKES)
    with pytest.raises(cim.Error) as caught:
        load(file)
    assert sorted(caught.value.text.splitlines()) == sorted(
        file + line for line in FOUND.splitlines())


@pytest.mark.parametrize(("text", "mistake"), [
    ("[server]\ntls-cert = /c\n", ": tls-cert and tls-key go together"),
    ("[server]\ntls-client-ca = /c\n", ": tls-client-ca needs tls-cert"),
    ("[limits]\nbody = 1\nbody = 2\n", ":3: body is given twice"),
    ("\xff[", ":1: is no section and no NAME = VALUE"),
])
def test_other_mistakes(tmp_path: Path, text: str, mistake: str) -> None:
    file = written(tmp_path, text)
    assert read(file).mistakes == [file + mistake]


def test_check(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("anna:$apr1$a$b\nbert:{SHA}xx\n")
    file = written(tmp_path, f"vsi_support_key_string = x\n[server]\nusers = {users}\n")
    ran = run("check", "--config", file)
    assert ran.status == 1
    assert ran.out == (f"{file}:1: vsi_support_key_string has no effect: "
                       "switches are not asked by lldptool here\n")
    assert ran.err == (f"libvirt-cim: {users}:1: anna: "
                       "the password is not bcrypt's: use htpasswd -B\n")
    users.write_text("bert:{SHA}xx\n")
    assert printed("check", "--config", file) == ran.out
    users.write_text("# bert\n")
    assert run("check", "--config", file).err == f"libvirt-cim: {users}: nobody can log in\n"
    users.unlink()
    assert refused("check", "--config", written(tmp_path, f"[server]\nusers = {users}\n")) == \
        f"{users}: No such file or directory"


@pytest.mark.parametrize(("arguments", "why"), [
    (["serve"], "there is no connection: give -c URI, or one in the configuration file"),
    (["-c", "qemu:///system", "serve"],
     "qemu:///system is a real host: give --users, or a tls-client-ca"),
    (["-c", "test:///default", "serve", "--users", "/no/users"],
     "/no/users: No such file or directory"),
    (["-c", "test:///default", "serve", "--state", "/no/state"],
     "/no/state: No such file or directory"),
    (["-c", "test:///default", "serve", "--config", "/no/file"],
     "/no/file: No such file or directory"),
    (["-c", "test:///default", "serve", "--tls-cert", "/no/c", "--tls-key", "/no/k"],
     "/no/c: No such file or directory"),
    (["-c", "test:///default", "serve", "--tls-cert", __file__, "--tls-key", __file__],
     f"{__file__}, {__file__}: no certificate or key"),
])
def test_serve_says_why_not(
    arguments: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libvirt_cim.config.FILE", "/no/file/at/all")
    monkeypatch.delenv("LIBVIRT_CIM_CONF", raising=False)
    assert refused(*arguments) == why


def test_serve_knows_its_options() -> None:
    assert run("serve", "--listen", "here").status == 2
    assert run("-c", "test:///default", "serve", "--tls-cert", "/c").status == 2
