# SPDX-License-Identifier: LGPL-2.1-or-later
"""The walker of RELAX NG grammars: what it says of a small grammar, and of libvirt's own."""

from __future__ import annotations

import time

import pytest
from rng import SCHEMAS, Grammar

pytestmark = pytest.mark.skipif(not SCHEMAS.exists(), reason=f"no RELAX NG in {SCHEMAS}")

MAIN = """<grammar xmlns='http://relaxng.org/ns/structure/1.0'>
<include href='common.rng'><define name='replaced'><attribute name='new'/></define></include>
<start><ref name='top'/></start>
<define name='kind' combine='choice'><value>extra</value></define>
<define name='more' combine='interleave'><optional><element name='two'/></optional></define>
<define name='more' combine='interleave'><element name='one'><mixed><zeroOrMore>
  <element name='word'><list><value>a</value></list></element></zeroOrMore></mixed>
</element></define>
<define name='never'><element name='never'><notAllowed/></element><notAllowed/></define>
<define name='inside'><element name='inside'><value>in</value></element></define>
</grammar>"""
COMMON = """<grammar xmlns='http://relaxng.org/ns/structure/1.0'>
<define name='top'><element name='top'><ref name='replaced'/><interleave>
  <ref name='more'/><ref name='item'/><ref name='item'/><ref name='tree'/>
  <choice><ref name='never'/><element name='foreign'><zeroOrMore><element><nsName ns='u:x'>
    <except><name ns='u:x'>not</name></except></nsName><text/></element></zeroOrMore></element>
  </choice><grammar><start><parentRef name='inside'/></start></grammar>
</interleave></element></define>
<define name='replaced'><attribute name='old'/></define>
<define name='kind'><value>plain</value></define>
<define name='item'><element name='item'><choice>
  <group><optional><attribute name='kind'><ref name='kind'/></attribute></optional>
    <element name='file'><data type='string'><param name='pattern'>(x|y)</param></data></element>
  </group>
  <group><attribute name='kind'><choice><value>block</value><value>disk</value></choice></attribute>
    <element name='dev'><data type='string'><param name='pattern'>/.+</param></data></element>
  </group>
</choice></element></define>
<define name='tree'><optional><element name='tree'><ref name='tree'/></element></optional></define>
</grammar>"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    """A grammar that uses what libvirt's grammars use."""
    folder = tmp_path_factory.mktemp("rng")
    (folder / "main.rng").write_text(MAIN)
    (folder / "common.rng").write_text(COMMON)
    return Grammar(folder / "main.rng")


@pytest.mark.parametrize(("path", "there"), [
    ("/top/@new", True), ("/top/@old", False), ("/top/one/word", True), ("/top/two", True),
    ("/top/never", False), ("/top/inside", True), ("/top/tree/tree/tree/tree", True),
    ("/top/item[@kind='plain']/file", True), ("/top/item[@kind='plain']/dev", False),
    ("/top/*/self::item[@kind='disk']/dev", True), ("/top/item[@kind='none']", False),
    ("/top/item[@kind]/file/../@kind", True), ("/top/item/self::one", False), ("/top/..", True),
    ("/top/foreign/not", False), ("/top/foreign/*", True), ("/top/nothing/..", False),
])
def test_exists(small: Grammar, path: str, there: bool) -> None:
    assert small.exists(path) is there


@pytest.mark.parametrize(("path", "values"), [
    ("/top/item/@kind", {"plain", "extra", "block", "disk"}), ("/top/inside", {"in"}),
    ("/top/item[@kind='disk']/@kind", {"disk"}), ("/top/item/file", {"x", "y"}),
    ("/top/item/dev", None), ("/top/one/word", None), ("/top/one", None), ("/top/two", None),
])
def test_values(small: Grammar, path: str, values: set[str] | None) -> None:
    assert small.values(path) == values


def test_repeats_and_optional(small: Grammar) -> None:
    assert small.repeats("/top/item/@kind") and small.repeats("/top/one/word")
    assert not small.repeats("/top/two") and not small.repeats("/top/item[@kind='disk']/dev")
    assert small.optional("/top/item/@kind") and not small.optional("/top/item[@kind='disk']/@kind")
    assert small.accepts("/top/item/dev", "/a") and not small.accepts("/top/item/dev", "a")


def test_libvirt() -> None:
    start, domain = time.perf_counter(), Grammar(SCHEMAS / "domain.rng")
    assert domain.exists("/domain/devices/disk[@type='file']/source/@file")
    assert not domain.exists("/domain/devices/disk[@type='file']/source/@dev")
    assert domain.exists("/domain/qemu:commandline/qemu:arg/@value")
    assert domain.values("/domain/os/boot/@dev") == {"hd", "fd", "cdrom", "network"}
    assert domain.repeats("/domain/os/boot") and not domain.repeats("/domain/vcpu")
    for number in range(300):
        assert domain.exists(f"/domain/metadata/any{number}/@name")
    assert time.perf_counter() - start < 5
