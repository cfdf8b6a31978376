# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI's values: every type goes to a server and comes back, or is refused by name."""

from __future__ import annotations

from typing import Any, Optional

import attrs
import pytest
from codecs_data import XML, classes, instances, paths
from fake_broker import FakeBroker
from fake_objects import CHARS, INSTANCE, NULL, STRING, Thing, ffi, thing
from fake_openwbem import OpenWbem
from hypothesis import given

from libvirt_cim.adapter.cmpi_decode import Decoder
from libvirt_cim.adapter.cmpi_encode import Encoder
from libvirt_cim.adapter.cmpi_server import Server, Unfit
from libvirt_cim.cim import Error, Instance, Path, Property, Status

BROKERS = {embeds: FakeBroker(embeds=embeds) for embeds in (True, False)}
PATH = Path("Virt_Part", {"Name": "a", "Number": 3, "Flag": True}, "root/virt")


def address(pointer: Any) -> int:
    """A pointer of cffi as a number."""
    return int(ffi.cast("uintptr_t", pointer))


def encoder(broker: FakeBroker) -> Encoder:
    """What makes objects of a broker, whose Interop namespace has another name than ours."""
    def place(ours: str) -> str:
        return {"interop": "root/PG_InterOp"}.get(ours, ours) or "root/virt"

    return Encoder(Server(address(broker.c)), classes, place)


def unplaced(value: Any) -> Any:
    """A value without the hosts of paths, their namespaces as the server calls them."""
    if isinstance(value, list):
        return [unplaced(each) for each in value]
    if isinstance(value, Path):
        place = {"interop": "root/PG_InterOp"}.get(value.namespace or "", value.namespace)
        return str(attrs.evolve(value, host=None, namespace=place or "root/virt"))
    if isinstance(value, Instance):
        return value.class_name, {name: unplaced(each) for name, each in value.properties.items()}
    return value


@pytest.mark.parametrize("embeds", [True, False])
@given(instance=instances(XML))
def test_instances(embeds: bool, instance: Instance) -> None:
    broker = BROKERS[embeds]
    made = encoder(broker).instance(instance)
    assert broker.mistakes == []
    assert unplaced(Decoder(classes).instance(made)) == unplaced(instance)
    broker.clear()


def test_instances_are_refused_in_the_middle_of_an_array() -> None:
    """An array has one type: the texts of all."""
    broker = FakeBroker(embeds=False)
    inner = Instance("Virt_Part", {"Name": "inner"})
    instance = Instance("Virt_All", {"Parts": [
        Instance("Virt_Part", {"Inner": inner}), Instance("Virt_Part", {"Name": "b"})]})
    made = encoder(broker).instance(instance)
    assert broker.mistakes == [] and Decoder(classes).instance(made) == instance


@given(path=paths(XML))
def test_paths(path: Path) -> None:
    broker = BROKERS[True]
    assert unplaced(Decoder(classes).path(encoder(broker).path(path))) == unplaced(path)
    broker.clear()


@pytest.mark.parametrize(("name", "value", "text"), [
    ("U8", 256, "Virt_All.U8: 256 is outside uint8 (0 to 255)"),
    ("S64", True, "Virt_All.S64: True is not of type sint64"),
    ("Text", 7, "Virt_All.Text: 7 is not of type string"),
    ("Text", "a\0b", "Virt_All.Text: XML cannot carry the character U+0000"),
    ("Texts", ["a", "\ufffe"], "Virt_All.Texts: XML cannot carry the character U+FFFE"),
    ("Texts", "a", "Virt_All.Texts: 'a' is not of type an array"),
    ("Truth", 1, "Virt_All.Truth: 1 is not of type boolean"),
    ("Large", "1", "Virt_All.Large: '1' is not of type real64"),
    ("Letter", 65, "Virt_All.Letter: 65 is not of type char16"),
    ("Date", 5, "Virt_All.Date: 5 is not of type string"),
    ("Part", "<INSTANCE/>", "Virt_All.Part: '<INSTANCE/>' is not of type instance"),
    ("Link", 5, "Virt_All.Link: 5 is not of type reference"),
    ("Nothing", 5, "Virt_All.Nothing: there is no such property"),
])
def test_what_is_not_of_its_type(name: str, value: Any, text: str) -> None:
    broker = BROKERS[True]
    with pytest.raises(Error) as error:
        encoder(broker).instance(Instance("Virt_All", {name: value}))
    assert error.value.text == text
    broker.clear()


def test_what_is_null_is_not_there_whatever_the_class_says() -> None:
    broker = BROKERS[True]
    broker.defaults = {"Truth": True, "Letter": None}
    try:
        made = encoder(broker).instance(Instance("Virt_All", {"Text": "a"}))
        values = thing(ffi.cast("Object *", made), "instance").values
        assert broker.read(values["Truth"]) is None and broker.read(values["Text"]) == "a"
    finally:
        broker.defaults = {}
        broker.clear()


def test_keys_are_set_and_not_shown() -> None:
    broker = BROKERS[True]
    instance = Instance("Virt_Part", {"OldName": "b"}, PATH)
    made = thing(ffi.cast("Object *", encoder(broker).instance(instance)), "instance")
    assert made.wanted == {"oldname"} and {"Name", "Number", "Flag"} <= made.values.keys()
    broker.clear()


