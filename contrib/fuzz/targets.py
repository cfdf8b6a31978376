# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is fuzzed: functions of bytes that may answer or raise cim.Error, and nothing else, quickly.

Each has a few inputs to begin with and words that its language has. Needs no fuzzer, so that the
tests can run each target on what was once found.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple

from libvirt_cim import cim, condition, convert, mof, wql, wql_parse
from libvirt_cim.adapter import cimxml, json
from libvirt_cim.adapter import mof as instance_mof
from libvirt_cim.adapter.access import WRITE, Access
from libvirt_cim.adapter.cimxml_operation import OPERATIONS
from libvirt_cim.adapter.limits import Limits
from libvirt_cim.adapter.wsgi import Application
from libvirt_cim.config import Config, Connection
from libvirt_cim.schema import load
from libvirt_cim.serve import broker

TOP = Path(__file__).parent.parent.parent
SECONDS = 1.0  # what takes longer is found, too


class Target(NamedTuple):
    """A function of bytes, inputs to begin with, and words to put in."""

    run: Callable[[bytes], None]
    seeds: list[bytes]
    words: str


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# requests of CIM-XML

LOCAL = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH>'
_NAMED = re.compile(rb'METHODCALL\s+NAME="([^"<]*)"')
_GUEST = ('<INSTANCENAME CLASSNAME="Virt_ComputerSystem"><KEYBINDING NAME="CreationClassName">'
          '<KEYVALUE>Virt_ComputerSystem</KEYVALUE></KEYBINDING><KEYBINDING NAME="Name">'
          '<KEYVALUE VALUETYPE="string">test</KEYVALUE></KEYBINDING></INSTANCENAME>')
_VALUES = {
    "class": '<CLASSNAME NAME="Virt_ComputerSystem"/>', "object": _GUEST,
    "number": "<VALUE>5</VALUE>",
    "boolean": "<VALUE>TRUE</VALUE>", "string": "<VALUE>Name</VALUE>",
    "strings": "<VALUE.ARRAY><VALUE>Name</VALUE></VALUE.ARRAY>",
    "instance": f'<VALUE.NAMEDINSTANCE>{_GUEST}<INSTANCE CLASSNAME="Virt_ComputerSystem"><PROPERTY '
                'NAME="Name" TYPE="string"><VALUE>x</VALUE></PROPERTY></INSTANCE>'
                "</VALUE.NAMEDINSTANCE>",
}
_EMBEDDED = ('<PARAMVALUE NAME="SystemSettings" PARAMTYPE="string" EmbeddedObject="instance">'
             '<VALUE>&lt;INSTANCE CLASSNAME="Virt_VirtualSystemSettingData"/&gt;</VALUE>'
             "</PARAMVALUE>")


def _message(call: str) -> bytes:
    return (f'<?xml version="1.0"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" '
            f'PROTOCOLVERSION="1.0"><SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE></CIM>').encode()


def _requests() -> list[bytes]:
    calls = [
        f'<IMETHODCALL NAME="{name}">{LOCAL}' + "".join(
            f'<IPARAMVALUE NAME="{each}">{_VALUES[kind.rstrip("!")]}</IPARAMVALUE>'
            for each, kind in operation.parameters.items()) + "</IMETHODCALL>"
        for name, operation in OPERATIONS.items()]
    methods = [("RequestStateChange", ""), ("DefineSystem", _EMBEDDED)]
    calls += [f'<METHODCALL NAME="{name}"><LOCALINSTANCEPATH>{LOCAL}{_GUEST}</LOCALINSTANCEPATH>'
              f"{parameters}</METHODCALL>" for name, parameters in methods]
    return [_message(call) for call in calls]


