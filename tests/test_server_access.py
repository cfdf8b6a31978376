# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may come in and do what: passwords, certificates, roles, and what `serve` refuses to be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from certificates import Issued, tls_config
from lab import LAB
from served import basic, config, connected, everything, hashed, head, sent, serving, wbem

from libvirt_cim import principal
from libvirt_cim.adapter import access
from libvirt_cim.adapter.access import Users, credentials, needed, verified
from libvirt_cim.config import Config, Connection
from libvirt_cim.provider import Provider
from libvirt_cim.serve import refusal

ODD = "p:wé"


@pytest.fixture(scope="module")
def htpasswd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("users") / "htpasswd"
    file.write_text(f"# users\nreader:{hashed('right')}\nwriter:{hashed(ODD)}\n"
                    f"operator:{hashed('o')}\nold:{{SHA}}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n"
                    "odd:$apr1$abc$def\nbroken:$2y$04$xx\n", "utf-8")
    return file


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of certificates does not count."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def made(htpasswd: Path) -> Iterator[Any]:
    roles = {"writer": "write", "operator": "operate"}
    with serving(config(users=str(htpasswd), roles=roles)) as found:
        yield found


@pytest.mark.parametrize("given", [
    None, "", "Basic", "Basic x", basic("reader"), basic("reader:wrong"), basic("nobody:right"),
    basic("reader:"), basic(":"), basic("odd:x"), basic("broken:x"), "Bearer abc",
    "Basic \xff\xfe", basic("reader:right\0"), "Digest " + basic("reader:right")[6:],
])
def test_who_does_not_say_who_he_is_stays_out(made: Any, given: Any) -> None:
    found = sent(made, Authorization=given)
    assert found.status == 401
    assert found.headers["www-authenticate"] == 'Basic realm="libvirt-cim", charset="UTF-8"'


@pytest.mark.parametrize("given", ["reader:right", "writer:p:w\u00e9", "old:test"])
def test_who_says_it_comes_in(made: Any, given: str) -> None:
    assert sent(made, Authorization=basic(given)).status == 200


def test_options_and_wrong_methods_tell_no_secret(made: Any) -> None:
    assert sent(made, b"", "OPTIONS").status == 200
    assert sent(made, b"", "PUT").status == 405


def test_pywbem_is_told(made: Any) -> None:
    with pytest.raises(pywbem.AuthError):
        wbem(made, creds=("reader", "wrong")).EnumerateClassNames()
    assert wbem(made, creds=("reader", "right")).EnumerateClassNames()


def test_the_log_names_the_principal(made: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "libvirt_cim.server"):
        sent(made, Authorization=basic("reader:right"))
        sent(made, Authorization=basic("reader:wrong"))
    first, second = [each.getMessage() for each in caplog.records][-2:]  # one may come late
    assert first.startswith("127.0.0.1 reader EnumerateClassNames root/virt ok ")
    assert second.startswith("127.0.0.1 - - - 401 ") and "wrong" not in second


@pytest.mark.parametrize(("name", "password", "denied"), [
    ("reader", "right", (True, True, True)), ("operator", "o", (False, True, True)),
    ("writer", "p:w\u00e9", (False, False, False)),
])
def test_roles(made: Any, name: str, password: str, denied: Any) -> None:
    client = wbem(made, creds=(name, password))
    path = client.EnumerateInstanceNames("Virt_ComputerSystem")[0]
    calls = (lambda: client.InvokeMethod("RequestStateChange", path,
                                         RequestedState=pywbem.Uint16(2)),
             lambda: client.InvokeMethod("DefineSystem", path), lambda: client.DeleteInstance(path))
    for call, no in zip(calls, denied):
        with pytest.raises(pywbem.CIMError) as caught:
            call()  # type: ignore[no-untyped-call]
        assert (caught.value.status_code == pywbem.CIM_ERR_ACCESS_DENIED) == no


def test_what_methods_ask_for() -> None:
    assert needed("requestStateChange") == "operate"
    assert needed("GetErrors") == "read" and needed("AnythingElse") == "write"


def test_a_password_is_hashed_once(htpasswd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def check(password: str, given: bytes) -> bool:
        counted.append(password)
        return verified(password, given)

    monkeypatch.setattr("libvirt_cim.adapter.access.verified", check)
    users = Users(str(htpasswd))
    assert [users.right("reader", "right") for _ in range(3)] == [True] * 3
    assert counted == ["right"]
    assert [users.right("reader", "wrong") for _ in range(2)] == [False] * 2
    assert not users.right("nobody", "x") and len(counted) == 4  # it takes as long


def test_the_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"anna:{hashed('one')}\n")
    users = Users(str(file))
    assert users.right("anna", "one")
    file.write_text(f"anna:{hashed('three')}\nbert:{hashed('two')}\n")
    assert not users.right("anna", "one") and users.right("bert", "two")


def test_what_is_wrong_with_the_file_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "users"
    file.write_text("anna:$apr1$a$b\n")
    users = Users(str(file))
    wrong = f"{file}:1: anna: the password is not bcrypt's: use htpasswd -B"
    assert caplog.messages == [wrong, f"{file}: nobody can log in"]
    caplog.clear()
    file.write_text(f"anna:$apr1$a$b\nbert:{hashed('two')}\n")
    assert users.right("bert", "two") and users.right("bert", "two")
    assert caplog.messages == [wrong]


def test_credentials() -> None:
    assert credentials("basic " + basic("a:b:c")[6:]) == ("a", "b:c")


# certificates

