# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations that a CIM server asks for by CMPI, each in the provider's terms.

A server asks for one class at a time: what is of a subclass is another call's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Callable, NamedTuple, Optional

import attrs

from ..cim import Error, Instance, Method, Path, Property, Status, find
from . import access
from .cmpi_abi import INSTANCES, PATHS, RESULT, Address, chars, functions, names
from .cmpi_decode import Decoder
from .cmpi_encode import Encoder, release
from .cmpi_server import Unfit, check
from .common import Classes

LOG = logging.getLogger("libvirt_cim.cmpi")


@attrs.frozen
class Call:
    """One call: what it is about, who answers it, and where the answers go."""

    path: Path
    provider: Any
    result: Address
    encoder: Encoder
    decoder: Decoder
    classes: Classes

    def instances(self, found: Iterable[Instance], wanted: Address = 0) -> None:
        """Give instances back, with the properties of a list; the server may not fit some."""
        for each in found:
            try:
                self.instance(each, wanted)
            except Unfit as error:
                LOG.warning("%s", error.text)

    def instance(self, instance: Instance, wanted: Address) -> None:
        """Give one back."""
        # Not all servers and clients can carry embedded instances: a property list must name them.
        made = self.encoder.instance(instance, wanted, embeds=bool(wanted))
        check(functions(RESULT, self.result).instance(self.result, made), instance.class_name)
        release(INSTANCES, made)

    def paths(self, found: Iterable[Path]) -> None:
        """Give paths back; the server may not fit some."""
        for each in found:
            try:
                made = self.encoder.path(each)
            except Unfit as error:
                LOG.warning("%s", error.text)
                continue
            check(functions(RESULT, self.result).path(self.result, made), each.class_name)
            release(PATHS, made)

    def wanted(self, list_: Address) -> Address:
        """A property list; one with all there is, as a server may make one, is none."""
        given = names(list_)
        if given is None:
            return 0
        asked = {each.lower() for each in given}
        every = self.classes(self.path.class_name).properties
        return 0 if all(name.lower() in asked for name in every) else list_

    def done(self) -> None:
        """Say that there is no more."""
        check(functions(RESULT, self.result).done(self.result), self.path.class_name)

    def exact(self, class_name: str) -> bool:
        """Whether a class is the one that is asked for."""
        return class_name.lower() == self.path.class_name.lower()


# instances

def enumerate_names(call: Call) -> None:
    """EnumerateInstanceNames."""
    path = call.path
    found = call.provider.enumerate_instance_names(path.class_name, path.namespace)
    call.paths(each for each in found if call.exact(each.class_name))
    call.done()


def enumerate_instances(call: Call, wanted: Address) -> None:
    """EnumerateInstances."""
    wanted = call.wanted(wanted)
    found = call.provider.enumerate_instances(
        call.path.class_name, call.path.namespace, property_list=names(wanted))
    call.instances((each for each in found if call.exact(each.class_name)), wanted)
    call.done()


def get(call: Call, wanted: Address) -> None:
    """GetInstance."""
    wanted = call.wanted(wanted)
    call.instance(call.provider.get_instance(call.path, property_list=names(wanted)), wanted)
    call.done()


def query(call: Call, text: Address, language: Address) -> None:
    """ExecQuery of a class that has none below it.

    A server may ask for another's instances as often as it has subclasses, and not say which of
    them it means; if it is not supported, it looks through them itself.
    """
    found = call.provider.exec_query(
        chars(language) or "", chars(text) or "", call.path.namespace)
    below = call.provider.schema.below(call.path.class_name)
    if any(not call.exact(table.name) for table in below):
        raise Error(Status.NOT_SUPPORTED, f"{call.path.class_name} has subclasses")
    call.instances(each for each in found if call.exact(each.class_name))
    call.done()


# associations

