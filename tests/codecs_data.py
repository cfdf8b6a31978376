# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the codecs share: classes with every type, and instances of them at random."""

from __future__ import annotations

import warnings
from typing import Any

import pywbem
from hypothesis import strategies as st
from pywbem._mof_compiler import MOFWBEMConnection

from libvirt_cim import mof
from libvirt_cim.cim import Class, Error, Instance, Path, Property, QualifierType, Status
from libvirt_cim.value import RANGES

NAMESPACE = "root/virt"
QUALIFIER_MOF = """
Qualifier Association : boolean = false, Scope(association), Flavor(DisableOverride, ToSubclass);
Qualifier Indication : boolean = false, Scope(class, indication), Flavor(DisableOverride);
Qualifier Abstract : boolean = false, Scope(class, association, indication), Flavor(Restricted);
Qualifier ArrayType : string = "Bag", Scope(property, parameter), Flavor(DisableOverride);
Qualifier Deprecated : string[], Scope(any), Flavor(Restricted);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter);
Qualifier EmbeddedObject : boolean = false, Scope(property, method, parameter),
    Flavor(DisableOverride, ToSubclass);
Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier MaxLen : uint32 = null, Scope(property, method, parameter);
Qualifier MinValue : sint64 = null, Scope(property, method, parameter);
Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(Restricted);
Qualifier ValueMap : string[], Scope(property, method, parameter);
Qualifier Values : string[], Scope(property, method, parameter), Flavor(Translatable, ToInstance);
Qualifier Virt_Numbers : real64[] = { 1.5, -2.0 }, Scope(class);
"""
CLASS_MOF = """
   [Abstract, Description ( "The \\"first\\" of all.\\nÜber <all> & \\\\." )]
class Virt_Element {
   [Key, MaxLen ( 256 )] string Name = "a \\"name\\"";
   [Deprecated { "Virt_Element.Name", "No value" }] string OldName;
};
   [Virt_Numbers { 0.25, 1.0e+30 }]
class Virt_Part : Virt_Element {
   [Override ( "Name" ), Key, Description (
      "Words that go on and on, so that the literal is broken into parts that follow each other, "
      "and each of them fits on a line of its own, whatever stands in it." )]
   string Name;
   [Key] uint16 Number = 7;
   [Key] boolean Flag = true;
   [EmbeddedInstance ( "Virt_Part" )] string Inner;
};
class Virt_All {
   [Key] string Name; string Text; datetime Date; boolean Truth = false; char16 Letter = 'x';
   real32 Small = 1.5; real64 Large;
   uint8 U8; uint16 U16; uint32 U32; uint64 U64 = 18446744073709551615;
   sint8 S8; sint16 S16; sint32 S32; sint64 S64 = -9223372036854775808;
   [ArrayType ( "Indexed" ), ValueMap { "a", "b", ".." }, Values { "A", "B", "Vendor \\"B\\"" }]
   string Texts[] = { "a", "", "b\\\\c" };
   datetime Dates[]; boolean Truths[] = { true, false }; real64 Reals[];
   [MinValue ( -5 )] uint64 Numbers[4] = { 1, 2 };
   sint8 Bytes[];
   [EmbeddedInstance ( "Virt_Part" )] string Part;
   [EmbeddedObject] string Object;
   [EmbeddedInstance ( "Virt_Part" )] string Parts[];
   Virt_Part REF Link;
      [Description ( "Does it." )]
   uint32 DoIt(
      [In, Description ( "A long description of a parameter that does not fit on one line." )]
      string Texts[],
      [In ( false ), Out, ArrayType ( "Indexed" )] Virt_Part REF Links[],
      [In] Virt_Part REF Link, [Out, EmbeddedInstance ( "Virt_Part" )] string Part,
      uint16 Numbers[3]);
   boolean Undo();
};
   [Association]
class Virt_Link {
   [Key] Virt_Part REF Antecedent;
   [Key] Virt_Part REF Dependent;
};
"""
QUALIFIERS = {
    each.name: each for each in mof.read(QUALIFIER_MOF) if isinstance(each, QualifierType)
}
DECLARED = {each.name: each for each in mof.read(CLASS_MOF) if isinstance(each, Class)}


def classes(name: str) -> Class:
    """A class with all it inherits."""
    found = next((each for each in DECLARED.values() if each.name.lower() == name.lower()), None)
    if found is None:
        raise Error(Status.INVALID_CLASS, f"{name}: there is no such class")
    if found.superclass is None:
        return found
    inherited = {**classes(found.superclass).properties, **found.properties}
    return Class(found.name, found.superclass, inherited, found.methods, found.qualifiers)


# instances at random

