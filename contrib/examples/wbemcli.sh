#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host by wbemcli (Debian's package sblim-wbemcli): contrib/examples/wbemcli.sh URL GUEST
# With credentials: http://anna:PASSWORD@localhost:5988
set -eu
url=$1 guest=$2

# the guests, and one of them
wbemcli ein "$url/root/virt:CIM_ComputerSystem"
path=$(wbemcli ein "$url/root/virt:CIM_ComputerSystem" |
    sed -n "s/^[^/]*\(.*_ComputerSystem\..*,Name=\"$guest\".*\)$/\1/p")
wbemcli -nl gi "$url$path" Name,EnabledState

# its devices, and what else is linked with it
wbemcli ain -arc CIM_LogicalDevice "$url$path"
wbemcli rin "$url$path"

# how a class is declared
wbemcli -nl gc "$url/root/virt:CIM_ComputerSystem"
