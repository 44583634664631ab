"""Nodes over the product's own door: what is logged before it leaves, and what survives a restart of either side."""

import signal

import numpy as np
from tests.federation.node.consortium import wait_for


def test_the_row_is_there_before_the_answer_leaves(node, run_of, plan, monkeypatch):
    here, rows = node(), []
    here.approve(plan())
    send = here.agent._fleet.send
    monkeypatch.setattr(here.agent._fleet, "send", lambda *args: (rows.append(len(here.egress())), send(*args)))
    assert run_of(plan()).ask(here.name).error is None
    assert rows == [1]


def test_a_refusal_reaches_the_coordinator_as_a_sentence(node, run_of, plan):
    here = node()
    assert run_of(plan()).ask(here.name).error.startswith("refused: ")


def test_a_node_that_was_killed_is_back_at_once_with_the_same_bits_and_one_that_is_stopped_says_so(
    process, run_of, plan, prepared
):
    run = run_of(plan())
    process.connected()
    asking = _Named(run, process.name)
    more = prepared(asking, process.name)
    before = asking.ask(process.name, "train", 1, **more)
    activated = run.consortium.node(process.name).activated_at
    process.stop(signal.SIGKILL)
    process.start()
    process.connected(2)
    assert run.consortium.node(process.name).activated_at != activated
    after = asking.ask(process.name, "train", 1, **more)
    np.testing.assert_array_equal(before.vector, after.vector)
    assert not process.said("the coordinator cannot be reached")
    assert run.consortium.node(process.name).online
    assert process.stop() == 0
    assert not run.consortium.node(process.name).online
    process.start()
    process.connected(3)


def test_the_coordinator_may_be_killed_and_come_back(process, run_of, plan, consortium):
    run = run_of(plan())
    process.connected()
    assert run.ask(process.name).error is None
    consortium.stop(signal.SIGKILL)
    wait_for(lambda: process.said("connection lost"))
    consortium.start()
    process.connected(2)
    assert run_of(plan(seed=2), run_id="run-2").ask(process.name).error is None


class _Named:
    """``prepared`` asks a node; a run asks a name."""

    def __init__(self, run, name) -> None:
        self.run, self.name = run, name

    def ask(self, _, *args, **kwargs):
        return self.run.ask(self.name, *args, **kwargs)
