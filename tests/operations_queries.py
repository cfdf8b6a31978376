# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of queries, and of the associations of classes."""

from __future__ import annotations

from expected import Fails, Instances, Paths, Row, Values
from lab import FRONT1, GUESTS, VDA, link, rasd, system, vssd

QUERY = "exec_query"
SYSTEM = "Virt_ComputerSystem"


def wql(query: str, language: str = "WQL") -> dict[str, str]:
    """The arguments of a query."""
    return {"query_language": language, "query": query}


def queries() -> list[Row]:
    """exec_query: what fits, and what of it is asked for."""
    running = {system(name): {"Name": name} for name, each in GUESTS.items() if each.enabled == 2}
    state = link("Virt_SettingsDefineState", ManagedElement=FRONT1,
                 SettingData=vssd("front1/active"))
    return [
        (QUERY, wql(f"SELECT Name FROM {SYSTEM} WHERE EnabledState = 2"), Instances(running)),
        (QUERY, wql(f"select name from {SYSTEM.lower()} where ENABLEDSTATE='2'", "wql"),
         Instances(running)),
        (QUERY, wql(f"SELECT s.Name FROM {SYSTEM} s WHERE s.EnabledState = 2", "DMTF:CQL"),
         Instances(running)),
        (QUERY, wql(f"SELECT Name FROM {SYSTEM} WHERE EnabledState = '2'", "DMTF:CQL"),
         Instances({})),
        (QUERY, wql(f"SELECT * FROM {SYSTEM} WHERE Name = 'front1'"),
         Instances({FRONT1: {"Name": "front1", "EnabledState": 2}}, others=True)),
        (QUERY, wql("SELECT __CLASS, Name FROM CIM_LogicalDevice WHERE DeviceID = 'front1/vda'"),
         Instances({VDA: {"Name": "vda"}})),
        (QUERY, wql("SELECT InstanceID FROM CIM_SettingData WHERE InstanceID = 'front1/active/vda'"
                    " AND __THIS ISA CIM_ResourceAllocationSettingData"),
         Instances({rasd("Disk", "front1/active/vda"): {"InstanceID": "front1/active/vda"}})),
        (QUERY, wql("SELECT * FROM CIM_SettingsDefineState WHERE ManagedElement ISA CIM_System "
                    "AND SettingData.InstanceID LIKE '%front1/active'"),
         Instances({state: {"ManagedElement": FRONT1, "SettingData": vssd("front1/active")}})),
        (QUERY, wql(f"SELECT Name FROM {SYSTEM} WHERE Name = 'nosuch'"), Instances({})),
        (QUERY, wql(f"SELECT Name FROM {SYSTEM} WHERE Name='front1' OR Name='nosuch'"),
         Instances({FRONT1: {"Name": "front1"}})),
        (QUERY, wql("SELECT Name FROM CIM_ComputerSystem WHERE Name = 'front1'"),
         Instances({FRONT1: {"Name": "front1"}})),
        (QUERY, wql(f"SELECT Name FROM {SYSTEM} WHERE CreationClassName = 'KVM_X'"),
         Instances({})),
    ]


def wrong_queries() -> list[Row]:
    """Queries that say nothing, or nothing that is there."""
    return [
        (QUERY, wql("Name = 'a'", "DMTF:FQL"), Fails(
            14, "'DMTF:FQL' is not a query language that is supported here: WQL, DMTF:CQL")),
        (QUERY, wql(f"SELECT * FROM {SYSTEM} WHERE Name LIKE"),
         Fails(15, "WQL: character 50: expected a string, not the end")),
        (QUERY, wql("SELECT * FROM CIM_NoSuch"),
         Fails(15, "WQL: class CIM_NoSuch is not declared")),
        (QUERY, wql(f"SELECT Nme FROM {SYSTEM}"),
         Fails(15, f"WQL: character 8: {SYSTEM} has no property Nme")),
        (QUERY, wql(f"SELECT * FROM {SYSTEM} WHERE Name='a' AND Nme IS NULL"),
         Fails(15, f"WQL: character 54: {SYSTEM} has no property Nme")),
        (QUERY, wql(f"SELECT * FROM {SYSTEM} ORDER BY Name", "DMTF:CQL"),
         Fails(29, "DMTF:CQL: character 35: ORDER is not supported")),
        (QUERY, {**wql(f"SELECT * FROM {SYSTEM}"), "namespace": "root/nowhere"},
         Fails(3, "namespace root/nowhere does not exist")),
    ]


def class_links() -> list[Row]:
    """Associators and references of a class: declarations."""
    of_system = {"object_name": SYSTEM}
    return [
        ("associator_names", {**of_system, "assoc_class": "CIM_SystemDevice"},
         Paths(["CIM_LogicalDevice"])),
        ("associator_names", {**of_system, "role": "PartComponent",
                              "assoc_class": "CIM_SystemDevice"}, Paths([])),
        ("associator_names", {**of_system, "result_role": "partcomponent",
                              "result_class": "CIM_EnabledLogicalElement",
                              "assoc_class": "CIM_Component"},
         Paths(["CIM_FileSystem", "CIM_LogicalDevice"])),
        ("reference_names", {**of_system, "result_class": "CIM_SystemDevice"},
         Paths(["CIM_SystemDevice", "Virt_SystemDevice"])),
        ("reference_names", {**of_system, "result_class": "CIM_SystemDevice",
                             "role": "PartComponent"}, Paths([])),
        ("associators", {**of_system, "assoc_class": "Virt_SystemDevice",
                         "property_list": ["DeviceID"], "include_class_origin": True},
         Values({"0.class": "CIM_LogicalDevice", "0.qualifiers": {},
                 "0.properties.DeviceID.origin": "CIM_LogicalDevice", "1": None})),
        ("references", {**of_system, "result_class": "Virt_SystemDevice",
                        "include_qualifiers": True},
         Values({"0.class": "Virt_SystemDevice", "0.qualifiers.Association": True, "1": None})),
        ("associators", {"object_name": "CIM_NoSuch"},
         Fails(5, "class CIM_NoSuch is not declared")),
    ]
