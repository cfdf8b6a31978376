# SPDX-License-Identifier: LGPL-2.1-or-later
"""The declared classes of one hypervisor's prefix: inheritance, resolved qualifiers, names.

Knows classes as CIM has them (DSP0004), not what their mapping strings mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Callable, Optional, Union

import attrs

from .cim import Class, Error, Method, Property, Qualifier, QualifierType, Status, find, flavor
from .mof import Declaration
from .outline import Sketch

GENERIC = "Virt"
Source = Union[Class, Sketch]


class Declared(Mapping[str, Class]):
    """The declared classes by their names for a hypervisor; a sketch is read when asked for."""

    def __init__(self, finish: Callable[[Class], Class]) -> None:
        self.sources: dict[str, Source] = {}
        self._finish = finish  # gives a class its names for the hypervisor
        self._finished: dict[str, Class] = {}
        self._heads: dict[str, Mapping[str, Qualifier]] = {}

    def head(self, name: str) -> Mapping[str, Qualifier]:
        """A class's own qualifiers; no more of a sketch is read for them."""
        if name not in self._heads:
            source = self.sources[name]
            self._heads[name] = \
                source.qualifiers() if isinstance(source, Sketch) else source.qualifiers
        return self._heads[name]

    def has(self, name: str, qualifier: str) -> bool:
        """Whether a class has a qualifier of its own, spelled so."""
        source = self.sources[name]
        return (source.names(qualifier) if isinstance(source, Sketch)
                else qualifier in source.qualifiers)

    def true(self, name: str, qualifier: str) -> bool:
        """Whether a qualifier that is true or false is set to true; few sketches are read for it.
        """
        source = self.sources[name]
        if isinstance(source, Sketch) and qualifier.lower() not in source.head.lower():
            return False
        found = find(self.head(name), qualifier)
        return found is not None and bool(found.value)

    def __getitem__(self, name: str) -> Class:
        found = self._finished.get(name)
        if found is None:
            source = self.sources[name]
            found = source.read() if isinstance(source, Sketch) else source
            found = self._finished[name] = self._finish(found)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)

    def __contains__(self, name: object) -> bool:
        return name in self.sources


