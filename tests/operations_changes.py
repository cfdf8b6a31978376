# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of create_instance, modify_instance and delete_instance, one after the other.

It begins where nobody has subscribed, and ends there. It is for our own servers: another CIM server
keeps subscriptions itself.
"""

from __future__ import annotations

from typing import Any

from expected import Fails, Instances, Operation, Paths
from lab import text

from libvirt_cim.cim import Instance, Path, parse_path

ALL = "SELECT * FROM CIM_InstIndication"
NOTHING = Paths([])
INTEROP = {"namespace": "interop"}
FILTER, DESTINATION, SUBSCRIPTION = (
    "CIM_IndicationFilter", "CIM_ListenerDestinationCIMXML", "CIM_IndicationSubscription")


def kept(class_name: str, name: str, host: str) -> str:
    """The path of what the server of a host keeps."""
    return (f"interop:{class_name}.CreationClassName={text(class_name)},Name={text(name)},"
            f'SystemCreationClassName="Virt_HostSystem",SystemName={text(host)}')


def create(class_name: str, expected: Any, **properties: Any) -> Operation:
    """A CreateInstance."""
    made = Instance(class_name, properties)
    return Operation("create_instance", {"new_instance": made, **INTEROP}, expected)


def modify(path: Path, expected: Any, names: list[str], **properties: Any) -> Operation:
    """A ModifyInstance of listed properties."""
    changed = Instance(path.class_name, properties, path)
    return Operation("modify_instance",
                     {"modified_instance": changed, "property_list": names}, expected)


def delete(path: Any, expected: Any = NOTHING) -> Operation:
    """A DeleteInstance."""
    return Operation("delete_instance", {"instance_name": str(path)}, expected)


def changes(host: str) -> list[Operation]:
    """All of it; `host` is the name that libvirt has for this machine."""
    filter_ = kept("Virt_IndicationFilter", "f", host)
    destination = kept("Virt_ListenerDestinationCIMXML", "d", host)
    service = kept("Virt_IndicationService", "IndicationService", host)
    ends = {"Filter": parse_path(filter_), "Handler": parse_path(destination)}
    path = Path("Virt_IndicationSubscription", dict(ends), "interop")
    subscription = str(path)
    get = {"property_list": ["SubscriptionState", "SubscriptionInfo"]}
    return [
        create(FILTER, Paths([filter_]), Name="f", Query=ALL, QueryLanguage="WQL"),
        create(FILTER, Fails(11, "Virt_IndicationFilter: there is one already"), Name="f",
               Query=ALL, QueryLanguage="WQL"),
        create(FILTER, Fails(4, "Virt_IndicationFilter.QueryLanguage: must be given")),
        create("CIM_NoSuchClass", Fails(5, "class CIM_NoSuchClass is not declared")),
        create("Virt_RegisteredProfile", Fails(
            7, "instances of Virt_RegisteredProfile are not made, changed or deleted so")),
        create(DESTINATION, Paths([destination]), Name="d", Destination="http://127.0.0.1:9"),
        create(SUBSCRIPTION, Paths([subscription]), **ends),
        Operation("enumerate_instances", {"class_name": FILTER, **INTEROP},
                  Instances({filter_: {"Query": ALL, "Name": "f"}}, others=True)),
        Operation("associator_names", {"object_name": filter_, "assoc_class": SUBSCRIPTION},
                  Paths([destination])),
        Operation("reference_names", {"object_name": destination, "result_class": SUBSCRIPTION},
                  Paths([subscription])),
        Operation("associator_names", {"object_name": service,
                                       "assoc_class": "CIM_ServiceAffectsElement"},
                  Paths([filter_, destination])),
        modify(path, NOTHING, ["SubscriptionState", "SubscriptionInfo"], SubscriptionState=4,
               SubscriptionInfo="rack 2"),
        Operation("get_instance", {"instance_name": subscription, **get},
                  Instances({subscription: {"SubscriptionState": 4,
                                            "SubscriptionInfo": "rack 2"}})),
        modify(path, NOTHING, ["SubscriptionInfo"]),
        Operation("get_instance", {"instance_name": subscription, **get},
                  Instances({subscription: {"SubscriptionState": 4}})),
        modify(ends["Filter"], Fails(4, "Virt_IndicationFilter.Query: may not be changed"),
               ["Query"], Query="SELECT * FROM CIM_InstCreation"),
        delete(filter_, Fails(1, "Virt_IndicationFilter.Name: 'f' has a subscription")),
        delete(subscription), delete(subscription, Fails(6, "No such instance (Filter)")),
        delete(filter_), delete(destination),
        delete(filter_, Fails(6, "No such instance (Name)")),
        Operation("enumerate_instance_names", {"class_name": FILTER, **INTEROP}, NOTHING),
    ]
