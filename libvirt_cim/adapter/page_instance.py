# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of an instance: its values, where they come from, what it is associated with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ..cim import Class, Instance, Path
from ..expression import split
from ..published import MAPPING, documents
from ..schema import is_row
from ..table import REST
from ..tree import Element
from .page_html import Content, Sheet, address, folded, instance_address, items, link, table, tag
from .page_place import LIMIT, Place
from .page_value import label, mapping, source
from .page_views import nothing, turn

LINKS = 2000  # of an instance, in all


def instance(place: Place, path: Path) -> Sheet:
    """All that an instance says, and its links."""
    schema = place.schema(path.class_name)
    class_ = schema.resolved(path.class_name)
    found: Instance = place.provider.get_instance(path, property_list=list(class_.properties))
    path = found.path or path
    body = [_facts(place, class_, path), *_values(place, class_, found)]
    if not schema.is_association(class_.name):  # whose ends are among its values
        body += [tag("h2", "Associated"), *_associated(place, path)]
    trail = [place.home(), (class_.name, address("class", place.namespace, class_.name))]
    return Sheet(label(path, schema), trail, body, place.namespace)


def _facts(place: Place, class_: Class, path: Path) -> Element:
    own = place.schema(class_.name).declared[class_.name].qualifier(MAPPING) or ()
    facts: list[tuple[str, Content]] = [
        ("class", place.to_schema(class_.name)),
        ("stands for", [tag("div", mapping([document or ""], text))
                        for document, text in map(split, own)]),
        ("path", tag("code", str(path))),
    ]
    return tag("dl", [(tag("dt", title), tag("dd", content)) for title, content in facts])


def _values(place: Place, class_: Class, found: Instance) -> Iterator[Element]:
    on = documents(place.schema(class_.name), class_.name)
    rows: list[Sequence[Content]] = []
    unset: list[Sequence[Content]] = []
    for name, row in class_.properties.items():
        head = [name, " ", tag("small", "key")] if row.qualifier("Key") else name
        if name == REST:
            continue
        if found.get(name) is not None:
            rows.append((head, place.value(found, name), source(class_, row, on)))
        elif is_row(row):
            unset.append((head, source(class_, row, on)))
    yield tag("h2", "Properties")
    yield table("Its properties", ("property", "value", "from"), rows, "values")
    if unset:
        yield folded(f"Without a value: {len(unset)}", [
            table("Properties without a value", ("property", "from"), unset, "values")])
    if found.get(REST):
        yield folded("What no property takes", [tag("pre", str(found.get(REST)))])


# links

def _associated(place: Place, path: Path) -> Iterator[Element]:
    """What an instance is associated with, by association, roles and class."""
    groups: dict[tuple[str, str, str, str], list[Path]] = {}
    names = list(islice(place.provider.reference_names(path), LINKS + 1))
    for each in names[:LINKS]:
        for here, there, end in _ends(each, path):
            groups.setdefault((each.class_name, here, there, end.class_name), []).append(end)
    rows = [(link(name, instance_address(path, through=name)), here, there,
             place.to_schema(other, found[0].namespace), _links(place, path, name, found))
            for (name, here, there, other), found in groups.items()]
    header = ("association", "it is the", "these are the", "class", "instances")
    yield table("Its associations", header, rows) if rows else nothing()
    if len(names) > LINKS:
        yield tag("p", f"There are more: these are the first {LINKS}.", class_="more")


def _ends(link: Path, path: Path) -> Iterator[tuple[str, str, Path]]:
    """The role that an instance has in an association, and that of each other end."""
    ends = [(name, end) for name, end in link.keys.items() if isinstance(end, Path)]
    here = next((name for name, end in ends if end == path), "")
    for name, end in ends:
        if name != here:
            yield here, name, end


def _links(place: Place, path: Path, name: str, found: Sequence[Path]) -> Content:
    shown: list[Content] = [place.to(each) for each in found[:LIMIT]]
    if len(found) > LIMIT:
        shown.append(link("more", instance_address(path, through=name, **{"from": str(LIMIT)})))
    return items(shown, LIMIT + 1)


def associations(place: Place, path: Path, through: str, start: int) -> Sheet:
    """The associations of one class that an instance is an end of, and what they say."""
    name = place.schema(through).name(through)
    found = place.provider.references(path, result_class=name)
    got = list(islice(found, start, start + LIMIT + 1))
    title = label(path, place.schema(path.class_name))
    body = [place.list(f"{name} of {title}", got[:LIMIT], None) if got else nothing(),
            *turn(start, len(got), lambda number: instance_address(
                path, through=name, **{"from": number}))]
    return Sheet(name, [place.home(), (title, instance_address(path))], body, place.namespace)
