"""The public listener: TLS 1.3 with a certificate that is replaced while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn

from fedcare.federation.door.gate import Gate
from fedcare.federation.door.protocol import Threshold, protocol_for
from fedcare.trust.authority import Authority


class Certificate:
    """The listener's TLS context; ``renew`` gives new connections a fresh certificate, open ones go on."""

    def __init__(self, authority: Authority, hosts: Sequence[str]) -> None:
        self._authority = authority
        self._hosts = list(hosts)
        self._loaded = b""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        # Optional: who has to enrol has none yet. A certificate that is given must be good, or the handshake fails.
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
        self.context.load_verify_locations(cadata=authority.ca_pem.decode())
        # No resumption: every connection shows its certificate anew.
        self.context.num_tickets = 0
        self.context.set_alpn_protocols(["http/1.1"])
        self.renew()

    def renew(self) -> bool:
        """Load the certificate again if it has changed, after making a new one if its end is near; whether it did."""
        chain, key = self._authority.server_certificate(self._hosts)
        content = chain.read_bytes()
        if content == self._loaded:
            return False
        self.context.load_cert_chain(chain, key)
        self._loaded = content
        return True


class QuietServer(uvicorn.Server):
    """A server among others in one process, whose signals somebody else handles."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class DoorServer(QuietServer):
    """Serves the gate on a socket, with a bound on how long a handshake takes."""

    def __init__(self, gate: Gate, threshold: Threshold, tls: ssl.SSLContext, loop: str) -> None:
        limits = threshold.limits
        super().__init__(
            uvicorn.Config(
                gate,
                http=protocol_for(threshold),
                ws="none",
                loop=loop,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=int(limits.idle),
                timeout_graceful_shutdown=5,
            )
        )
        self._tls = tls
        self._limits = limits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, but for the handshake's time, which uvicorn cannot be told."""
        assert sockets is not None
        await self.lifespan.startup()
        kind: Any = self.config.http_protocol_class

        def connection() -> asyncio.Protocol:
            made: asyncio.Protocol = kind(
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                connection,
                sock=each,
                ssl=self._tls,
                backlog=512,
                ssl_handshake_timeout=self._limits.patience,
                ssl_shutdown_timeout=self._limits.patience,
            )
            for each in sockets
        ]
        self.started = True
