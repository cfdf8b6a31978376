# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several hosts as one provider: each operation goes to those whose namespace it names.

A host's own namespace is its alone. What several hosts have (Interop) is asked of all of them, and
what they say is one answer, each path once.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Callable, Optional, TypeVar, Union

from .cim import Class, Error, Instance, Path, QualifierType, Status, find, parse_path
from .namespace import folded
from .provider import Provider

T = TypeVar("T")
LOG = logging.getLogger("libvirt_cim.broker")
WAIT = 10.0  # seconds that a request waits for another to connect
AGAIN = 30.0  # seconds before a host is tried again by who does not ask for it by name
_NOT_THERE = (Status.NOT_FOUND, Status.INVALID_CLASS, Status.INVALID_PARAMETER)
_MANY = frozenset("""enumerate_instances enumerate_instance_names associators associator_names
    references reference_names enumerate_classes enumerate_class_names enumerate_qualifiers
    exec_query""".split())  # put together
_CHANGES = ("create_instance", "modify_instance", "delete_instance")  # done by who can


class Host:
    """A host by its namespace; its provider is opened when first asked, again if that failed."""

    def __init__(self, namespace: str, opener: Callable[[], Provider]) -> None:
        self.namespace = namespace
        self._opener = opener
        self._lock = threading.Lock()
        self._provider: Optional[Provider] = None
        self._failed = float("-inf")  # when it did last

    def provider(self, wait: float = WAIT) -> Provider:
        """The provider; cim.Error as long as there is no connection.

        Who waits for nothing gets what is open, or else opens it unless that has just failed.
        """
        if self._provider is not None:
            return self._provider
        if not wait and time.monotonic() < self._failed + AGAIN:
            raise Error(Status.FAILED, "it could not be connected to")
        if not self._lock.acquire(timeout=wait):
            raise Error(Status.FAILED, f"{self.namespace}: still connecting")
        try:
            if self._provider is None:
                self._provider = self._opener()
            return self._provider
        except Error:
            self._failed = time.monotonic()
            raise
        finally:
            self._lock.release()

    @property
    def opened(self) -> bool:
        """Whether there is a provider."""
        return self._provider is not None

    @property
    def connecting(self) -> bool:
        """Whether somebody is opening it."""
        return self._lock.locked()

    def close(self) -> None:
        """Close what was opened."""
        if self._provider is not None:
            self._provider.close()


