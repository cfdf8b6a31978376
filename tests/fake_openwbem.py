# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenWBEM 3's broker, as far as it is unlike the others: what would end that one is a mistake."""

from __future__ import annotations

from typing import Any

from fake_broker import FakeBroker
from fake_objects import ARRAY, INSTANCE, NULL, NULL_VALUE, ffi, thing, value_of

VERSION = 100


class OpenWbem(FakeBroker):
    """The numbers before the broker's functions are words; no value is an instance."""

    def __init__(self) -> None:
        super().__init__(name="OpenWBEM")
        first = [NULL, ffi.cast("void *", VERSION)]
        self.numbered = ffi.new("void *[]", [*first, *self.tables["broker"][1:20]])
        self.c.bft = self.numbered

    def path_at(self, path: Any, number: int, name: Any, said: Any) -> Any:
        found = super().path_at(path, number, name, said)
        assert not found.state & NULL_VALUE, "it throws an exception"
        return found

    def args_at(self, args: Any, number: int, name: Any, said: Any) -> Any:
        before = ffi.cast("void **", name)[0]
        found = super().args_at(args, number, name, said)
        if found.state & NULL_VALUE:  # then it tells no name
            ffi.cast("void **", name)[0] = before
        return found

    def _set(self, owner: Any, name: Any, value: Any, type_: int) -> None:
        super()._set(owner, name, value, type_)
        if type_ & ~ARRAY == INSTANCE:  # it is lost
            owner.values[ffi.string(name).decode()] = self.data(None)
        elif type_ & ARRAY and value != NULL:
            items = thing(value_of(owner.values[ffi.string(name).decode()]).pointer, "array").items
            assert not any(each.state & NULL_VALUE for each in items), "it has NULL for an address"

    def instance_narrow(self, instance: Any, wanted: Any, keys: Any) -> None:
        raise AssertionError("what the class says cannot be taken away then")

    def lacking(self, path: Any, name: str) -> Any:
        """A path with a key that nobody has given."""
        found = thing(path, "path")
        found.values[name] = self.data(None)
        return found