def associators(call: Call, by: Address, to: Address, role: Address, other: Address,
                wanted: Address) -> None:
    """Associators."""
    found = call.provider.associators(
        call.path, *map(_filter, (by, to, role, other)), property_list=names(wanted))
    call.instances(found, wanted)
    call.done()


def associator_names(call: Call, by: Address, to: Address, role: Address, other: Address) -> None:
    """AssociatorNames."""
    call.paths(call.provider.associator_names(call.path, *map(_filter, (by, to, role, other))))
    call.done()


def references(call: Call, by: Address, role: Address, wanted: Address) -> None:
    """References."""
    found = call.provider.references(
        call.path, *map(_filter, (by, role)), property_list=names(wanted))
    call.instances(found, wanted)
    call.done()


def reference_names(call: Call, by: Address, role: Address) -> None:
    """ReferenceNames."""
    call.paths(call.provider.reference_names(call.path, *map(_filter, (by, role))))
    call.done()


def _filter(text: Address) -> Optional[str]:
    """A filter; some servers have none as an empty text."""
    return chars(text) or None


# changes

def create(call: Call, made: Address) -> None:
    """CreateInstance."""
    function = _offered(call, "create_instance")
    instance = attrs.evolve(call.decoder.instance(made), path=call.path)
    call.paths([function(instance, call.path.namespace)])
    call.done()


def modify(call: Call, made: Address, wanted: Address) -> None:
    """ModifyInstance."""
    function = _offered(call, "modify_instance")
    function(attrs.evolve(call.decoder.instance(made), path=call.path),
             property_list=names(wanted))
    call.done()


def delete(call: Call) -> None:
    """DeleteInstance."""
    _offered(call, "delete_instance")(call.path)
    call.done()


def _offered(call: Call, name: str) -> Any:
    function = getattr(call.provider, name, None)
    if function is None:
        what = name.title().replace("_", "")
        raise Error(Status.NOT_SUPPORTED, f"{what} is not supported")
    return function


# methods

def invoke(call: Call, name: Address, given: Address, out: Address) -> None:
    """A method that the class declares."""
    method = declared(call, chars(name) or "")
    where = f"{call.path.class_name}.{method.name}"
    arguments = call.decoder.arguments(given, method.parameters, where) if given else {}
    value, more = call.provider.invoke_method(call.path, method.name, arguments)
    for each, found in more.items():
        call.encoder.argument(out, method.parameters[each], found)
    row = Property("ReturnValue", method.type, qualifiers=method.qualifiers)
    call.encoder.returned(call.result, row, value)
    call.done()


def declared(call: Call, name: str) -> Method:
    """A method's declaration; CIM_ERR_METHOD_NOT_FOUND if there is none."""
    class_ = call.classes(call.path.class_name)
    found = find(class_.methods, name)
    if found is None:
        raise Error(Status.METHOD_NOT_FOUND, f"{class_.name} has no method {name}")
    return found


class Operation(NamedTuple):
    """An operation: how many pointers come behind the class's path, and what it asks for.

    `divided`: servers ask it of each class below the one that a client names.
    """

    name: str
    answer: Callable[..., None]
    more: int
    role: Optional[str] = access.READ  # None: the method says
    divided: bool = False


OPERATIONS = (  # in the order of the numbers that cmpi.c gives them
    Operation("EnumerateInstanceNames", enumerate_names, 0, divided=True),
    Operation("EnumerateInstances", enumerate_instances, 1, divided=True),
    Operation("GetInstance", get, 1),
    Operation("CreateInstance", create, 1, access.WRITE),
    Operation("ModifyInstance", modify, 2, access.WRITE),
    Operation("DeleteInstance", delete, 0, access.WRITE),
    Operation("ExecQuery", query, 2),
    Operation("Associators", associators, 5),
    Operation("AssociatorNames", associator_names, 4),
    Operation("References", references, 3),
    Operation("ReferenceNames", reference_names, 2),
    Operation("InvokeMethod", invoke, 3, None),
)
