# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML (DSP0201 2.4) read: values, paths and instances.

Needs no class: what an element does not say is not known. All that is wrong is
CIM_ERR_INVALID_PARAMETER, a value named by class.property, an element by name:line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional, Union

import attrs

from .. import tree
from ..cim import Error, Instance, Path, Value, invalid
from ..tree import Element
from .cimxml_value import INTEGER, read

DEPTH = 32  # of instances embedded in each other

_BODIES = frozenset(
    "CIM MESSAGE SIMPLERSP MULTIRSP IMETHODRESPONSE IRETURNVALUE "
    "DECLARATION DECLGROUP DECLGROUP.WITHNAME DECLGROUP.WITHPATH".split()
)
_WITH_PATH = frozenset(
    "VALUE.OBJECT VALUE.NAMEDOBJECT VALUE.NAMEDINSTANCE VALUE.INSTANCEWITHPATH "
    "VALUE.OBJECTWITHPATH VALUE.OBJECTWITHLOCALPATH".split()
)
_LOCATIONS = ("LOCALNAMESPACEPATH", "NAMESPACEPATH")
_CONTENT = {"PROPERTY": "VALUE", "PROPERTY.ARRAY": "VALUE.ARRAY",
            "PROPERTY.REFERENCE": "VALUE.REFERENCE"}
_NAME = re.compile(r"[^\W\d]\w*")

Location = tuple[Optional[str], Optional[str]]  # namespace and host


def instances(data: Union[str, bytes], name: str = "-") -> list[Instance]:
    """The instances of a document, be they declared in it or the body of a response."""
    return list(Decoder(name).instances(tree.parse(data, name)))


def embedded(text: str, where: str) -> Instance:
    """The instance that a string holds as CIM-XML; `where` names the string in messages."""
    return Decoder(where).embedded(text, where)


