# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests by hand: each of DSP0200's statuses for a wrong one, M-POST, OPTIONS, CIM errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from served import CALL, LOCAL, config, connected, everything, head, message, reply, sent, serving

MAPPING = "http://www.dmtf.org/cim/mapping/http/v1.0"


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    with serving(config()) as found:
        yield found


def intrinsic(name: str, parameters: str = "") -> bytes:
    """The message of an operation."""
    return message(f'<IMETHODCALL NAME="{name}">{LOCAL}{parameters}</IMETHODCALL>')


def parameter(name: str, content: str) -> str:
    """IPARAMVALUE."""
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def test_right(made: Any) -> None:
    found = sent(made)
    assert found.status == 200 and found.headers["cimoperation"] == "MethodResponse"
    assert found.headers["content-type"] == "application/xml; charset=utf-8"
    assert int(found.headers["content-length"]) == len(found.body)
    assert b'<MESSAGE ID="7" PROTOCOLVERSION="1.0"><SIMPLERSP><IMETHODRESPONSE ' in found.body
    assert found.body.count(b"<CLASSNAME ") > 5


LOOSE = "request-not-loosely-valid"
BODIES = [
    (message(cim="3.0"), 501, "unsupported-cim-version"),
    (message(dtd="1.1"), 501, "unsupported-dtd-version"),
    (message(version="2.0"), 501, "unsupported-protocol-version"),
    (message(request="MULTIREQ"), 501, "multiple-requests-unsupported"),
    (b"<CIM", 400, "request-not-well-formed"),
    (b"", 400, "request-not-well-formed"),
    (b"\xff\xfe<\x00", 400, "request-not-well-formed"),
    (b"<!DOCTYPE CIM><CIM/>", 400, "request-not-valid"),
    (b"<INSTANCE/>", 400, LOOSE),
    (b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"/>', 400, LOOSE),
    (b'<CIM DTDVERSION="2.0"/>', 400, LOOSE),
    (message().replace(b' ID="7"', b""), 400, LOOSE),
    (message(""), 400, LOOSE),
    (message(CALL + CALL), 400, LOOSE),
    (message("<METHODCALL/>"), 400, LOOSE),
    (message('<METHODCALL NAME="X"/>'), 400, LOOSE),
    (message(f'<METHODCALL NAME="EnumerateClassNames">{LOCAL}</METHODCALL>'), 400, LOOSE),
    (message('<IMETHODCALL NAME="EnumerateClassNames"/>'), 400, LOOSE),
    (message(f'<IMETHODCALL NAME="EnumerateClassNames">{LOCAL}<PARAMVALUE NAME="x"/>'
             "</IMETHODCALL>"), 400, LOOSE),
    (message('<IMETHODCALL NAME="EnumerateClassNames"><LOCALNAMESPACEPATH/></IMETHODCALL>'), 400,
     LOOSE),
    (message(request="SIMPLEEXPREQ"), 400, LOOSE),
]


@pytest.mark.parametrize(("body", "status", "word"), BODIES)
def test_wrong_bodies(made: Any, body: bytes, status: int, word: str) -> None:
    found = sent(made, body)
    assert (found.status, found.headers.get("cimerror")) == (status, word)


@pytest.mark.parametrize(("headers", "status", "word"), [
    ({"CIMOperation": None}, 400, "unsupported-operation"),
    ({"CIMOperation": "Walk"}, 400, "unsupported-operation"),
    ({"CIMProtocolVersion": "2.0"}, 501, "unsupported-protocol-version"),
    ({"CIMBatch": ""}, 501, "multiple-requests-unsupported"),
    ({"CIMMethod": None}, 400, "header-mismatch"),
    ({"CIMObject": None}, 400, "header-mismatch"),
    ({"CIMMethod": "GetInstance"}, 400, "header-mismatch"),
    ({"CIMObject": "root/other"}, 400, "header-mismatch"),
    ({"Content_Type": "text/html"}, 415, None),
    ({"Content_Type": None}, 415, None),
    ({"Content_Type": "application/xml; charset=latin1"}, 415, None),
    ({"Content_Encoding": "gzip"}, 415, None),
    ({"Accept": "text/html"}, 406, None),
    ({"Content_Length": "-5"}, 400, None),
    ({"Content_Length": "x"}, 400, None),
    ({"Content_Length": None}, 411, None),
])
def test_wrong_headers(made: Any, headers: Any, status: int, word: Any) -> None:
    found = sent(made, **headers)
    assert (found.status, found.headers.get("cimerror")) == (status, word)


@pytest.mark.parametrize("headers", [
    {"CIMProtocolVersion": "1.4"}, {"Content_Type": "text/xml"}, {"Accept": "text/xml, */*"},
    {"Content_Type": "application/xml; charset=UTF-8"}, {"CIMObject": "root%2Fvirt"},
    {"CIMOperation": "methodcall"}, {"CIMObject": "/root/VIRT"},
])
def test_other_right_headers(made: Any, headers: Any) -> None:
    assert sent(made, **headers).status == 200


def test_m_post(made: Any) -> None:
    plain: Any = {"CIMOperation": None, "CIMMethod": None, "CIMObject": None}
    numbered: Any = {"73_CIMOperation": "MethodCall", "73_CIMMethod": "EnumerateClassNames",
                "73_CIMObject": "root/virt"}
    for man in (f"{MAPPING};ns=73", f'"{MAPPING}" ; ns=73'):
        found = sent(made, method="M-POST", Man=man, **plain, **numbered)
        assert found.status == 200 and found.headers["73-cimoperation"] == "MethodResponse"
        assert found.headers["ext"] == "" and found.headers["man"] == f"{MAPPING}; ns=73"
    found = sent(made, method="M-POST", Man=f"{MAPPING};ns=73", **plain)
    assert (found.status, found.headers["73-cimerror"]) == (400, "unsupported-operation")
    for wrong in (None, "http://example.com/;ns=73", f"{MAPPING};ns=7"):
        assert sent(made, method="M-POST", Man=wrong, **plain, **numbered).status == 510


def test_options(made: Any) -> None:
    found = sent(made, b"", "OPTIONS", CIMOperation=None)
    assert found.status == 200 and found.headers["allow"] == "POST, M-POST, OPTIONS, GET, HEAD"
    assert found.headers["77-cimprotocolversion"] == "1.0"
    assert "association-traversal" in found.headers["77-cimsupportedfunctionalgroups"]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "TRACE"])
