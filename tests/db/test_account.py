"""The embedded server runs as root's guest account, as an ordinary user, and says so where it cannot."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

import fedcare
from fedcare.db.account import service_account
from fedcare.db.binaries import find_binaries
from fedcare.db.embedded import EmbeddedServer
from fedcare.errors import PostgresFailed

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
NOBODY = pwd.getpwnam("nobody")


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@as_root
def test_root_drops_to_an_unprivileged_account_which_alone_reads_the_data(root):
    with EmbeddedServer(root, fast=True) as server:
        account = (root / "data").stat().st_uid
        assert account != 0
        assert uid_of(server.pid) == account
        assert (root / "password").stat().st_uid == 0


@as_root
def test_data_stays_with_the_account_it_was_made_by(root):
    with EmbeddedServer(root, fast=True):
        pass
    for path in (root / "data", *(root / "data").rglob("*")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
    with EmbeddedServer(root, fast=True) as server:
        assert uid_of(server.pid) == NOBODY.pw_uid


@as_root
def test_programs_that_the_account_cannot_run_are_copied_once(root, server_folder, ask):
    hidden = server_folder / uuid4().hex
    hidden.mkdir(mode=0o700)
    package = find_binaries().parent.parent
    shutil.copytree(package / "pginstall18", hidden / package.name / "pginstall18", symlinks=True)
    shutil.copytree(f"{package}.libs", hidden / f"{package.name}.libs")
    for _ in range(2):
        with EmbeddedServer(root, fast=True, binaries=hidden / package.name / "pginstall18" / "bin") as server:
            assert ask(server.url("postgres"), "SELECT 1") == [(1,)]
            assert Path(f"/proc/{server.pid}/exe").readlink().is_relative_to(root.resolve() / "programs")
    assert len(list((root / "programs").iterdir())) == 1


@as_root
def test_a_folder_that_the_account_cannot_enter_is_refused_and_left_as_it_is(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(PostgresFailed, match=r"cannot enter .* FEDCARE_HOME"):
        EmbeddedServer(closed / "postgres").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_runs_it_as_itself(server_folder, python_for_everybody):
    home = server_folder / uuid4().hex
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    program = (
        "import os, sys; from pathlib import Path; from fedcare.db.embedded import EmbeddedServer\n"
        "with EmbeddedServer(Path(sys.argv[1]), fast=True) as server:\n"
        "    print(os.getuid(), Path(f'/proc/{server.pid}').stat().st_uid, server.root.stat().st_mode & 0o777)"
    )
    ran = python_for_everybody(program, home / "postgres")
    assert ran.stdout.split() == [str(NOBODY.pw_uid), str(NOBODY.pw_uid), str(0o700)], ran.stderr


@as_root
def test_another_accounts_folder_is_refused_in_words(server_folder, root, python_for_everybody):
    with EmbeddedServer(root, fast=True):
        program = (
            "import sys; from pathlib import Path; from fedcare.db.embedded import EmbeddedServer\n"
            "from fedcare.errors import PostgresFailed\n"
            "try: EmbeddedServer(Path(sys.argv[1])).start()\n"
            "except PostgresFailed as error: print(error)"
        )
        ran = python_for_everybody(program, root)
    assert "belongs to another account" in ran.stdout, ran.stderr


@pytest.fixture
def python_for_everybody() -> Callable[..., subprocess.CompletedProcess]:
    """Runs a program with FedCare as ``nobody``; skips where no Python that could lies open to other accounts."""
    paths = os.pathsep.join([str(Path(fedcare.__file__).parents[1]), sysconfig.get_paths()["platlib"]])

    def run(python: str, program: str, *args: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [python, "-B", "-c", program, *map(str, args)],
            capture_output=True,
            text=True,
            check=False,
            user=NOBODY.pw_uid,
            group=NOBODY.pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": paths, "PATH": os.defpath},
        )

    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with suppress(OSError):
            if run(python, "import fedcare.db.embedded").returncode == 0:
                return partial(run, python)
    pytest.skip("Python or FedCare lies where other accounts cannot run it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root is the other case")
def test_who_is_not_root_stays_who_it_is(tmp_path):
    assert service_account(tmp_path / "data").ids is None
