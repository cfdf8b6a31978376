# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pywbem.WBEMConnection with no wire: its operations are answered in this process.

Replaces what sends a request, as pywbem_mock does; arguments, recorders, statistics and Iter…
are pywbem's own. Knows the operations; values are pywbem_values.py's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Optional

import pywbem

from .. import provider
from ..cim import Error, Path
from ..enumeration import Contexts
from ..service.indication import Indications
from ..session import OPERATIONS, Session
from .cimxml import Encoder
from .cimxml_export import Exporter
from .pywbem_values import Values, object_of, parameters, path_of, plain

URL = "http://localhost"

# pywbem's operation, the provider's, and how the answer is packed
_READ = {
    "EnumerateInstances": ("enumerate_instances", "instances"),
    "EnumerateInstanceNames": ("enumerate_instance_names", "names"),
    "GetInstance": ("get_instance", "instance"),
    "ExecQuery": ("exec_query", "objects"),
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
_CHANGE = frozenset(("CreateInstance", "ModifyInstance", "DeleteInstance"))
Answer = Optional[list[Any]]  # the children of IMETHODRESPONSE as pywbem reads them


class Connection(pywbem.WBEMConnection):  # type: ignore[misc]
    """pywbem's connection to a provider; as a server's, its namespace defaults to the provider's.
    """

    def __init__(self, source: provider.Provider, **options: Any) -> None:
        self._options = options
        self._session = Session(source, Contexts())
        self.provider = source
        self.indications: Optional[Indications] = None  # if it is also what tells of changes
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
        self._session.contexts.close()
        if self.indications is not None:
            self.indications.close()
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
            if methodname in _CHANGE:
                return self._change(methodname, namespace, params)
            if _snake(methodname) in OPERATIONS:
                return self._pulling(methodname, namespace, params)
        except Error as error:
            raise self._error(error.status, error.text) from None
        self._not_supported(methodname)

    def _methodcall(self, methodname: str, objectname: Any, Params: Any = None,  # noqa: N803
                    **params: Any) -> tuple[Any, Any]:
        self._verify_open()
        path = object_of(objectname, self.default_namespace)
        given = [(each.name, each.value) if isinstance(each, pywbem.CIMParameter) else each
                 for each in Params or ()]
        try:
            values = parameters((*given, *params.items()))
            returned, out = self.provider.invoke_method(path, methodname, values)
            return self._values.answer(path.class_name, methodname, returned, out)
        except Error as error:
            raise self._error(error.status, error.text) from None

    def _iexportcall(self, methodname: str, **params: Any) -> NoReturn:
        self._not_supported(methodname)

    def _error(self, status: int, text: str) -> Exception:
        error: Exception = pywbem.CIMError(int(status), text, conn_id=self.conn_id)
        return error

    def _not_supported(self, what: str) -> NoReturn:
        raise self._error(pywbem.CIM_ERR_NOT_SUPPORTED, f"{what} is not supported")

    # reading

    def _arguments(self, namespace: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The operation's arguments; those that are not given have the provider's defaults."""
        found: dict[str, Any] = {"namespace": namespace}
        for name, value in params.items():
            if isinstance(value, pywbem.CIMInstanceName):
                found[_snake(name)] = path_of(value, namespace)
            elif name in ("ObjectName", "InstanceName"):
                found[_snake(name)] = Path(plain(value), {}, namespace)
            elif value is not None:
                found[_snake(name)] = plain(value)
                if isinstance(value, pywbem.CIMInstance) and value.path is not None:
                    found[_snake(name)].path = path_of(value.path, namespace)
        return found

    def _read(self, operation: str, namespace: str, params: Mapping[str, Any]) -> Answer:
        method, packing = _READ[operation]
        found = getattr(self.provider, method)(**self._arguments(namespace, params))
        origin = bool(params.get("IncludeClassOrigin"))
        packed = list(self._packed(packing, found, namespace, origin))
        if packing.startswith("object"):
            packed = [("OBJECTPATH", {}, each) for each in packed]
        return [("IRETURNVALUE", {}, packed)]

    def _change(self, operation: str, namespace: str, params: Mapping[str, Any]) -> Answer:
        given = self._arguments(namespace, params)
        made = getattr(self.provider, _snake(operation))(**given)
        return None if made is None else [("IRETURNVALUE", {}, [self._values.path(made)])]

    def _packed(
        self, packing: str, found: Any, namespace: str, origin: bool
    ) -> Iterable[Any]:
        values = self._values
        one = {
            "instance": lambda each: values.instance(each, origin),
            "name": values.path,
            "object": lambda each: values.object(each, namespace, origin),
            "object name": lambda each: values.path(each, True),
            "class": lambda each: values.class_(each, origin),
            "class name": pywbem.CIMClassName,
            "qualifier": values.qualifier_type,
        }
        if packing in ("instance", "class", "qualifier"):
            return [one[packing](found)]
        return map(one["class" if packing == "classes" else packing[:-1]], found)

    # open, pull and close

    def _pulling(self, operation: str, namespace: str, params: dict[str, Any]) -> Answer:
        part = getattr(self._session, _snake(operation))(**self._arguments(namespace, params))
        if part is None:
            return None
        paths = operation.endswith("Paths")
        packing = "object names" if paths else "objects"
        packed = list(self._packed(packing, part.items, namespace, part.class_origin))
        answer: list[Any] = [
            ("IRETURNVALUE", {}, packed),
            ("EndOfSequence", None, "TRUE" if part.end_of_sequence else "FALSE"),
            ("EnumerationContext", None, part.context),
        ]
        if part.result_class is not None:
            answer.append(("QueryResultClass", None, self._values.class_(part.result_class)))
        return answer


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
        source = provider.connect(source)
    except Error as error:
        raise pywbem.CIMError(int(error.status), error.text) from None
    made = Connection(source, **options)
    made.owned = True
    encoder = Encoder(source.schema.resolved, source.schema.qualifiers)
    if source.subscriptions is not None:
        made.indications = Indications(
            source.subscriptions, source, Exporter(lambda namespace: encoder))
    return made
