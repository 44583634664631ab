"""The embedded PostgreSQL: started when needed, shared by the processes of one machine, gone with the last of them.

The first process on a folder owns the server: it starts it as its child and stops it when it ends. Whoever comes while
it runs is a guest and connects to the same server. When the owner ends, a guest takes the server over: it starts it
again on the same port within a second, so URLs stay valid, and only connections that were open then are lost. A server
that dies of itself is started again likewise. After a kill -9 of the owner the kernel tells the server to shut down.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from urllib.parse import quote

import psycopg

from fedcare.db import cluster, postmaster
from fedcare.db.account import Account, service_account
from fedcare.db.binaries import find_binaries
from fedcare.db.owner_lock import GuestLease, OwnerLock
from fedcare.errors import PostgresFailed
from fedcare.ports import free_port, is_free

_WATCH = 0.1  # seconds between two looks of the keeper
_PATIENCE = 120.0  # seconds for a start: a recovery after a power cut may take long
_GUESTS = 60.0  # seconds that an owner who ends waits for guests in the middle of something
_LOG_LIMIT = 10 * 2**20
_TRIES = 5


class EmbeddedServer:
    """A PostgreSQL server on a folder of ours.

    ``fast`` gives up safety against power cuts for speed: for tests. ``say`` is told in words what takes longer.
    ``binaries`` is FEDCARE_PG_BIN. ``undisturbed`` is for what is short and must not be cut off, such as a migration:
    an owner that ends waits a minute for such a guest. Raises PostgresFailed or NoPostgres on ``start``.
    """

    def __init__(
        self,
        root: Path,
        fast: bool = False,
        say: Callable[[str], None] | None = None,
        binaries: Path | None = None,
        undisturbed: bool = False,
    ) -> None:
        self.root = root.resolve()
        self.port = 0
        self.log = self.root / "postgres.log"
        self._data = self.root / "data"
        self._fast = fast
        self._say = say or (lambda _: None)
        self._chosen = binaries
        self._account = Account(None)
        self._programs = Path()
        self._lock = OwnerLock(self.root / "owner.lock")
        self._lease = GuestLease(self.root / "guests.lock")
        self._undisturbed = undisturbed
        self._process: Popen[bytes] | None = None
        self._ending = threading.Event()
        self._keeper: threading.Thread | None = None

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def is_owner(self) -> bool:
        """Whether the server is this object's child, not another's."""
        return self._lock.held

    @property
    def pid(self) -> int | None:
        """The server's process, where it is our child."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Return when the server takes connections, whoever started it; does nothing when started already."""
        if self._keeper:
            return
        self._account = service_account(self._data)
        self._account.make_root(self.root)
        begun: Future[None] = Future()
        # The kernel ties the server's life to the thread that started it, so one thread keeps it from start to stop.
        self._keeper = threading.Thread(target=self._keep, args=(begun,), name="fedcare-postgres", daemon=True)
        self._ending.clear()
        self._keeper.start()
        atexit.register(self.stop)
        try:
            begun.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if it is ours and let go of the folder; does nothing when not started."""
        atexit.unregister(self.stop)
        self._ending.set()
        if self._keeper:
            self._keeper.join()
            self._keeper = None

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The address of a database, for SQLAlchemy; as the server's superuser unless a user is named."""
        if user is None:
            user, password = cluster.SUPERUSER, self._password()
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
        return f"postgresql+psycopg://{login}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    # -- the keeper's thread ------------------------------------------------------------------------------------------

    def _keep(self, begun: Future[None]) -> None:
        try:
            self._enter()
        except BaseException as error:
            self._leave()
            begun.set_exception(error)
            return
        begun.set_result(None)
        while not self._ending.wait(_WATCH):
            try:
                self._watch()
            except Exception as error:  # The keeper goes on: the cause may pass, such as a full disk.
                self._note(f"not started: {error}")
                self._ending.wait(1)
        self._leave()

    def _enter(self) -> None:
        """Become the owner, or a guest of a server that answers."""
        until = time.monotonic() + _PATIENCE
        while not self._ending.is_set():
            if self._lock.acquire():
                self._own()
                return
            if self._undisturbed:
                self._lease.take()  # Before the state is read: an owner withdraws it before it looks for guests.
            state = self._lock.read()
            if state.ready and self._answers(state.port):
                self.port = state.port
                return
            self._lease.release()
            if time.monotonic() > until:
                reason = f"process {state.owner} holds the folder, but its server does not answer. See {self.log}"
                raise PostgresFailed(folder=self.root, reason=reason)
            time.sleep(0.02)
        raise PostgresFailed(folder=self.root, reason="it was stopped while starting")

    def _watch(self) -> None:
        """A guest takes over when the owner is gone; an owner starts a server that died again."""
        if not self._lock.held:
            if self._lock.acquire():
                self._lease.release()
                self._note("the owner is gone; taken over")
                self._run(self.port)
        elif self._process is None or self._process.poll() is not None:
            self._note("the server ended by itself; starting it again")
            self._run(self.port)

    def _own(self) -> None:
        """Prepare the folder where it is new, and start the server there."""
        made = cluster.made_by(self.root)
        self._find_programs(made)
        if made:
            cluster.check(self.root, self._programs)
        else:
            self._say("Preparing the database for the first time")
            cluster.create(self.root, self._programs, self._account, self._fast)
        self._trim_log()
        port = self._lock.read().port
        for _ in range(_TRIES):
            try:
                self._run(port if port and is_free(port) else free_port())
                return
            except _PortTaken:
                port = 0
        self._run(free_port())

    def _run(self, port: int) -> None:
        """Start ``postgres`` and wait until it takes connections."""
        if not self._programs.name:  # A guest that takes over has not looked for them yet.
            self._find_programs(cluster.made_by(self.root))
        self._lock.publish(port, ready=False)
        if not postmaster.clear_stale(self._data):
            raise PostgresFailed(folder=self.root, reason=f"an earlier server still shuts down there. See {self.log}")
        said = self.log.stat().st_size if self.log.exists() else 0
        self._process = postmaster.launch(self._programs, self._data, port, self.log, self._account, self._fast)
        try:
            self._await_ready(self._process, said)
        except BaseException:
            postmaster.stop(self._process)
            raise
        self.port = port
        self._lock.publish(port, ready=True)

    def _await_ready(self, process: Popen[bytes], said: int) -> None:
        begun = time.monotonic()
        told = False
        while not postmaster.is_ready(self._data, process):
            waited = time.monotonic() - begun
            if process.poll() is not None:
                words = self._log_since(said)
                kind = _PortTaken if "could not bind" in words or "Address already in use" in words else PostgresFailed
                raise kind(folder=self.root, reason=f"{cluster.explain(words)}. See {self.log}")
            if waited > _PATIENCE or self._ending.is_set():
                raise PostgresFailed(folder=self.root, reason=f"it took longer than {_PATIENCE:.0f} s. See {self.log}")
            if waited > 2 and not told:
                self._say("The database is still starting: it may be recovering from a crash")
                told = True
            time.sleep(0.01)

    def _leave(self) -> None:
        if self._process:
            self._lock.publish(self.port, ready=False)  # Who comes now waits for the lock instead of joining.
            until = time.monotonic() + _GUESTS
            while self._lease.held_by_others() and time.monotonic() < until:
                time.sleep(0.05)
            postmaster.stop(self._process)
            self._process = None
        self._lease.release()
        self._lock.release()

    # -- small things -------------------------------------------------------------------------------------------------

    def _find_programs(self, made: int | None) -> None:
        self._programs = self._account.runnable(find_binaries(self._chosen, wanted=made), self.root)

    def _password(self) -> str:
        return (self.root / "password").read_text()

    def _answers(self, port: int) -> bool:
        try:
            psycopg.connect(
                host="127.0.0.1",
                port=port,
                user=cluster.SUPERUSER,
                password=self._password(),
                dbname="postgres",
                connect_timeout=5,
            ).close()
        except (psycopg.Error, FileNotFoundError):
            return False
        return True

    def _note(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())} fedcare: {text}\n")

    def _log_since(self, start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")

    def _trim_log(self) -> None:
        """Keep one older log beside the current one."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.rename(self.log.with_name("postgres.log.1"))


class _PortTaken(PostgresFailed):
    """Another program took the port between our look and the server's."""
