"""Keeps Flower's list of nodes the same as the list of certificates that count."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from fedcare.errors import FedCareError
from fedcare.federation.superlink.control import Control
from fedcare.trust.authority import Authority

log = logging.getLogger("fedcare.door")


class Members:
    """``control`` makes a client of the private listener, which is up by the time it is first needed."""

    def __init__(self, authority: Authority, control: Callable[[], Control]) -> None:
        self._authority = authority
        self._control = control
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()

    def settle_if_changed(self) -> None:
        """``settle`` if a certificate was issued or revoked since; two ``stat`` calls otherwise."""
        if self._stamp() != self._seen:
            self.settle()

    def settle(self) -> None:
        """Register who may come, and unregister who may not: the gate turns those away in any case."""
        stamp = self._stamp()
        with self._lock:
            wanted = {each.public_key: each.institution for each in self._authority.certificates() if each.counts}
            try:
                with self._control() as control:
                    self._align(control, wanted)
            except FedCareError as error:
                log.warning("the list of nodes could not be brought up to date: %s", error)
                return
            self._seen = stamp

    def _align(self, control: Control, wanted: dict[str, str]) -> None:
        known = {node.public_key: node for node in control.nodes()}
        for key, node in known.items():
            if key not in wanted:
                control.unregister(node.node_id)
                log.info("%s is no node any more", node.name)
        for key, institution in wanted.items():
            if key not in known:
                node_id = control.register(key, institution)
                log.info("%s is node %d", institution, node_id)

    def _stamp(self) -> tuple[int, ...]:
        return tuple(_changed(self._authority.folder / name) for name in ("issued", "revoked.json"))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