class Broker:
    """Providers behind one door, with a provider's methods."""

    def __init__(self, hosts: Sequence[Union[Provider, Host]]) -> None:
        self._hosts = [each if isinstance(each, Host) else _opened(each) for each in hosts]
        self.namespace = self._hosts[0].namespace

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for each in self._hosts:
            each.close()

    # who is asked

    def providers(self, namespace: Optional[str]) -> list[Provider]:
        """Those that have a namespace, the one whose own it is alone; None is the first's own."""
        name = folded(self.namespace if namespace is None else namespace)
        for host in self._hosts:
            if folded(host.namespace) == name:
                return [host.provider()]
        found = _having(name, self._reachable(self._hosts)) or _having(name, self._late())
        if not found:
            raise Error(Status.INVALID_NAMESPACE, f"namespace {namespace} does not exist")
        return found

    def _late(self) -> Iterable[Provider]:
        """The providers that are worth a wait; if there is no connection at all, any."""
        if not any(each.opened for each in self._hosts):
            return [self._hosts[0].provider()]
        return self._reachable([each for each in self._hosts if each.connecting], WAIT)

    def _reachable(self, hosts: Sequence[Host], wait: float = 0) -> Iterator[Provider]:
        """The providers that there is a connection to; of the others the log says why not."""
        for host in hosts:
            try:
                yield host.provider(wait)
            except Error as error:
                LOG.warning("%s: %s", host.namespace, error.text)

    @property
    def namespaces(self) -> list[str]:
        """All namespaces, that of the first host first."""
        found = dict.fromkeys(host.namespace for host in self._hosts)
        found.update(dict.fromkeys(
            name for each in self._reachable(self._hosts) for name in each.namespaces))
        return list(found)

    @property
    def homes(self) -> list[str]:
        """The namespaces of hosts, whether there is a connection or not."""
        return [each.namespace for each in self._hosts]

    def host(self, namespace: str) -> Provider:
        """The host whose own a namespace is; cim.Error as long as there is no connection."""
        for each in self._hosts:
            if folded(each.namespace) == folded(namespace):
                return each.provider()
        raise Error(Status.INVALID_NAMESPACE, f"namespace {namespace} does not exist")

    # declarations, for an adapter

    def classes(self, namespace: str) -> Callable[[str], Class]:
        """What finds a class of a namespace by its name, with all that it inherits."""
        schemas = [each.schema for each in self.providers(namespace)]

        def resolved(name: str) -> Class:
            return next((each for each in schemas if name in each), schemas[0]).resolved(name)

        return resolved

    def qualifiers(self, namespace: str) -> Mapping[str, QualifierType]:
        """The declarations of the qualifiers of a namespace."""
        return self.providers(namespace)[0].schema.qualifiers

    # operations

    def at(self, namespace: Optional[str]) -> Any:
        """What answers the operations on a namespace: its provider, or all that have it."""
        found = self.providers(namespace)
        return found[0] if len(found) == 1 else Merged(found)

    def __getattr__(self, name: str) -> Any:
        """An operation that providers have, under its name."""
        if name.startswith("_") or not hasattr(Provider, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def call(*arguments: Any, **named: Any) -> Any:
            return getattr(self.at(_namespace(arguments, named)), name)(*arguments, **named)

        return call


class Merged:
    """Several providers of one namespace, as far as they can be one."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = providers
        self.schema = providers[0].schema

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Provider, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def call(*arguments: Any, **named: Any) -> Any:
            calls = [partial(getattr(each, name), *arguments, **named)
                     for each in self._providers]
            if name in _CHANGES:
                return _first(calls, (Status.NOT_SUPPORTED,))
            return merged(calls) if name in _MANY else _first(calls)

        return call


def _having(namespace: str, providers: Iterable[Provider]) -> list[Provider]:
    return [each for each in providers if namespace in map(folded, each.namespaces)]


def _opened(provider: Provider) -> Host:
    return Host(provider.namespace, lambda: provider)


def _namespace(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Optional[str]:
    """The namespace that a call is about: of its path, else the argument."""
    for each in itertools.chain(arguments, named.values()):
        path = each.path if isinstance(each, Instance) else each
        if isinstance(path, Path) and path.namespace:
            return path.namespace
    named_by = find(dict(named), "namespace")
    if named_by is None and arguments and isinstance(arguments[0], str) and "=" in arguments[0]:
        return parse_path(arguments[0]).namespace
    return named_by


def merged(calls: Iterable[Callable[[], Any]]) -> Iterator[Any]:
    """What several say, each thing once; who does not know the class or instance is left out."""
    seen: set[Any] = set()
    errors, answers = [], 0
    for call in calls:
        try:
            for each in call():
                key = _identity(each)
                if key is None or key not in seen:
                    seen.add(key)
                    yield each
            answers += 1
        except Error as error:
            if error.status not in _NOT_THERE:
                raise
            errors.append(error)
    if errors and not answers:
        raise errors[0]


def _identity(each: Any) -> Any:
    """What makes two things one: a path or a name; None where there is nothing of the sort."""
    return each.path if isinstance(each, Instance) else getattr(each, "name", each)


def _first(calls: Iterable[Callable[[], T]], not_there: Collection[Status] = _NOT_THERE) -> T:
    """What the first says that knows what is asked for."""
    errors = []
    for call in calls:
        try:
            return call()
        except Error as error:
            if error.status not in not_there:
                raise
            errors.append(error)
    raise errors[0]