def test_other_methods_of_http(made: Any, method: str) -> None:
    found = sent(made, b"", method)
    assert found.status == 405 and found.headers["allow"] == "POST, M-POST, OPTIONS, GET, HEAD"


NAMED = '<CLASSNAME NAME="CIM_System"/>'


@pytest.mark.parametrize(("name", "parameters", "code", "text"), [
    ("Nothing", "", 7, "Nothing is not supported"),
    ("EnumerateInstances", "", 4, "EnumerateInstances.ClassName: must be given"),
    ("EnumerateInstances", parameter("ClassName", "<VALUE>x</VALUE>"), 4,
     "EnumerateInstances.ClassName: is not the name of a class"),
    ("EnumerateInstances", parameter("Size", NAMED), 4, "EnumerateInstances has no parameter Size"),
    ("EnumerateInstances", parameter("ClassName", NAMED) * 2, 4,
     "EnumerateInstances.ClassName: is given twice"),
    ("EnumerateInstances", parameter("ClassName", NAMED)
     + parameter("DeepInheritance", "<VALUE>perhaps</VALUE>"), 4,
     "EnumerateInstances.DeepInheritance: is not true or false"),
    ("GetInstance", parameter("InstanceName", "<VALUE>x</VALUE>"), 4,
     "GetInstance.InstanceName: is not a path"),
    ("GetQualifier", parameter("QualifierName", NAMED), 4,
     "GetQualifier.QualifierName: is not a string"),
    ("ModifyInstance", parameter("ModifiedInstance", NAMED), 4,
     "ModifyInstance.ModifiedInstance: is not an instance"),
    ("PullInstancesWithPath", parameter("EnumerationContext", "<VALUE>x</VALUE>")
     + parameter("MaxObjectCount", "<VALUE>-1</VALUE>"), 4,
     "PullInstancesWithPath.MaxObjectCount: is not a uint32"),
])
def test_wrong_operations_are_cim_errors(
    made: Any, name: str, parameters: str, code: int, text: str
) -> None:
    found = sent(made, intrinsic(name, parameters), CIMMethod=name)
    assert found.status == 200
    error = re.search(rb'<ERROR CODE="(\d+)" DESCRIPTION="([^"]*)"/>', found.body)
    assert error and (int(error[1]), error[2].decode()) == (code, text)


