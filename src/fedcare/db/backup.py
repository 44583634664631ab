"""A database as one file, and back: PostgreSQL's own dump, whole and private."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg

from fedcare.db.dump_programs import Progress, failed, listen, program, server_major, target
from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.server import connect, place
from fedcare.errors import BackupFailed, DatabaseNotEmpty, FileMissing, UnreadableFile

_TABLES = r"""
    SELECT count(*) FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
"""
# Forced row-level security binds even the tables' owner: what such a role dumps could lack rows.
_BOUND = """
    SELECT rolname FROM pg_roles WHERE rolname = current_user AND NOT (rolsuper OR rolbypassrls)
    AND EXISTS (SELECT FROM pg_class WHERE relforcerowsecurity)
"""
_REFUSED_BY_OLDER_SERVERS = b"SET transaction_timeout = 0;\n"
_HEADER_LINES = 50


def backup(url: str, file: Path, binaries: Path | None = None, progress: Progress | None = None) -> int:
    """Write the whole database to a new file that only its owner can read; returns its size in bytes.

    The file appears when it is complete, never before. Raises BackupFailed, also when the file exists; NoPostgres
    without a pg_dump of the server's version or a later one; DatabaseUnreachable.
    """
    if file.exists():
        raise BackupFailed(what="The backup", reason=f"{file} exists, and a backup replaces nothing. Name another file")
    with connect(url) as connection:
        _refuse_a_bound_role(connection)
        tables, major = _count(connection), server_major(connection)
    dump = program("pg_dump", binaries, major, least=major)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Made by mkstemp, so it is ours alone from its first byte.
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    part = Path(name)
    try:
        _dump(dump, url, part, tables, progress)
        os.fsync(descriptor)
        part.rename(file)
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)
    return file.stat().st_size


def restore(url: str, file: Path, binaries: Path | None = None, progress: Progress | None = None) -> int:
    """Fill an empty database from a backup, all of it or nothing; returns the number of tables.

    The application's role, which belongs to the server and so to no backup, is made where it is missing. Raises
    DatabaseNotEmpty, FileMissing, UnreadableFile, BackupFailed, NoPostgres, DatabaseUnreachable.
    """
    if not file.is_file():
        raise FileMissing(path=file)
    with connect(url) as connection:
        held, major = _count(connection), server_major(connection)
        if held:
            raise DatabaseNotEmpty(where=place(url), tables=held)
        reader = program("pg_restore", binaries, major)
        tables = _tables_in(reader, file)
        _make_application_role(connection)
    _fill(reader, url, file, tables, progress)
    with connect(url) as connection:
        connection.execute("ANALYZE")  # The planner knows nothing of tables that were just filled.
        return _count(connection)


def _count(connection: psycopg.Connection) -> int:
    """How many tables and views people have made there."""
    row = connection.execute(_TABLES).fetchone()
    return int(row[0]) if row else 0


# -- writing ----------------------------------------------------------------------------------------------------------


def _refuse_a_bound_role(connection: psycopg.Connection) -> None:
    bound = connection.execute(_BOUND).fetchone()
    if bound:
        reason = (
            f"row-level security would hide rows from the role {bound[0]}. Let an administrator of the server run"
            f" ALTER ROLE {bound[0]} BYPASSRLS, or name a role that has it in DATABASE_URL for the backup"
        )
        raise BackupFailed(what="The backup", reason=reason)


def _dump(dump: Path, url: str, out: Path, tables: int, progress: Progress | None) -> None:
    where, environment = target(url)
    # Not to stdout: what pg_dump writes there lacks the places of the rows, and a file cut short would pass for whole.
    command = [str(dump), "--format=custom", f"--file={out}", "--verbose", "--no-password", f"--dbname={where}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as running:  # noqa: S603
        assert running.stderr is not None
        failures = listen(running.stderr, "dumping contents of table", tables, progress)
    if running.returncode:
        raise failed("The backup", failures)


# -- reading ----------------------------------------------------------------------------------------------------------


def _tables_in(reader: Path, file: Path) -> int:
    """How many tables a backup holds rows of; raises UnreadableFile for what is no backup."""
    ran = subprocess.run([reader, "--list", file], capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        reason = ran.stderr.strip().splitlines()[0] if ran.stderr.strip() else "it is no backup of a database"
        raise UnreadableFile(path=file, reason=reason)
    return sum(" TABLE DATA " in line for line in ran.stdout.splitlines())


def _make_application_role(connection: psycopg.Connection) -> None:
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [APPLICATION]).rowcount:
        return
    try:
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE ROLE {APPLICATION} NOLOGIN")
    except psycopg.errors.InsufficientPrivilege:
        reason = f"the role {APPLICATION} is missing on the server and this user may not make it"
        raise BackupFailed(what="The restore", reason=reason) from None


def _fill(reader: Path, url: str, file: Path, tables: int, progress: Progress | None) -> None:
    """Let pg_restore write statements and psql run them in one transaction.

    Not pg_restore alone: one newer than the server sends it a setting that it refuses, which is taken out here.
    """
    where, environment = target(url)
    read = [str(reader), "--file=-", "--verbose", "--no-owner", str(file)]
    write = [str(reader.with_name("psql")), "--quiet", "--no-psqlrc", "--no-password", "--single-transaction"]
    write += ["--set=ON_ERROR_STOP=1", f"--output={os.devnull}", f"--dbname={where}"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(read, stdout=pipe, stderr=pipe) as source,  # noqa: S603
        subprocess.Popen(write, stdin=pipe, stderr=pipe, env=environment) as sink,  # noqa: S603
        ThreadPoolExecutor(2) as listeners,
    ):
        assert source.stdout and source.stderr and sink.stdin and sink.stderr
        read_failures = listeners.submit(listen, source.stderr, "processing data for table", tables, progress)
        write_failures = listeners.submit(listen, sink.stderr, "\0", 0, None)
        try:
            _pump(source.stdout, sink.stdin)
            read_badly = source.wait() != 0
        except BaseException:
            sink.kill()
            source.kill()
            raise
        if read_badly:
            # Killed before its input ends: at the end of the input psql would commit what came so far.
            sink.kill()
        with suppress(BrokenPipeError):
            sink.stdin.close()
        sink.wait()
    if read_badly or sink.returncode:
        raise failed("The restore", write_failures.result() or read_failures.result())


def _pump(source: IO[bytes], sink: IO[bytes]) -> None:
    """Hand the statements on. An early end of psql is not an error here: its own words say what happened."""
    with suppress(BrokenPipeError):
        for _, line in zip(range(_HEADER_LINES), source, strict=False):
            if line != _REFUSED_BY_OLDER_SERVERS:
                sink.write(line)
        shutil.copyfileobj(source, sink, 2**20)
        sink.flush()
    source.close()  # Where psql ended early, pg_restore is to end too.
