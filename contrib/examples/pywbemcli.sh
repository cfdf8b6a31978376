#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host by pywbemcli (the Python package pywbemtools): contrib/examples/pywbemcli.sh URL GUEST
# Credentials, if any, are in $PYWBEMCLI_USER and $PYWBEMCLI_PASSWORD.
set -eu
url=$1 guest=$2

wbem() {
    pywbemcli --server "$url" --default-namespace root/virt "$@"
}

# what the server is, and the profiles that it follows
wbem server info
wbem profile list

# the guests, and one of them with its devices
class=$(wbem instance enumerate CIM_ComputerSystem --names-only |
    sed -n "s/.*:\(.*_ComputerSystem\)\..*,Name=\"$guest\"$/\1/p")
path="$class.CreationClassName=\"$class\",Name=\"$guest\""
wbem instance get "$path" --propertylist Name,EnabledState
wbem instance associators "$path" --result-class CIM_LogicalDevice --names-only

# how a class is declared
wbem class get "$class" --no-qualifiers