def test_a_quote_in_a_reference() -> None:
    """sfcb's process would end: the adapter knows it by its name."""
    broker = FakeBroker(name="RequestHandler")
    link = Instance("Virt_Link", {}, Path("Virt_Link", {
        "Antecedent": PATH, "Dependent": attrs.evolve(PATH, keys={"Name": 'a"b'})}))
    with pytest.raises(Unfit, match="no reference to root/virt:Virt_Part.Name="):
        encoder(broker).instance(link)


def test_openwbem() -> None:
    """Where its functions are, and what it would lose: an instance is a text, NULLs are none."""
    broker = OpenWbem()
    server = Server(address(broker.c))
    prepared = server.functions.prepare(server.address, address(broker.context()))
    assert thing(ffi.cast("Object *", prepared), "context").principal == "events"
    inner = Instance("Virt_Part", {"Name": "inner"})
    made = encoder(broker).instance(Instance("Virt_All", {
        "Part": inner, "Parts": [inner], "Texts": ["a", None], "U8": 7}))
    assert broker.mistakes == []
    assert Decoder(classes).instance(made) == Instance(
        "Virt_All", {"Part": inner, "Parts": [inner], "U8": 7})
    arguments: Any = Thing(broker, "args", values={})
    encoder(broker).argument(address(arguments.c), EMBEDDED, inner)
    assert "inner" in broker.read(arguments.values["Part"])


def test_what_a_client_of_openwbem_leaves_out() -> None:
    """A key is not asked for, and an argument that has no name is none."""
    broker = OpenWbem()
    server = Server(address(broker.c))
    for keys in ({}, {"Name": "a"}, {"Name": 'x="null"', "Number": 3}):
        made = broker.lacking(broker.lacking(broker.path(
            "root/virt", "Virt_Part", dict(keys)), "Other").c, "Flag")
        found = Decoder(classes, count=server.keys).path(address(made.c))
        assert broker.mistakes == [] and found.keys == keys
    rows = {each: Property(each, "string") for each in ("A", "B", "C")}
    given = Thing(broker, "args", values={
        "A": broker.data("a"), "B": broker.data(None), "C": broker.data("c")})
    assert Decoder(classes).arguments(address(given.c), rows, "M") == {"A": "a", "C": "c"}


# what comes

def data(broker: FakeBroker, value: Any, type_: Optional[int] = None) -> dict[str, Any]:
    """A parameter `it`."""
    return {"it": broker.data(value, type_)}


def read(values: Any, broker: FakeBroker, row: Property) -> Any:
    """What that parameter is to us."""
    made = Thing(broker, "args", values=values)
    return Decoder(classes).arguments(address(made.c), {row.name: row}, "M")[row.name]


XML_PART = '<INSTANCE CLASSNAME="Virt_Part"><PROPERTY NAME="Name" TYPE="string"><VALUE>a</VALUE>' \
    "</PROPERTY></INSTANCE>"
PART = Instance("Virt_Part", {"Name": "a"})
EMBEDDED = classes("Virt_All").properties["Part"]


@pytest.mark.parametrize(("type_", "value", "found"), [
    ("uint16", 7, 7), ("uint16", "7", 7), ("boolean", "true", True), ("boolean", 1, True),
    ("real64", 2, 2.0), ("real64", "1.5", 1.5), ("string", "", ""),
    ("datetime", "20270102030405.678901+000", "20270102030405.678901+000"), ("string", None, None),
])
def test_the_declared_type_counts(type_: str, value: Any, found: Any) -> None:
    broker = BROKERS[True]
    told = read(data(broker, value), broker, Property("It", type_))
    assert told == found and type(told) is type(found)


def test_arrays_by_their_declaration() -> None:
    """sfcb gives an empty array of strings as one of instances."""
    broker = BROKERS[True]
    row = Property("It", "string", is_array=True)
    assert read(data(broker, [], INSTANCE | 1 << 13), broker, row) == []
    assert read(data(broker, ["a", None]), broker, row) == ["a", None]
    with pytest.raises(Error, match="M.It: is one value"):
        read(data(broker, ["a"]), broker, Property("It", "string"))


def test_embedded_instances_in_any_form() -> None:
    broker = BROKERS[True]
    row = Property("It", "string", qualifiers=EMBEDDED.qualifiers)
    texts = [XML_PART, 'instance of Virt_Part { Name = "a"; };']
    for text in texts:
        assert read(data(broker, text), broker, row) == PART
    made = encoder(broker).instance(PART)
    assert read(data(broker, ffi.cast("Object *", made)), broker, row) == PART
    assert read(data(broker, " "), broker, row) is None
    with pytest.raises(Error, match="M.It"):
        read(data(broker, "<INSTANCE"), broker, row)


def test_texts_by_their_first_character() -> None:
    """CMPI_chars, as sfcb gives the principal."""
    broker = BROKERS[True]
    kept = ffi.new("char[]", "é".encode())
    one = broker.data("")
    one.type, one.value = CHARS, address(kept)
    assert read({"it": one}, broker, Property("It", "string")) == "é"
    one.type, one.value = STRING, address(NULL)
    assert read({"it": one}, broker, Property("It", "string")) is None
    one.type = 0x1900
    one.value = 8
    with pytest.raises(Error) as error:
        read({"it": one}, broker, Property("It", "string"))
    assert error.value.status == Status.INVALID_PARAMETER