class Model:
    """All classes and qualifier types, with a hypervisor's prefix for Virt."""

    def __init__(self, declarations: Iterable[Union[Declaration, Sketch]],
                 prefix: str = GENERIC) -> None:
        self.prefix = prefix
        self.mistakes: list[str] = []
        self.qualifiers: dict[str, QualifierType] = {}
        self.declared = Declared(self._renamed if prefix != GENERIC else _same)
        self._resolved: dict[str, Class] = {}
        self._above: dict[str, Optional[str]] = {}
        self._children: dict[Optional[str], list[str]] = {}
        classes = self._sort_out(declarations)
        self._kept_back = frozenset(name.lower() for name, each in self.qualifiers.items()
                                    if not flavor(each, "ToSubclass"))
        self._parts = frozenset(name for each in classes for name in _embedded(each))
        for each in classes:
            self._declare(each)
        self._names = {name.lower(): name for name in self.declared}
        self._check_superclasses()

    def _sort_out(self, declarations: Iterable[Union[Declaration, Sketch]]) -> list[Source]:
        classes: list[Source] = []
        for each in declarations:
            if isinstance(each, (Class, Sketch)):
                classes.append(each)
            elif isinstance(each, QualifierType):
                self.qualifiers[each.name] = each
            else:
                self.mistakes.append(f"{each.place}: a table cannot hold an instance")
        return classes

    def _declare(self, each: Source) -> None:
        name = self.concrete(each.name)
        if name in self.declared:
            self.mistakes.append(f"{each.file}:{each.line}: {name}: is declared twice")
            return
        self.declared.sources[name] = each
        above = self._above[name] = each.superclass and self.concrete(each.superclass)
        self._children.setdefault(above, []).append(name)

    def _check_superclasses(self) -> None:
        for name, each in self.declared.sources.items():
            above = self._above[name]
            if above and above not in self.declared:
                self.mistakes.append(
                    f"{each.file}:{each.line}: {name}: superclass {above} is not declared"
                )
            elif above and name in self._ancestors(above):
                self.mistakes.append(f"{each.file}:{each.line}: {name}: is its own superclass")

    def _ancestors(self, name: Optional[str]) -> set[str]:
        """A class and its superclasses, each once."""
        found: set[str] = set()
        while name is not None and name in self.declared and name not in found:
            found.add(name)
            name = self._above[name]
        return found

    # the prefix

    def concrete(self, name: str) -> str:
        """The name that a class of the tables has for this hypervisor."""
        if self.prefix == GENERIC or not name.startswith("Virt_") or name in self._parts:
            return name
        return self.prefix + name[len(GENERIC):]

    def _renamed(self, each: Class) -> Class:
        properties = {name: self._renamed_property(p) for name, p in each.properties.items()}
        methods = {name: self._renamed_method(m) for name, m in each.methods.items()}
        return attrs.evolve(
            each, name=self.concrete(each.name), properties=properties, methods=methods,
            superclass=each.superclass and self.concrete(each.superclass),
        )

    def _renamed_property(self, each: Property) -> Property:
        qualifiers = each.qualifiers
        mapping = qualifiers.get("MappingStrings")
        if mapping and any("class(" in text for text in mapping.value):
            texts = [re.sub(r"class\((\w+)\)", self._class_call, text) for text in mapping.value]
            qualifiers = {**qualifiers, "MappingStrings": Qualifier("MappingStrings", texts)}
        origin = self.concrete(each.origin)
        reference = each.reference_class and self.concrete(each.reference_class)
        known = each.qualifiers, each.origin, each.reference_class
        if (qualifiers, origin, reference) == known:
            return each
        return _like(each, qualifiers, origin, reference)

    def _class_call(self, match: re.Match[str]) -> str:
        return f"class({self.concrete(match[1])})"

    def _renamed_method(self, each: Method) -> Method:
        parameters = {name: self._renamed_property(p) for name, p in each.parameters.items()}
        return attrs.evolve(each, parameters=parameters, origin=self.concrete(each.origin))

    # the hierarchy

    def name(self, class_name: str) -> str:
        """The class's name as it is declared, or CIM_ERR_INVALID_CLASS."""
        name = self._names.get(class_name.lower())
        if name is None:
            raise Error(Status.INVALID_CLASS, f"class {class_name} is not declared")
        return name

    def __contains__(self, class_name: str) -> bool:
        return class_name.lower() in self._names

    def superclasses(self, name: Optional[str]) -> Iterator[str]:
        """The class and its superclasses, upwards."""
        while name is not None and name in self.declared:
            yield name
            name = self._above[name]

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether a class is that class or below it."""
        return any(each.lower() == ancestor.lower() for each in self.superclasses(name))

    def children(self, name: Optional[str], deep: bool = False) -> list[str]:
        """The classes right below a class (None: the top), or all below it."""
        found = list(self._children.get(name, ()))
        if deep:
            found += [below for child in list(found) for below in self.children(child, True)]
        return found

    def resolved(self, class_name: str) -> Class:
        """A class with all that it inherits; `origin` says from where."""
        name = self.name(class_name)
        if name not in self._resolved:
            self._resolved[name] = self._resolve(self.declared[name])
        return self._resolved[name]

    def _resolve(self, own: Class) -> Class:
        if own.superclass is None or own.superclass not in self.declared:
            return own
        above = self.resolved(own.superclass)
        properties = dict(above.properties)
        for name, each in own.properties.items():
            over = properties.pop(name, None)
            properties[name] = each if over is None else _like(
                each, self._inherited(over.qualifiers, each.qualifiers),
                each.origin, each.reference_class)
        methods = dict(above.methods)
        for name, method in own.methods.items():
            below = methods.pop(name, None)
            methods[name] = method if below is None else attrs.evolve(
                method, qualifiers=self._inherited(below.qualifiers, method.qualifiers))
        return attrs.evolve(
            own, properties=properties, methods=methods,
            qualifiers=self._inherited(above.qualifiers, own.qualifiers),
        )

    def _inherited(
        self, above: dict[str, Qualifier], own: dict[str, Qualifier]
    ) -> dict[str, Qualifier]:
        """A subclass's qualifiers: its own, and those above that propagate."""
        passed = {
            name: each for name, each in above.items()
            if name not in own and name.lower() not in self._kept_back
        }
        return {**passed, **own}


def named(class_: Class) -> Iterator[Optional[str]]:
    """The classes of a class's references, embedded instances and parameters."""
    methods = class_.methods.values()
    for each in (*class_.properties.values(), *(p for m in methods for p in m.parameters.values())):
        yield each.reference_class
        yield each.qualifier("EmbeddedInstance")


def _like(each: Property, qualifiers: dict[str, Qualifier], origin: str,
          reference_class: Optional[str]) -> Property:
    """A property with other qualifiers or names; attrs.evolve takes three times as long."""
    return Property(each.name, each.type, each.is_array, each.value, qualifiers, reference_class,
                    each.array_size, origin, each.line)


def _same(each: Class) -> Class:
    return each


def _embedded(each: Source) -> Iterable[str]:
    """The classes of embedded instances that a class names; they have no prefix."""
    if isinstance(each, Sketch):
        return each.embedded()
    names = (row.qualifier("EmbeddedInstance") for row in each.properties.values())
    return [str(name) for name in names if name]