DATETIMES = st.one_of(
    st.datetimes(min_value=pywbem.CIMDateTime.now().datetime.replace(1000, tzinfo=None)).map(
        lambda each: f"{each:%Y%m%d%H%M%S.%f}-060"
    ),
    st.builds("{:08d}123456.{:06d}:000".format, st.integers(0, 99999999), st.integers(0, 999999)),
)
# All that XML can carry; and all there is, for formats that escape what they cannot.
XML = st.text(
    st.one_of(
        st.sampled_from("\t\n\r \"'\\&<>]ü\x7f\x85\u2028\ufeff\U0001f600"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    )
)
NO_RETURNS = XML.map(lambda each: each.replace("\r", ""))
ANY = st.text(st.one_of(st.sampled_from("\0\x01\b\f\x1f\"'\\/\ud800\ufffe"), st.characters()))


def scalars(row: Property, text: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Any]:
    """Values of a row's type."""
    if row.qualifier("EmbeddedInstance") or row.qualifier("EmbeddedObject"):
        return instances(text, "Virt_Part", depth - 1)
    if row.type == "reference":
        return paths(text)
    if row.type in RANGES:
        low, high = RANGES[row.type]
        return st.one_of(st.integers(low, high), st.sampled_from([low, high]))
    return {
        "string": text,
        "datetime": DATETIMES,
        "boolean": st.booleans(),
        "char16": text.filter(lambda each: each[:1] <= "\uffff" and each).map(lambda each: each[0]),
        "real32": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "real64": st.floats(allow_nan=False, allow_infinity=False),
    }[row.type]


def paths(text: st.SearchStrategy[str]) -> st.SearchStrategy[Path]:
    """Paths of parts, with and without namespace and host."""
    keys = st.fixed_dictionaries(
        {"Name": text, "Number": st.integers(0, 65535), "Flag": st.booleans()}
    )
    where = st.sampled_from(
        [(None, None), (NAMESPACE, None), ("interop", None), (NAMESPACE, "host.example.com:5989")]
    )
    return st.builds(lambda each, place: Path("Virt_Part", each, *place), keys, where)


def instances(
    text: st.SearchStrategy[str], name: str = "Virt_All", depth: int = 2
) -> st.SearchStrategy[Instance]:
    """Instances of a class, each property set or not."""
    optional = {}
    for row in classes(name).properties.values():
        embedded = row.qualifier("EmbeddedInstance") or row.qualifier("EmbeddedObject")
        if embedded and depth == 0:
            continue
        values = scalars(row, text, depth)
        optional[row.name] = st.lists(st.none() | values, max_size=3) if row.is_array else values
    return st.builds(
        Instance, st.just(classes(name).name), st.fixed_dictionaries({}, optional=optional)
    )


# the same as pywbem has it


def pywbem_path(path: Path) -> pywbem.CIMInstanceName:
    """A path as pywbem's object."""
    keys = {
        name: pywbem_path(value) if isinstance(value, Path) else value
        for name, value in path.keys.items()
    }
    return pywbem.CIMInstanceName(path.class_name, keys, path.host, path.namespace)


def pywbem_instance(instance: Instance) -> pywbem.CIMInstance:
    """An instance as pywbem's object, its properties typed by the class."""
    cls = classes(instance.class_name)
    found = pywbem.CIMInstance(cls.name)
    for name, value in instance.properties.items():
        row = cls.properties[name]
        kind = "instance" if row.qualifier("EmbeddedInstance") else None
        found.properties[name] = pywbem.CIMProperty(
            name,
            [_pywbem_value(each) for each in value] if row.is_array else _pywbem_value(value),
            type=row.type,
            is_array=row.is_array,
            array_size=row.array_size,
            reference_class=row.reference_class,
            propagated=False,
            embedded_object="object" if row.qualifier("EmbeddedObject") else kind,
        )
    if instance.path is not None:
        found.path = pywbem_path(instance.path)
    return found


def _pywbem_value(value: Any) -> Any:
    if isinstance(value, Instance):
        return pywbem_instance(value)
    return pywbem_path(value) if isinstance(value, Path) else value


def readable_by_pywbem(instance: Instance) -> Instance:
    """The instance without NULL in arrays, which pywbem reads in arrays of strings only."""
    rows = classes(instance.class_name).properties
    kept = {
        name: [each for each in value if each is not None]
        if rows[name].is_array and rows[name].type != "string" else value
        for name, value in instance.properties.items()
    }
    return Instance(instance.class_name, kept, instance.path)


def compiled(*texts: str) -> MOFWBEMConnection:
    """What pywbem's MOF compiler makes of texts."""
    connection = MOFWBEMConnection()
    connection.default_namespace = NAMESPACE
    compiler = pywbem.MOFCompiler(handle=connection, log_func=lambda text: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in texts:
            compiler.compile_string(text, NAMESPACE)
    return connection


def leveled(cls: pywbem.CIMClass) -> pywbem.CIMClass:
    """A class without what pywbem says differently of equal ones: flavors, origins, quotes."""
    cls = cls.copy()
    cls.path = None
    for row in cls.properties.values():
        if row.type == "char16" and row.value is not None:
            row.value = row.value.strip("'")  # its compiler leaves the quotes on
    parameters = [each for method in cls.methods.values() for each in method.parameters.values()]
    for each in (cls, *cls.properties.values(), *cls.methods.values(), *parameters):
        for name in ("class_origin", "propagated", "embedded_object"):
            if hasattr(each, name) and not isinstance(each, pywbem.CIMClass):
                setattr(each, name, None)
        for qualifier in each.qualifiers.values():
            level_flavors(qualifier)
            qualifier.propagated = None
    return cls


def level_flavors(qualifier: Any) -> Any:
    """None means the default to pywbem's compiler, but is not equal to it."""
    qualifier.overridable = qualifier.overridable is not False
    qualifier.tosubclass = qualifier.tosubclass is not False
    qualifier.toinstance = bool(qualifier.toinstance)
    qualifier.translatable = bool(qualifier.translatable)
    return qualifier
