# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pywbem.WBEMConnection with no wire: its operations are answered in this process.

Replaces what sends a request, as pywbem_mock does; arguments, recorders, statistics and Iter…
are pywbem's own. Knows the operations; values are pywbem_values.py's.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Optional

import pywbem

from .. import provider
from ..cim import Error
from .pywbem_values import Values, path_of, plain

URL = "http://localhost"
OPEN = 100  # enumerations that clients left open; the oldest are closed

# pywbem's operation, the provider's, and how the answer is packed
_READ = {
    "EnumerateInstances": ("enumerate_instances", "instances"),
    "EnumerateInstanceNames": ("enumerate_instance_names", "names"),
    "GetInstance": ("get_instance", "instance"),
    "Associators": ("associators", "objects"),
    "AssociatorNames": ("associator_names", "object names"),
    "References": ("references", "objects"),
    "ReferenceNames": ("reference_names", "object names"),
    "GetClass": ("get_class", "class"),
    "EnumerateClasses": ("enumerate_classes", "classes"),
    "EnumerateClassNames": ("enumerate_class_names", "class names"),
    "GetQualifier": ("get_qualifier", "qualifier"),
    "EnumerateQualifiers": ("enumerate_qualifiers", "qualifiers"),
}
_OPEN = {
    "OpenEnumerateInstances": "enumerate_instances",
    "OpenEnumerateInstancePaths": "enumerate_instance_names",
    "OpenAssociatorInstances": "associators",
    "OpenAssociatorInstancePaths": "associator_names",
    "OpenReferenceInstances": "references",
    "OpenReferenceInstancePaths": "reference_names",
}
_PULL = {"PullInstancesWithPath": "instances", "PullInstancePaths": "paths"}
Answer = Optional[list[Any]]  # the children of IMETHODRESPONSE as pywbem reads them


class _Open(NamedTuple):
    """An enumeration that is open: what it gives, and what it has yet to give."""

    kind: str
    items: Iterator[Any]