class _Body:
    """A body as WSGI gives it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        """All of it, or the beginning."""
        return self._data if size < 0 else self._data[:size]


class _Mistakes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


@contextlib.contextmanager
def mistakes() -> Iterator[list[str]]:
    """What the server logs meanwhile as a mistake of its own, which no client gets to see."""
    log, handler = logging.getLogger("libvirt_cim"), _Mistakes()
    log.addHandler(handler)
    try:
        yield handler.seen
    finally:
        log.removeHandler(handler)


@functools.cache
def _application() -> Application:
    hosts = broker(Config([Connection("test:///default", "root/virt")]))
    return Application(hosts, Access(open_role=WRITE), Limits(), "host")


def server(data: bytes) -> None:
    """The body of a request, whose headers are what they should be."""
    found = _NAMED.search(data)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(data)), "wsgi.input": _Body(data),
        "CONTENT_TYPE": "application/xml", "HTTP_CIMOPERATION": "MethodCall",
        "HTTP_CIMMETHOD": found[1].decode("latin-1") if found else "X",
        "HTTP_CIMOBJECT": "root/virt"}
    if b"<METHODCALL" in data:
        environ["HTTP_CIMOBJECT"] = ('root/virt:Virt_ComputerSystem.CreationClassName='
                                     '"Virt_ComputerSystem",Name="test"')
    begun: list[str] = []
    with mistakes() as seen:
        answer = _application()(environ, lambda status, headers: begun.append(status))
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
    assert not seen, seen[0]
    assert begun[0][:3] != "500" and b"Traceback" not in body


# texts

_TABLE = TOP / "mappings" / "domain" / "disk.mof"
_INSTANCE = (b'instance of Virt_ComputerSystem { Name = "a\\"b"; EnabledState = 2; '
             b"OperationalStatus = { 1, 0x2, 011b, NULL }; };")


def declarations(data: bytes) -> None:
    """MOF: classes and qualifiers, and instances, which are written again."""
    for each in mof.read(_text(data)):
        str(each)
    schema = load("Virt")
    found = instance_mof.decode(_text(data), "-", schema.resolved)
    instance_mof.decode("".join(instance_mof.instances(found, schema.resolved)), "-",
                        schema.resolved)


_SAMPLE = cim.Instance("Virt_ComputerSystem", {
    "Name": "test", "EnabledState": 2, "OperationalStatus": [2, 3], "ElementName": "a" * 40,
    "InstallDate": "20270102030405.678901+000",
    "Link": cim.Path("Virt_ComputerSystem", {"Name": "test"}, "root/virt"),
})


def query(data: bytes) -> None:
    """A query in each language, printed and read again, and its condition on an instance."""
    text, schema = _text(data), load("Virt")
    for language in (wql.WQL, wql.CQL, wql.FQL):
        try:
            found = (wql_parse.parse_condition(text, language) if language is wql.FQL
                     else wql_parse.parse(text, language).condition)
            if found is not None:
                condition.test(found, language, schema)(_SAMPLE)
        except cim.Error:
            continue


def path(data: bytes) -> None:
    """A path, which is the same when it is read as it is printed."""
    found = cim.parse_path(_text(data))
    assert cim.parse_path(str(found)) == found


def whole(data: bytes) -> None:
    """A document of libvirt's, to CIM and back and once more."""
    instances = convert.to_cim(data, associations=True)
    again = convert.to_cim(convert.to_xml(instances))
    assert {str(each.path) for each in again} <= {str(each.path) for each in instances}


def instances(data: bytes) -> None:
    """Instances as CIM-XML and as JSON, and what libvirt's document of them would be."""
    for read in (cimxml.instances, json.decode):
        try:
            convert.to_xml(read(data))
        except cim.Error:
            continue


def _example(name: str) -> bytes:
    return (TOP / "xml" / "example" / name).read_bytes()


_SMALL = """<domain type='kvm'><name>a</name><memory unit='KiB'>1024</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices><disk type='file'><source file='/x'/><target dev='vda'/></disk>
</devices></domain>"""


_FILTER = b"""<filter name='f' chain='root'><uuid>u</uuid><rule action='drop' direction='in'>
<tcp dstportstart='22'/></rule><filterref filter='g'/><rule action='accept' direction='out'/>
<rule action='drop' direction='in'><mac protocolid='arp'/><mac/><stp/></rule></filter>"""
_NETWORK = b"""<network><name>n</name><forward mode='nat' dev='e'/><bridge name='b' delay='0'/>
<portgroup name='p'/><ip address='a' netmask='m'><dhcp><range start='s' end='e'/></dhcp></ip>
<ip family='ipv6' prefix='64'/></network>"""


def _converted() -> list[bytes]:
    found = convert.to_cim(_SMALL)
    encoder = cimxml.Encoder(load("KVM").resolved)
    document = "".join(map(encoder.instance, found))
    return ["".join(json.encode(found)).encode(), f"<CIM>{document}</CIM>".encode()]


def targets() -> dict[str, Target]:
    """All of them by name."""
    where = b"SELECT Name, b.c[1] FROM CIM_X WHERE Name LIKE 'a%' AND NOT (x IS NULL OR y <> 2)"
    like = b"ElementName LIKE '(a|[b-z]+)*' AND ANY OperationalStatus[*] = 2 OR Link ISA CIM_X"
    ours = b'//h/root/virt:X.a="b\\"c",d=1,e=TRUE,f="X.a=\\"b\\""'
    return {
        "server": Target(server, _requests(),
                         'NAME= VALUE VALUE.ARRAY <VALUE/> KEYBINDING "" &lt;'),
        "mof": Target(declarations, [_TABLE.read_bytes(), _INSTANCE],
                      "instance of class : [ ] { } ; NULL #pragma 0x // /* string uint8 REF"),
        "query": Target(query, [where, like], "SELECT FROM WHERE AND OR NOT LIKE ISA ANY EVERY [*] "
                                              "IS NULL ' {1,5000} (a*)* __CLASS 1e999"),
        "path": Target(path, [ours], '//host/ root/virt: . = , "" \\" TRUE -1'),
        "xml": Target(whole, [_example("kvm-web.xml"), _example("xen-pv.xml"), _FILTER, _NETWORK],
                      "<domain <name> <devices> <disk type= <metadata> unit='KiB' <!-- ]]> <rule>"),
        "instances": Target(instances, _converted(), 'INSTANCE VALUE TYPE= "class" \\u0000 1e999'),
    }