@attrs.frozen
class Decoder:
    """Reads elements of one document; `name` stands for it in messages."""

    name: str = "-"
    depth: int = 0

    # elements

    def fail(self, element: Element, what: str) -> Error:
        """An error that tells an element's place."""
        return invalid(f"{self.name}:{element.sourceline}: {element.tag}: {what}")

    def misplaced(self, element: Element) -> Error:
        """An element that does not belong where it is."""
        return self.fail(element, f"has no place in {element.getparent().tag}")

    def attribute(self, element: Element, attribute: str) -> str:
        """An attribute that must be there."""
        text = element.get(attribute)
        if text is None:
            raise self.fail(element, f"has no attribute {attribute}")
        return str(text)

    def named(self, element: Element, attribute: str = "NAME") -> str:
        """An attribute that is a CIM name."""
        text = self.attribute(element, attribute)
        if not _NAME.fullmatch(text):
            raise self.fail(element, f"{text!r} is not a name")
        return text

    def only(self, element: Element, *tags: str) -> Element:
        """The one child of an element, which has one of those names."""
        if len(element) != 1 or element[0].tag not in tags:
            raise self.fail(element, f"does not hold one {' or '.join(tags)}")
        return element[0]

    def text(self, element: Element) -> str:
        """The text of an element that holds nothing else."""
        if len(element):
            raise self.misplaced(element[0])
        return element.text or ""

    # instances

    def instances(self, element: Element, location: Location = (None, None)) -> Iterator[Instance]:
        """The instances that an element is or holds; an ERROR is raised as what it says."""
        if element.tag == "ERROR":
            raise self.error(element)
        if element.tag not in _BODIES:
            yield self.instance(element, location)
            return
        for child in element:
            if child.tag in _LOCATIONS:
                location = self.location(child)
            elif child.tag != "PARAMVALUE" or element.tag != "IMETHODRESPONSE":
                yield from self.instances(child, location)

    def error(self, element: Element) -> Error:
        """The error of a response."""
        text = element.get("DESCRIPTION", "the request failed")
        try:
            return Error(int(element.get("CODE", "")), text)
        except ValueError:
            return self.fail(element, f"{element.get('CODE')!r} is not a status code")

    def instance(self, element: Element, location: Location = (None, None)) -> Instance:
        """INSTANCE, or one of the elements that hold it and mostly its path."""
        if element.tag == "INSTANCE":
            return self._instance(element)
        if element.tag not in _WITH_PATH:
            raise self.fail(element, "is not an instance")
        if not 1 <= len(element) <= 2 or element[-1].tag != "INSTANCE":
            raise self.fail(element, "does not hold an instance")
        found = self._instance(element[-1])
        if len(element) == 2:
            path = self.path(element[0])
            if path.namespace is None:
                path = attrs.evolve(path, namespace=location[0], host=location[1])
            found.path = path
        return found

    def _instance(self, element: Element) -> Instance:
        found = Instance(self.named(element, "CLASSNAME"))
        found.place = f"{self.name}:{element.sourceline}"
        seen = set()
        for child in element:
            if child.tag == "QUALIFIER":
                continue
            if child.tag not in _CONTENT:
                raise self.misplaced(child)
            name = self.named(child)
            where = f"{found.class_name}.{name}"
            if name.lower() in seen:
                raise invalid(f"{where}: is given twice")
            seen.add(name.lower())
            value = self.property(child, where)
            if value is not None:
                found.properties[name] = value
        return found

    def embedded(self, text: str, where: str) -> Instance:
        """The instance that a string holds."""
        if self.depth >= DEPTH:
            raise invalid(f"{where}: more than {DEPTH} instances embedded in each other")
        root = tree.parse(text.strip(), where)
        decoder = Decoder(where, self.depth + 1)
        if root.tag != "INSTANCE":
            raise decoder.fail(root, "is not an instance")
        return decoder.instance(root)

    # values

    def property(self, element: Element, where: str) -> Value:
        """The value inside PROPERTY, PROPERTY.ARRAY or PROPERTY.REFERENCE; None is NULL."""
        reference = element.tag == "PROPERTY.REFERENCE"
        type_ = "reference" if reference else self.attribute(element, "TYPE")
        return self.content(element, type_, where, _CONTENT[element.tag])

    def content(self, element: Element, type_: Optional[str], where: str, *tags: str) -> Value:
        """The typed value inside an element, None where there is none."""
        inside = [child for child in element if child.tag not in ("QUALIFIER", "SCOPE")]
        for child in inside:
            if child.tag not in tags or child is not inside[0]:
                raise self.misplaced(child)
        is_embedded = element.get("EmbeddedObject") or element.get("EMBEDDEDOBJECT")
        return self.value(inside[0], type_, where, bool(is_embedded)) if inside else None

    def value(
        self, element: Element, type_: Optional[str], where: str, is_embedded: bool = False
    ) -> Value:
        """VALUE, VALUE.NULL, VALUE.REFERENCE or an array of them; without a type it is text."""
        if element.tag in ("VALUE.ARRAY", "VALUE.REFARRAY"):
            one = "VALUE" if element.tag == "VALUE.ARRAY" else "VALUE.REFERENCE"
            for child in element:
                if child.tag not in (one, "VALUE.NULL"):
                    raise self.misplaced(child)
            return [self.value(child, type_, where, is_embedded) for child in element]
        if element.tag == "VALUE.NULL":
            return None
        if element.tag == "VALUE.REFERENCE":
            return self.path(self.only(element, *_PATHS))
        text = self.text(element)
        return self.embedded(text, where) if is_embedded else read(text, type_, where)

    # paths

    def path(self, element: Element) -> Path:
        """INSTANCENAME, CLASSNAME, INSTANCEPATH, …; the path of a class has no keys."""
        tag = element.tag
        if tag == "OBJECTPATH":
            return self.path(self.only(element, "INSTANCEPATH", "CLASSPATH"))
        if tag == "CLASSNAME":
            return Path(self.named(element))
        if tag == "INSTANCENAME":
            return self._instance_name(element)
        if tag not in _PATHS:
            raise self.fail(element, "is not a path")
        kind = "INSTANCENAME" if "INSTANCE" in tag else "CLASSNAME"
        where = _LOCATIONS[0] if tag.startswith("LOCAL") else _LOCATIONS[1]
        if [child.tag for child in element] != [where, kind]:
            raise self.fail(element, f"does not hold {where} and {kind}")
        namespace, host = self.location(element[0])
        return attrs.evolve(self.path(element[1]), namespace=namespace, host=host)

    def location(self, element: Element) -> Location:
        """The namespace and host of NAMESPACEPATH or LOCALNAMESPACEPATH."""
        if element.tag == "NAMESPACEPATH":
            if [child.tag for child in element] != ["HOST", "LOCALNAMESPACEPATH"]:
                raise self.fail(element, "does not hold HOST and LOCALNAMESPACEPATH")
            return self.location(element[1])[0], self.text(element[0])
        if not len(element) or any(child.tag != "NAMESPACE" for child in element):
            raise self.fail(element, "does not hold NAMESPACE")
        return "/".join(self.attribute(child, "NAME") for child in element), None

    def _instance_name(self, element: Element) -> Path:
        keys: dict[str, Value] = {}
        seen = set()
        class_name = self.named(element, "CLASSNAME")
        for child in element:
            if child.tag != "KEYBINDING":
                raise self.misplaced(child)
            name = self.named(child)
            inner = self.only(child, "KEYVALUE", "VALUE.REFERENCE")
            where = f"{class_name}.{name}"
            if name.lower() in seen:
                raise invalid(f"{where}: is given twice")
            seen.add(name.lower())
            reference = inner.tag == "VALUE.REFERENCE"
            keys[name] = self.value(inner, None, where) if reference else self._key(inner, where)
        return Path(class_name, keys)

    def _key(self, element: Element, where: str) -> Value:
        text, kind = self.text(element), element.get("VALUETYPE", "string")
        if element.get("TYPE"):
            return read(text, element.get("TYPE"), where)
        if kind == "numeric" and INTEGER.fullmatch(text.strip()):
            return read(text, "sint64" if "-" in text else "uint64", where)
        return read(text, "real64" if kind == "numeric" else kind, where)


_PATHS = ("INSTANCENAME", "LOCALINSTANCEPATH", "INSTANCEPATH",
          "CLASSNAME", "LOCALCLASSPATH", "CLASSPATH")

