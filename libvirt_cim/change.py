# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations on instances that change something, and what it takes to tell of changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from .cim import Error, Instance, Path, Status, find
from .declaration import Declarations
from .namespace import folded
from .query import Query

if TYPE_CHECKING:  # who reads only does without
    from .service.subscription import Subscriptions

Watching = Callable[[], Any]  # a hypervisor's Connection


class Changes(Declarations):
    """What a client may make, change and delete of one host, and of the server before it."""

    _subscriptions: Optional[Subscriptions] = None
    _serves = False
    _watching: Optional[Watching] = None

    def keep(self, kept: Optional[Subscriptions], serves: bool, watching: Watching) -> None:
        """Have a server's subscriptions, those that were kept or none yet, if there is a server."""
        self._subscriptions, self._serves, self._watching = kept, serves, watching

    @property
    def subscriptions(self) -> Optional[Subscriptions]:
        """Who wants to be told of what; None where that is another server's to know."""
        if self._subscriptions is None and self._serves:
            from .service.subscription import Subscriptions

            self._subscriptions = Subscriptions()
        return self._subscriptions

    def create_instance(
        self, new_instance: Instance, namespace: Optional[str] = None, **_: Any
    ) -> Path:
        """Make an instance: its path. What the class declares is made of the class below it."""
        if namespace is None and new_instance.path is not None:
            namespace = new_instance.path.namespace
        place = self._place(new_instance.class_name, namespace)
        made = self._kept(new_instance.class_name).create(self._query(place), new_instance)
        return self._places.located(made)

    def modify_instance(
        self, modified_instance: Instance, property_list: Optional[Iterable[str]] = None, **_: Any
    ) -> None:
        """Change an instance: what is listed, else what is there; what is listed only is NULL."""
        if modified_instance.path is None:
            raise Error(Status.INVALID_PARAMETER, "the instance to be changed has no path")
        sent = dict(modified_instance.properties)
        if property_list is not None:
            names = [property_list] if isinstance(property_list, str) else list(property_list)
            sent = {name: find(sent, name) for name in names}
        path = self._name(modified_instance.path)
        self._kept(path.class_name).modify(self._query(), path, sent)

    def delete_instance(self, instance_name: Union[Path, str], **_: Any) -> None:
        """Delete an instance."""
        path = self._name(instance_name)
        self._kept(path.class_name).delete(self._query(), path)

    def _kept(self, class_name: str) -> Subscriptions:
        """Where instances are kept that clients make."""
        if self.subscriptions is None:
            raise Error(Status.NOT_SUPPORTED,
                        f"instances of {class_name} are not made, changed or deleted here")
        return self.subscriptions

    def _query(self, namespace: Optional[str] = None) -> Query:
        raise NotImplementedError

    def _name(self, name: Union[Path, str]) -> Path:
        raise NotImplementedError

    # for the indication service: a provider is a server of one host

    @property
    def homes(self) -> list[str]:
        """The namespaces of hosts."""
        return [self.namespace]

    def host(self, namespace: str) -> Changes:
        """The host of a namespace of its own."""
        if folded(namespace) != folded(self.namespace):
            raise Error(Status.INVALID_NAMESPACE, f"namespace {namespace} does not exist")
        return self

    def watching(self) -> Any:
        """A connection of who asks now that can be told of events."""
        if self._watching is None:
            raise Error(Status.NOT_SUPPORTED, "there are no events")
        return self._watching()
