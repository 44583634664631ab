"""``fedcare gateway``: the HTTP API, until it is stopped."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import serving
from fedcare.cli.output import JsonFlag, emit, screen
from fedcare.errors import BadSetting, FileMissing, PortTaken, UnsafeHost
from fedcare.settings import settings

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(help="The HTTP API.", invoke_without_command=True)

GRACE_SECONDS = 30
# Longer than clients keep an idle connection (httpx 5 s, proxies mostly 60 s): where the server closes it first, a
# request that is just on its way is lost.
KEEP_ALIVE_SECONDS = 75
"""How long a stop waits for requests in flight."""

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that answer; one that dies is replaced.")]
Certificate = Annotated[Path | None, typer.Option("--tls-cert", help="A PEM file with the certificate and its chain.")]
CertificateKey = Annotated[Path | None, typer.Option("--tls-key", help="A PEM file with the certificate's key.")]
BehindProxy = Annotated[
    bool, typer.Option("--behind-proxy", help="A proxy before it speaks TLS; take callers' addresses from its headers.")
]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]


@app.callback()
def command(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    behind_proxy: BehindProxy = False,
    supervised: Supervised = False,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are finished first.

    Without DATABASE_URL it starts the embedded database and brings it up to date.
    """
    if context.invoked_subcommand is not None:
        return
    tls = _tls(tls_cert, tls_key)
    if not tls and not behind_proxy and not _is_loopback(host):
        raise UnsafeHost(host=host)
    _check_configuration()
    signal.signal(signal.SIGTERM, _stop)
    with _listening(host, port) as listener, serving(quiet=False, lasting=True) as url:
        _hand_over(url)
        address = f"{'https' if tls else 'http'}://{_bracketed(host)}:{listener.getsockname()[1]}"
        if not supervised:  # Else whoever supervises says where it is, and to whom.
            _welcome(url, address)
        _serve(listener, workers, tls, behind_proxy)


@app.command("rotate-keys")
def rotate_keys(json: JsonFlag = False) -> None:
    """Sign with a new key from now on; running gateways notice, and nobody is signed out."""
    from fedcare.gateway.auth.keys import rotate
    from fedcare.gateway.auth.tokens import SESSION_SECONDS

    made = rotate(settings().home / "keys", SESSION_SECONDS)
    if json:
        emit({"key": made})
    else:
        screen.print(f"Signing with {made} from now on. Older keys go once nothing they signed can count any more.")


def _serve(listener: socket.socket, workers: int, tls: dict[str, Any], behind_proxy: bool) -> None:
    import uvicorn

    from fedcare.cli.gateway_workers import keep_workers

    config = uvicorn.Config(
        "fedcare.gateway.app:application",
        factory=True,
        http="fedcare.gateway.wire:Protocol",
        proxy_headers=behind_proxy,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **tls,
    )
    if workers > 1:
        keep_workers(config, listener, workers)
    else:
        uvicorn.Server(config).run(sockets=[listener])


def _welcome(url: str, address: str) -> None:
    """Where it is, and how the very first administrator gets in."""
    from fedcare.db.database import Database
    from fedcare.gateway.auth.invitations import invite_first_admin

    database = Database(url, pool_size=1)
    try:
        invitation = invite_first_admin(database)
    finally:
        database.close()
    screen.print(f"FedCare is at {escape(address)} (Ctrl-C stops it).", highlight=False, soft_wrap=True)
    if invitation is not None:
        screen.print(
            "Nobody has an account yet. The consortium's first administrator is made, once, within a week, with this"
            f" token at {escape(address)}/welcome:",
            highlight=False,
            soft_wrap=True,
        )
        screen.print(invitation, highlight=False, markup=False, soft_wrap=True)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens, made before anything else says that it serves there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(2048)
    except OSError as error:
        raise PortTaken(host=host, port=port, reason=error.strerror or str(error)) from None
    return listener


def _tls(certificate: Path | None, key: Path | None) -> dict[str, Any]:
    if certificate is None and key is None:
        return {}
    if certificate is None or key is None:
        missing = "--tls-key" if key is None else "--tls-cert"
        raise BadSetting(setting=missing, value=None, reason="a certificate and its key go together")
    for path in (certificate, key):
        if not path.is_file():
            raise FileMissing(path=path)
    _check_pair(certificate, key)
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


def _check_pair(certificate: Path, key: Path) -> None:
    """Before anything starts; without it each worker would die of a bad pair, and be replaced."""
    import ssl

    def refuse() -> str:
        raise BadSetting(setting="--tls-key", value=str(key), reason="a key with a passphrase cannot be used")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, refuse)
    except OSError as error:  # What ssl raises for unfit files is one, too.
        reason = f"it is no PEM file of a certificate to which the key of --tls-key belongs ({error.strerror or error})"
        raise BadSetting(setting="--tls-cert", value=str(certificate), reason=reason) from None


def _hand_over(url: str) -> None:
    """For the workers, which know the database by their environment alone."""
    from fedcare.gateway.audit.anchors import EMBEDDED
    from fedcare.gateway.config import PLACE

    if settings().database_url is None:
        os.environ[PLACE] = EMBEDDED
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()


def _check_configuration() -> None:
    from fedcare.gateway.config import from_environment

    from_environment()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _stop(number: int, frame: FrameType | None) -> None:
    # uvicorn raises the signal again when it has stopped: then the database has to be stopped too.
    raise SystemExit(0)