FRONT1 = ('<INSTANCENAME CLASSNAME="Virt_ComputerSystem"><KEYBINDING NAME="CreationClassName">'
          '<KEYVALUE>Virt_ComputerSystem</KEYVALUE></KEYBINDING><KEYBINDING NAME="Name">'
          "<KEYVALUE>front1</KEYVALUE></KEYBINDING></INSTANCENAME>")


@pytest.mark.parametrize(("name", "content"), [
    ("enabledstate", b"<IRETURNVALUE><VALUE>2</VALUE></IRETURNVALUE>"),
    ("OperationalStatus", b"<IRETURNVALUE><VALUE.ARRAY><VALUE>2</VALUE></VALUE.ARRAY>"),
    ("InstallDate", b"<IRETURNVALUE></IRETURNVALUE>"),
    ("Nothing", b'<ERROR CODE="12" DESCRIPTION="Virt_ComputerSystem has no property Nothing"/>'),
])
def test_a_single_property(made: Any, name: str, content: bytes) -> None:
    body = intrinsic("GetProperty", parameter("InstanceName", FRONT1)
                     + parameter("PropertyName", f"<VALUE>{name}</VALUE>"))
    assert content in sent(made, body, CIMMethod="GetProperty").body


def test_names_are_equal_whatever_their_case(made: Any) -> None:
    body = intrinsic("enumerateinstancenames", parameter("classname", NAMED))
    found = sent(made, body, CIMMethod="ENUMERATEINSTANCENAMES")
    assert found.body.count(b"<INSTANCENAME ") > 5


SYSTEM = "root/virt:Virt_ComputerSystem"
PATH = ('<LOCALINSTANCEPATH>' + LOCAL + '<INSTANCENAME CLASSNAME="Virt_ComputerSystem">'
        '<KEYBINDING NAME="CreationClassName"><KEYVALUE>Virt_ComputerSystem</KEYVALUE></KEYBINDING>'
        '<KEYBINDING NAME="Name"><KEYVALUE>d\u00e9sk</KEYVALUE></KEYBINDING></INSTANCENAME>'
        "</LOCALINSTANCEPATH>")


@pytest.mark.parametrize(("target", "right"), [
    (f'{SYSTEM}.Name="d%C3%A9sk",CreationClassName="Virt_ComputerSystem"', True),
    (f'{SYSTEM.upper()}.name="d%c3%a9sk",creationclassname="Virt_ComputerSystem"', True),
    (f'{SYSTEM}.Name="d\xe9sk",CreationClassName="Virt_ComputerSystem"', True),
    (f'{SYSTEM}.Name="other",CreationClassName="Virt_ComputerSystem"', False),
    ("root/virt:Virt_ComputerSystem", False),
    ("root/virt", False),
    ("%%%", False),
])
def test_what_a_method_is_called_on(made: Any, target: str, right: bool) -> None:
    body = message(f'<METHODCALL NAME="Fly">{PATH}</METHODCALL>')
    found = sent(made, body, CIMMethod="Fly", CIMObject=target)
    assert found.status == (200 if right else 400)
    assert (b'<ERROR CODE="17"' in found.body) == right


def test_a_connection_stays_open(made: Any) -> None:
    with connected(made) as sock:
        for _ in range(3):
            sock.sendall(head(headers={"Content-Length": len(message())}) + message())
            data = sock.recv(65536)
            found = reply(data)
            while len(found.body) < int(found.headers["content-length"]):
                data += sock.recv(65536)
                found = reply(data)
            assert found.status == 200
        sock.sendall(head(headers={"Content-Length": 3, "Connection": "close"}) + b"<x>")
        assert reply(everything(sock)).status == 400


def test_an_answer_is_one_packet(made: Any) -> None:
    body = intrinsic("GetQualifier", parameter("QualifierName", "<VALUE>Key</VALUE>"))
    with connected(made) as sock:
        sock.sendall(head(headers={"Content-Length": len(body), "CIMMethod": "GetQualifier"})
                     + body)
        found = reply(sock.recv(65536))
        assert len(found.body) == int(found.headers["content-length"]) > 100
