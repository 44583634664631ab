"""Questions whose deadline has passed while their institution still works on them."""

from __future__ import annotations

import time

from flwr.app import Message

from fedcare.federation.run.asking import Asking


class Late:
    """Messages that nobody waits for any more; their answers are recognised, counted and thrown away."""

    def __init__(self) -> None:
        self._whose: dict[str, str] = {}
        self._until: dict[str, float] = {}

    def add(self, name: str, asking: Asking) -> None:
        """An institution has missed the deadline of a question."""
        for message in asking.pending[name].messages:
            self._whose[message] = name
        self._until[name] = time.monotonic() + asking.grace

    def messages(self) -> list[str]:
        """Those whose answers may still come; who is silent for longer than a message lives is forgotten."""
        for name in [name for name, until in self._until.items() if time.monotonic() > until]:
            self.forget(name)
        return list(self._whose)

    def busy(self) -> set[str]:
        """Institutions that still work on an earlier question, as far as anybody can tell."""
        return set(self._until)

    def took(self, message: Message) -> bool:
        """Whether a reply is one of them; what the server says in place of an answer is none, but ends the waiting."""
        name = self._whose.get(message.metadata.reply_to_message_id)
        if name is not None:
            self.forget(name)
        return name is not None

    def forget(self, name: str) -> None:
        """An institution works on nothing any more."""
        self._until.pop(name, None)
        self._whose = {message: whose for message, whose in self._whose.items() if whose != name}
