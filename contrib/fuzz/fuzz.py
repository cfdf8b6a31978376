# SPDX-License-Identifier: LGPL-2.1-or-later
"""Feed one target what a coverage-guided fuzzer thinks of, until it finds a mistake.

    python contrib/fuzz/fuzz.py TARGET [FOLDER] [-max_total_time=300] [-max_len=4096] …

needs atheris (the extra `fuzz`). Inputs that are of interest are kept in FOLDER, which is made
if it is not there; a mistake's input is written to crash-… or timeout-…; `fuzz.py TARGET FILE` runs
the target on one input. The options are libFuzzer's.
"""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    print("fuzz.py: atheris is not installed; nothing is done", file=sys.stderr)
    sys.exit(0)

with atheris.instrument_imports(include=["libvirt_cim"]):
    import targets

import mutate
from lxml import etree

from libvirt_cim import cim

INSTRUMENTED = 3  # times as slow as without counting


def main() -> None:
    """Fuzz what the command line names."""
    known = targets.targets()
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        sys.exit(f"usage: fuzz.py {'|'.join(known)} [FOLDER] [OPTIONS OF LIBFUZZER]")
    name, rest = sys.argv[1], sys.argv[2:]
    options = [each for each in rest if each.startswith("-")]
    places = [each for each in rest if each not in options] or [
        tempfile.mkdtemp(prefix=f"fuzz-{name}-")]
    target = known[name]
    if not Path(places[0]).is_file():
        options.append(f"-dict={_begun(Path(places[0]), target)}")
    faulthandler.enable()
    atheris.Setup([sys.argv[0], *places, "-timeout=10", *options], _timed(target),
                  custom_mutator=_mutator(target))
    atheris.Fuzz()


def _mutator(target: targets.Target) -> Callable[[bytes, int, int], bytes]:
    """Changes of bytes, and now and then of what the bytes mean, if they are XML."""
    words = target.words.split()

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        if seed % 4:
            try:
                return mutate.mutated(bytes(data), seed, words)[:most]
            except (ValueError, etree.XMLSyntaxError):
                pass
        return bytes(atheris.Mutate(data, most))

    return mutator


def _begun(folder: Path, target: targets.Target) -> Path:
    """A folder with what the target begins with, and beside it a dictionary."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    words = folder.with_name(f"{folder.name}.words")
    quoted = (each.replace("\\", "\\\\").replace('"', '\\"') for each in target.words.split())
    words.write_text("".join(f'"{each}"\n' for each in quoted), "utf-8")
    return words


def _timed(target: targets.Target) -> Callable[[bytes], None]:
    """The target, whose cim.Error is an answer, and which must not take long."""
    def run(data: bytes) -> None:
        begun = time.process_time()
        with contextlib.suppress(cim.Error):
            target.run(data)
        took = time.process_time() - begun
        if took > INSTRUMENTED * targets.SECONDS:
            raise AssertionError(f"it took {took:.1f} seconds")

    for seed in target.seeds:  # what is loaded once
        with contextlib.suppress(cim.Error):
            target.run(seed)
    return run


if __name__ == "__main__":
    main()