def test_tls(pki: dict[str, Issued], htpasswd: Path) -> None:
    with serving(tls_config(pki, users=str(htpasswd))) as made:
        right = {"creds": ("reader", "right")}
        assert wbem(made, ca_certs=pki["ca"].file, **right).EnumerateClassNames()
        with pytest.raises(pywbem.ConnectionError):
            wbem(made, ca_certs=pki["other"].file, **right).EnumerateClassNames()
        with pytest.raises(pywbem.AuthError):
            wbem(made, ca_certs=pki["ca"].file).EnumerateClassNames()
        with connected(made) as sock:  # no TLS
            sock.sendall(head())
            assert not everything(sock).startswith(b"HTTP/1.1 200")
        assert wbem(made, ca_certs=pki["ca"].file, **right).EnumerateClassNames()


def test_an_expired_server_is_not_believed(pki: dict[str, Issued]) -> None:
    server = pki["expired"]
    with serving(config(tls_cert=server.file, tls_key=server.key_file)) as made:
        with pytest.raises(pywbem.ConnectionError):
            wbem(made, ca_certs=pki["ca"].file).EnumerateClassNames()


@pytest.mark.parametrize(("who", "comes_in"), [
    ("client", True), ("late", False), ("stranger", False), (None, False)])
def test_client_certificates(pki: dict[str, Issued], who: Any, comes_in: bool,
                             caplog: pytest.LogCaptureFixture) -> None:
    x509_files = {"cert_file": pki[who].file, "key_file": pki[who].key_file} if who else None
    given = tls_config(pki, tls_client_ca=pki["ca"].file, roles={"writer": "write"})
    with caplog.at_level(logging.INFO, "libvirt_cim.server"), serving(given) as made:
        client = wbem(made, ca_certs=pki["ca"].file, x509=x509_files)
        if comes_in:
            assert client.EnumerateClassNames()
        else:
            with pytest.raises(pywbem.ConnectionError):
                client.EnumerateClassNames()
    assert (" writer EnumerateClassNames " in caplog.text) == comes_in


def test_a_certificate_or_a_password(pki: dict[str, Issued], htpasswd: Path) -> None:
    given = tls_config(pki, tls_client_ca=pki["ca"].file, users=str(htpasswd))
    files = {"cert_file": pki["client"].file, "key_file": pki["client"].key_file}
    with serving(given) as made:
        assert wbem(made, ca_certs=pki["ca"].file, x509=files).EnumerateClassNames()
        assert wbem(made, ca_certs=pki["ca"].file,
                    creds=("reader", "right")).EnumerateClassNames()
        with pytest.raises(pywbem.AuthError):
            wbem(made, ca_certs=pki["ca"].file).EnumerateClassNames()


def test_a_silent_client_does_not_stop_tls(pki: dict[str, Issued]) -> None:
    with serving(tls_config(pki)) as made:
        silent = [connected(made) for _ in range(40)]
        assert wbem(made, ca_certs=pki["ca"].file).EnumerateClassNames()
        for each in silent:
            each.close()


# what may be served

OPEN, FAR = ("127.0.0.1", 5988), ("0.0.0.0", 5988)
TLS = {"tls_cert": "/c", "tls_key": "/k"}


@pytest.mark.parametrize(("uri", "listen", "more", "why"), [
    ("test:///default", FAR, {}, ""), (LAB, FAR, {}, ""),
    ("qemu:///system", OPEN, {}, "qemu:///system is a real host: give --users, "
                                 "or a tls-client-ca"),
    ("test+ssh://host/default", OPEN, {}, "test+ssh://host/default is a real host: give --users, "
                                          "or a tls-client-ca"),
    ("qemu:///system", OPEN, {"users": "/u"}, ""),
    ("qemu:///system", ("::1", 1), {"users": "/u"}, ""),
    ("qemu:///system", ("localhost", 1), {"users": "/u"}, ""),
    ("qemu:///system", FAR, {"users": "/u"}, "0.0.0.0 can be reached from outside, and "
     "qemu:///system is a real host: give --tls-cert and --tls-key"),
    ("qemu:///system", ("host.example", 1), {"users": "/u"}, "host.example can be reached from "
     "outside, and qemu:///system is a real host: give --tls-cert and --tls-key"),
    ("qemu:///system", FAR, {"users": "/u", **TLS}, ""),
    ("qemu:///system", FAR, {"tls_client_ca": "/a", **TLS}, ""),
    ("qemu:///system", FAR, TLS, "qemu:///system is a real host: give --users, "
                                 "or a tls-client-ca"),
])
def test_what_may_be_served(uri: str, listen: Any, more: Any, why: str) -> None:
    harmless = Connection("test:///default", "root/virt/harmless")
    found = refusal(Config([harmless, Connection(uri)], listen=listen, **more))
    assert (found or "") == why


def test_without_a_connection_nothing_is_served() -> None:
    assert "no connection" in str(refusal(Config()))


def test_the_principal_reaches_the_provider(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    def names(self: Provider, **_: Any) -> list[str]:
        seen.append(principal.current())
        return []

    monkeypatch.setattr(Provider, "enumerate_class_names", names)
    sent(made, Authorization=basic("reader:right"))
    assert seen == ["reader"] and principal.current() is None


def test_a_password_that_changes_while_it_is_checked_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "users"
    file.write_text(f"anna:{hashed('old')}\n", "utf-8")
    users = Users(str(file))

    def meanwhile(password: str, against: bytes) -> bool:
        monkeypatch.undo()
        file.write_text(f"anna:{hashed('a new one')}\nbert:{hashed('b')}\n", "utf-8")
        assert users.right("bert", "b")  # the file is read anew
        return verified(password, against)

    monkeypatch.setattr(access, "verified", meanwhile)
    users.right("anna", "old")
    assert not users.right("anna", "old")
    assert users.right("anna", "a new one")
