"""The account that the embedded PostgreSQL runs as: ours, or an unprivileged one when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcare.db.binaries import full_version
from fedcare.errors import PostgresFailed


@dataclass(frozen=True)
class Account:
    """Who the server runs as. ``ids`` is the (uid, gid) to drop to, None to stay who we are."""

    ids: tuple[int, int] | None

    def options(self) -> dict[str, Any]:
        """What ``subprocess`` needs to run a program as this account."""
        if self.ids is None:
            return {}
        return {"user": self.ids[0], "group": self.ids[1], "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a file or folder to this account."""
        if self.ids is not None:
            os.chown(path, *self.ids)

    def make_root(self, folder: Path) -> None:
        """Make the server's root folder: it and parents that are missing can be entered by this account, not listed.

        Folders that exist keep their permissions. Raises PostgresFailed where one of them bars the way.
        """
        mode = 0o700 if self.ids is None else 0o711
        for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
            missing.mkdir(mode=mode, exist_ok=True)
            missing.chmod(mode)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PostgresFailed(
                folder=folder, reason="the folder belongs to another account. Choose another FEDCARE_HOME"
            )
        if self.ids is not None and not self._can_enter(folder):
            raise PostgresFailed(
                folder=folder,
                reason=f"PostgreSQL does not run as root, and the account {self.name} cannot enter that folder."
                " Choose a FEDCARE_HOME that everybody may pass through, such as /var/lib/fedcare",
            )

    @property
    def name(self) -> str:
        """The account's name, for people."""
        uid = self.ids[0] if self.ids else os.geteuid()
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    def runnable(self, binaries: Path, root: Path) -> Path:
        """``binaries``, or a copy of them under ``root`` where this account cannot run them where they are.

        A virtual environment in root's own folder is the usual case. A copy takes 31 MB and is made once a version.
        """
        # initdb as well as postgres: they need different libraries.
        if self.ids is None or all(self._can_run(binaries / name) for name in ("initdb", "postgres")):
            return binaries
        copies = root / "programs"
        copy = copies / full_version(binaries / "postgres")
        if not copy.exists():
            copies.mkdir(mode=0o711, exist_ok=True)
            for old in copies.iterdir():
                shutil.rmtree(old, ignore_errors=True)
            # Renamed when whole, so that a copy cut short by a full disk is never run.
            part = Path(tempfile.mkdtemp(dir=copies))
            _copy_installation(binaries.parent, part)
            part.rename(copy)
        return copy / binaries.parent.parent.name / binaries.parent.name / binaries.name

    def _can_run(self, program: Path) -> bool:
        try:
            ran = subprocess.run([program, "--version"], capture_output=True, cwd="/", check=False, **self.options())  # noqa: S603
        except OSError:
            return False
        return ran.returncode == 0

    def _can_enter(self, folder: Path) -> bool:
        command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        try:
            ran = subprocess.run(command, capture_output=True, cwd="/", check=False, **self.options())  # noqa: S603
        except OSError:
            return False
        return ran.returncode == 0


def _copy_installation(installation: Path, into: Path) -> None:
    """Copy it for everybody to read and run, with the libraries that a wheel keeps beside its package."""
    package = installation.parent
    shutil.copytree(installation, into / package.name / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name, symlinks=True)
    for path in (into, *into.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


def service_account(data: Path) -> Account:
    """The account for a data folder: its owner if it exists, else as whom a new one is made.

    Raises PostgresFailed for root on a machine without an unprivileged account.
    """
    if os.geteuid() != 0:
        return Account(None)
    if data.exists() and data.stat().st_uid != 0:
        return Account((data.stat().st_uid, data.stat().st_gid))
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account((entry.pw_uid, entry.pw_gid))
    raise PostgresFailed(folder=data.parent, reason="PostgreSQL does not run as root. Add a user `postgres`")
