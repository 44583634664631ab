"""A data folder of PostgreSQL: made once, with a password that nobody chose."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from fedcare.db.account import Account
from fedcare.db.binaries import version
from fedcare.db.postmaster import environment
from fedcare.errors import PostgresFailed

SUPERUSER = "postgres"


def made_by(root: Path) -> int | None:
    """The major version of PostgreSQL whose data folder lies there; None where there is none yet."""
    try:
        return int((root / "data" / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def create(root: Path, binaries: Path, account: Account, fast: bool) -> None:
    """Run initdb with password logins only. Raises PostgresFailed; a half-made folder is never left as ``data``."""
    for left in root.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own: an initdb whose owner was killed may still be writing into the one before.
    fresh = root / f"data.new-{secrets.token_hex(4)}"
    fresh.mkdir(mode=0o700)
    account.own(fresh)
    password = secrets.token_urlsafe(24)
    write_private(root / "password", password)
    handed = root / "password.new"  # initdb reads the password as the account that it runs as.
    write_private(handed, password, account)
    try:
        quick = ["--no-sync", "--wal-segsize=1"] if fast else []
        if fast and version(binaries / "postgres") >= 16:
            quick += ["-c", "scram_iterations=1"]  # Else most of what a connection takes is its password's.
        _initdb(root, fresh, binaries, account, ["--pwfile", str(handed), *quick])
    finally:
        handed.unlink()
    fresh.rename(root / "data")


def check(root: Path, binaries: Path) -> None:
    """Raise PostgresFailed unless these programs can serve the data folder and its password is there."""
    made, ours = made_by(root), version(binaries / "postgres")
    if made != ours:
        raise PostgresFailed(
            folder=root,
            reason=f"its data is of PostgreSQL {made} and the programs are {ours}. Name programs of {made} in"
            " FEDCARE_PG_BIN, back up with them, and restore into a new FEDCARE_HOME",
        )
    if not (root / "password").exists():
        raise PostgresFailed(folder=root, reason=f"{root / 'password'} is missing; put it back from a backup")


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if account:
        account.own(part)
    part.rename(path)


def _initdb(root: Path, data: Path, binaries: Path, account: Account, options: list[str]) -> None:
    command = [str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=scram-sha-256", "-E", "UTF8"]
    if version(binaries / "postgres") >= 17:
        # The same order and case rules on every system, whatever locales are installed there.
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        command += ["--locale=C.UTF-8"]
    ran = subprocess.run(  # noqa: S603
        [*command, *options],
        capture_output=True,
        text=True,
        cwd="/",
        env=environment(),
        check=False,
        **account.options(),
    )
    if ran.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise PostgresFailed(folder=root, reason=explain(ran.stderr))


def explain(output: str) -> str:
    """What a person can do about the last words of a PostgreSQL program."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return "the disk is full. Free some space and start again"
    lines = [line.split("]")[-1].strip() for line in output.splitlines() if "FATAL" in line or "error:" in line]
    return lines[-1] if lines else " ".join(output.split()[-30:]) or "it said nothing"
