# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server keeps in its file."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from libvirt_cim.cim import Error
from libvirt_cim.service.store import VERSION, Store


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    file = str(tmp_path / "state")
    store = Store(file)
    first, second, third = (store.add("a", text) for text in ("one", "zwei ä\n", "three"))
    store.add("b", "other")
    store.change(first, "uno")
    store.remove(third)
    store.close()
    again = Store(file)
    assert again.all("a") == [(first, "uno"), (second, "zwei ä\n")]
    assert again.all("c") == [] and again.lasting
    assert again.add("a", "four") > third  # a number is of one text for ever


def test_without_a_file_nothing_lasts() -> None:
    store = Store()
    store.add("a", "one")
    assert not store.lasting and Store().all("a") == []


def test_threads_share_it() -> None:
    store = Store()
    threads = [threading.Thread(target=lambda: [store.add("a", "x") for _ in range(50)])
               for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({number for number, _ in store.all("a")}) == 200


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "state"
    Store(str(file)).add("a", "http://listener/?token=secret")
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_another_program_keeps_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE places (url TEXT)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(Error, match="^.*/other: another program keeps something in it$"):
        Store(str(file))
    assert file.read_bytes() == before


def test_what_it_cannot_use_is_said(tmp_path: Path) -> None:
    with pytest.raises(Error, match=f"^{tmp_path}: Is a directory$"):
        Store(str(tmp_path))
    with pytest.raises(Error, match=f"^{tmp_path}/a/b: No such file or directory$"):
        Store(f"{tmp_path}/a/b")
    (tmp_path / "text").write_text("no database, but a text that is long enough" * 9)
    with pytest.raises(Error, match="text: file is not a database"):
        Store(str(tmp_path / "text"))
    later = sqlite3.connect(tmp_path / "later")
    later.execute(f"PRAGMA user_version = {VERSION + 1}")
    later.close()
    with pytest.raises(Error, match="of a later version"):
        Store(str(tmp_path / "later"))