class Connection(pywbem.WBEMConnection):  # type: ignore[misc]
    """pywbem's connection to a provider; as a server's, its namespace defaults to the provider's.

    Class-level associators, queries and writes are CIM_ERR_NOT_SUPPORTED.
    """

    def __init__(self, source: provider.Provider, **options: Any) -> None:
        self._options = options
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._numbers = itertools.count(1)
        self.provider = source
        self.owned = False  # whether closing this closes the provider
        super().__init__(**{"url": URL, "default_namespace": source.namespace, **options})
        self._values = Values(source.schema, self.host)

    def copy(self) -> Connection:
        """Another connection to the same provider, which outlives this one."""
        made = Connection(self.provider, **self._options)
        made.default_namespace = self.default_namespace
        for recorder in self.operation_recorders:
            made.add_operation_recorder(recorder.copy())
        return made

    def close(self) -> None:
        """As pywbem's; a provider that was opened for this connection is closed with it."""
        super().close()
        self._open.clear()
        if self.owned:
            self.provider.close()

    # what pywbem calls instead of a server

    def _imethodcall(self, methodname: str, namespace: str, **params: Any) -> Answer:
        self._verify_open()
        for name in ("has_return_value", "has_out_params", "response_params_rqd"):
            params.pop(name, None)
        try:
            if methodname in _READ:
                return self._read(methodname, namespace, params)
            if methodname in _OPEN:
                return self._opened(methodname, namespace, params)
            if methodname in _PULL:
                return self._pulled(methodname, **params)
        except Error as error:
            raise self._error(error.status, error.text) from None
        if methodname == "CloseEnumeration":
            return self._closed(**params)
        self._not_supported(methodname)

    def _methodcall(self, methodname: str, objectname: Any, Params: Any = None,  # noqa: N803
                    **params: Any) -> NoReturn:
        self._verify_open()
        self._not_supported(methodname)

    def _iexportcall(self, methodname: str, **params: Any) -> NoReturn:
        self._not_supported(methodname)

    def _error(self, status: int, text: str) -> Exception:
        error: Exception = pywbem.CIMError(int(status), text, conn_id=self.conn_id)
        return error

    def _not_supported(self, what: str) -> NoReturn:
        raise self._error(pywbem.CIM_ERR_NOT_SUPPORTED, f"{what} is not supported")

    # reading

    def _call(self, method: str, namespace: str, params: Mapping[str, Any]) -> Any:
        """What the provider answers; arguments that are not given have its defaults."""
        arguments: dict[str, Any] = {"namespace": namespace}
        for name, value in params.items():
            if isinstance(value, pywbem.CIMInstanceName):
                arguments[_snake(name)] = path_of(value, namespace)
            elif name in ("ObjectName", "InstanceName"):
                self._not_supported("an associator of a class")
            elif value is not None:
                arguments[_snake(name)] = plain(value)
        return getattr(self.provider, method)(**arguments)

    def _read(self, operation: str, namespace: str, params: Mapping[str, Any]) -> Answer:
        method, packing = _READ[operation]
        found = self._call(method, namespace, params)
        packed = list(self._packed(packing, found, bool(params.get("IncludeClassOrigin"))))
        if packing.startswith("object"):
            packed = [("OBJECTPATH", {}, each) for each in packed]
        return [("IRETURNVALUE", {}, packed)]

    def _packed(self, packing: str, found: Any, origin: bool) -> Iterable[Any]:
        values = self._values
        one = {
            "instance": lambda each: values.instance(each, origin),
            "name": values.path,
            "object": lambda each: values.instance(each, origin, True),
            "object name": lambda each: values.path(each, True),
            "class": lambda each: values.class_(each, origin),
            "class name": pywbem.CIMClassName,
            "qualifier": values.qualifier_type,
        }
        if packing in ("instance", "class", "qualifier"):
            return [one[packing](found)]
        return map(one["class" if packing == "classes" else packing[:-1]], found)

    # open, pull and close

    def _opened(self, operation: str, namespace: str, params: dict[str, Any]) -> Answer:
        if params.pop("FilterQuery", None) or params.pop("FilterQueryLanguage", None):
            raise self._error(pywbem.CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED,
                              "filters of enumerations are not supported")
        if params.pop("ContinueOnError", None):
            raise self._error(pywbem.CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED,
                              "an enumeration ends with an error")
        most = params.pop("MaxObjectCount", None) or 0
        origin = bool(params.get("IncludeClassOrigin"))
        if "InstanceName" in params:
            params["ObjectName"] = params.pop("InstanceName")
        found = self._call(_OPEN[operation], namespace, params)
        paths = operation.endswith("Paths")
        items = self._packed("object names" if paths else "objects", found, origin)
        return self._part(str(next(self._numbers)), _Open("paths" if paths else "instances",
                                                          iter(items)), most)

    def _pulled(self, operation: str, EnumerationContext: str,  # noqa: N803
                MaxObjectCount: int | None = None) -> Answer:  # noqa: N803
        opened = self._taken(EnumerationContext, _PULL[operation])
        return self._part(EnumerationContext, opened, MaxObjectCount or 0)

    def _closed(self, EnumerationContext: str) -> Answer:  # noqa: N803
        self._taken(EnumerationContext)
        return None

    def _taken(self, context: str, kind: str = "") -> _Open:
        opened = self._open.get(context)
        if opened is None or kind not in ("", opened.kind):
            raise self._error(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT,
                              "the enumeration was closed, or never opened")
        del self._open[context]
        return opened

    def _part(self, context: str, opened: _Open, most: int) -> Answer:
        """The next objects of an enumeration, which ends with the first part that is not full."""
        part = list(itertools.islice(opened.items, most))
        ended = len(part) < most
        if not ended:
            self._open[context] = opened
            if len(self._open) > OPEN:
                self._open.popitem(last=False)
        return [
            ("IRETURNVALUE", {}, part),
            ("EndOfSequence", None, "TRUE" if ended else "FALSE"),
            ("EnumerationContext", None, None if ended else context),
        ]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def connect(source: str | provider.Provider, **options: Any) -> Connection:
    """The pywbem connection to a libvirt URI or to a provider.

    `options` are WBEMConnection's: default_namespace, use_pull_operations, stats_enabled, ….
    A URI that does not connect is CIM_ERR_FAILED.
    """
    if not isinstance(source, str):
        return Connection(source, **options)
    try:
        made = Connection(provider.connect(source), **options)
    except Error as error:
        raise pywbem.CIMError(int(error.status), error.text) from None
    made.owned = True
    return made
