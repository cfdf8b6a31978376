# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast the package is, as ratios to floors that are measured in the same run.

Run by contrib/bench/run, or where libvirt_cim can be imported.

A floor is what any program must do for the same job: parse the document, fetch the guests, import
the libraries. Times are the least of many runs, floors and figures in turns; nothing is asserted,
but a ratio over its target is marked with an exclamation mark.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import convert
import encode
import hosts
import live
import load
import server
from measure import Report, table

SUBJECTS = ("convert", "encode", "enumerate", "load", "live", "server", "live-server")


def main() -> None:
    """Measure what the command line names and print a table for each."""
    options = _options()
    for name in SUBJECTS:
        if options.what in (name, "all"):
            for report in _subject(name, options)():
                print(table(report), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=(*SUBJECTS, "all"))
    parser.add_argument("--guests", default="10,100,1000", type=_counts, metavar="N,N,...",
                        help="how many guests hosts have (%(default)s)")
    parser.add_argument("--uri", help="the libvirt that `live` reads, as it is; else one of its "
                                      "own, in namespaces, which root can start")
    parser.add_argument("--seconds", default=5.0, type=float,
                        help="how long each table may take to measure (%(default)s)")
    return parser.parse_args()


def _counts(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _subject(name: str, options: argparse.Namespace) -> Callable[[], Iterator[Report]]:
    if name == "live":
        return lambda: live.reports(options.guests, options.seconds, options.uri)
    many = {"enumerate": hosts.reports, "server": server.reports,
            "live-server": server.live_reports}
    if name in many:
        return lambda: many[name](options.guests, options.seconds)
    found = {"convert": convert, "encode": encode, "load": load}[name]
    return lambda: iter([found.report(options.seconds)])


if __name__ == "__main__":
    main()
