# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile client may send: refused in bounded time and memory, and others are answered."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from served import LOCAL, config, connected, everything, head, message, reply, sent, serving

from libvirt_cim.adapter.limits import Limits

LIMITS = Limits(header=4096, body=100_000, silence=1, request=2, threads=4, connections=60)


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    with serving(config(limits=LIMITS)) as found:
        yield found


@pytest.fixture(autouse=True)
def answers_others(made: Any) -> Iterator[None]:
    """After whatever was sent, the server answers, and has not grown much."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert sent(made).status == 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KiB


def answered(made: Any, data: bytes) -> bytes:
    """What comes back for bytes, until the server closes; within ten seconds."""
    with connected(made) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(data)
        return everything(sock)


BOMB = ('<!DOCTYPE x [<!ENTITY a "' + "a" * 1000 + '">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
        + "]><CIM>&j;</CIM>")


@pytest.mark.parametrize(("body", "word"), [
    (BOMB, "request-not-valid"),
    ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><CIM/>', "request-not-valid"),
    ('<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><CIM>&x;</CIM>', "request-not-valid"),
    ("<a>" * 30_000, "request-not-well-formed"),
    ("<CIM" + "".join(f' a{n}="1"' for n in range(9_000)) + ">", "request-not-well-formed"),
])
def test_hostile_xml(made: Any, body: str, word: str) -> None:
    found = sent(made, body.encode())
    assert (found.status, found.headers["cimerror"]) == (400, word)


def test_deep_paths_and_embedded_instances(made: Any) -> None:
    deep = '<VALUE.REFERENCE><INSTANCENAME CLASSNAME="A"><KEYBINDING NAME="k">' * 60
    end = "</KEYBINDING></INSTANCENAME></VALUE.REFERENCE>" * 60
    inner = deep + "<KEYVALUE>x</KEYVALUE>" + end
    call = (f'<IMETHODCALL NAME="GetInstance">{LOCAL}<IPARAMVALUE NAME="InstanceName">'
            f'<INSTANCENAME CLASSNAME="A"><KEYBINDING NAME="k">{inner}</KEYBINDING>'
            "</INSTANCENAME></IPARAMVALUE></IMETHODCALL>")
    found = sent(made, message(call), CIMMethod="GetInstance")
    assert found.status in (200, 400) and b"Traceback" not in found.body


def test_a_body_that_is_announced_too_large(made: Any) -> None:
    for size in (LIMITS.body + 1, 1 << 30, 1 << 70):
        found = answered(made, head(headers={"Content-Length": size}) + b"x" * 1000)
        assert reply(found).status == 413


@pytest.mark.parametrize("chunk", [1 << 30, 50_000, 1 << 70])
def test_a_chunked_body_that_is_too_large(made: Any, chunk: int) -> None:
    begun = time.monotonic()
    request = head(headers={"Transfer-Encoding": "chunked"})
    one = f"{chunk:x}\r\n".encode() + b"x" * min(chunk, 200_000) + b"\r\n"
    found = answered(made, request + one * 10)
    assert not found or reply(found).status == 413
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("framing", [b"zz\r\n", b"-5\r\nhello\r\n", b"\r\n", b"5;\r\nab",
                                     b"x" * 9000])
def test_chunks_that_are_none(made: Any, framing: bytes) -> None:
    found = answered(made, head(headers={"Transfer-Encoding": "chunked"}) + framing)
    assert reply(found).status in (400, 408, 413)


def test_a_chunked_body_is_read(made: Any) -> None:
    body = message()
    found = answered(made, head(headers={"Transfer-Encoding": "chunked", "Connection": "close"})
                     + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
    assert reply(found).status == 200


def test_a_chunked_body_that_nobody_read_is_no_next_request(made: Any) -> None:
    inner = head(headers={"Content-Length": 0, "Connection": "close"})
    request = head(headers={"Transfer-Encoding": "chunked", "CIMOperation": None})
    found = answered(made, request + f"{len(inner):x}\r\n".encode() + inner + b"\r\n0\r\n\r\n")
    assert found.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("headers", [{"X": "x" * 10_000}, {f"X{n}": "x" for n in range(2_000)}])
def test_a_head_that_is_too_large(made: Any, headers: dict[str, str]) -> None:
    found = answered(made, head(headers=headers))
    assert not found or reply(found).status in (400, 413)


def test_a_line_without_end(made: Any) -> None:
    with connected(made) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(b"POST /")
            for _ in range(1000):
                sock.sendall(b"x" * 50_000)
        found = everything(sock)
    assert not found or reply(found).status in (400, 414)


@pytest.mark.parametrize("data", [
    b"\r\n\r\n", b"HELLO\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"post / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\nHost: x\n\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100,
    b"CONNECT x:1 HTTP/1.1\r\n\r\n", b"POST http://[ HTTP/1.1\r\n\r\n",
])
def test_what_is_no_request(made: Any, data: bytes) -> None:
    with connected(made) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        found = everything(sock)
    assert not found or reply(found).status >= 400


def test_a_slow_client_is_cut_off(made: Any) -> None:
    for request in (head(headers={"Content-Length": 500}), head()[:-4]):
        with connected(made) as sock:
            begun = time.monotonic()
            with contextlib.suppress(OSError):
                sock.sendall(request)
                for _ in range(100):
                    sock.sendall(b"a")
                    time.sleep(0.1)
                    assert time.monotonic() - begun < 6
            everything(sock)
        assert LIMITS.request - 1 < time.monotonic() - begun < 6


def test_slow_clients_in_all_threads(made: Any) -> None:
    slow = [connected(made) for _ in range(8)]
    for each in slow:
        each.sendall(head()[:50])
    begun = time.monotonic()
    assert sent(made).status == 200
    assert time.monotonic() - begun < 4 * LIMITS.silence
    for each in slow:
        each.close()


def test_a_client_that_reads_nothing(made: Any) -> None:
    with connected(made) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = head(headers={"Content-Length": len(message())}) + message()
        with contextlib.suppress(OSError):
            for _ in range(200):
                sock.sendall(request)


def test_a_thousand_connections(made: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(1000, (soft - 200) // 2)
    idle = []
    for _ in range(most):
        with contextlib.suppress(OSError):
            idle.append(connected(made))
    assert made._connections._num_connections <= LIMITS.connections
    time.sleep(LIMITS.silence + 0.5)  # those that say nothing are gone
    assert made._connections._num_connections < 5
    for each in idle:
        each.close()


def test_odd_headers(made: Any) -> None:
    assert sent(made, CIMObject="root/virt\x80\xff").status == 400
    assert sent(made, CIMMethod="x" * 3000).status == 400
