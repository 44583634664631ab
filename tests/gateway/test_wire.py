"""What leaves on a connection, and when."""

from __future__ import annotations

import asyncio

import pytest

from fedcare.gateway.wire import HELD_BYTES, _Gathering


class Transport:
    """Remembers what was done with it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing


@pytest.fixture
def transport():
    return Transport()


def in_a_loop(transport, act):
    async def run():
        act(_Gathering(transport, asyncio.get_running_loop()))
        await asyncio.sleep(0)

    asyncio.run(run())


def test_what_is_written_in_one_turn_leaves_in_one_message(transport):
    def act(gathering):
        gathering.write(b"head ")
        gathering.write(b"body")
        assert transport.done == []

    in_a_loop(transport, act)
    assert transport.done == [b"head body"]


def test_a_close_comes_after_what_was_written(transport):
    def act(gathering):
        gathering.write(b"last")
        gathering.close()

    in_a_loop(transport, act)
    assert transport.done == [b"last", "closed"]


def test_much_does_not_wait(transport):
    def act(gathering):
        gathering.write(b"x" * (HELD_BYTES + 1))
        assert len(transport.done) == 1

    in_a_loop(transport, act)
    assert len(transport.done) == 1


def test_nothing_is_written_to_a_connection_that_was_lost(transport):
    def act(gathering):
        gathering.write(b"nobody reads this")
        transport.closing = True

    in_a_loop(transport, act)
    assert transport.done == []


def test_all_else_is_the_transports_own(transport):
    in_a_loop(transport, lambda gathering: transport.done.append(str(gathering.is_closing())))
    assert transport.done == ["False"]
