"""A whole private run over three real nodes, read off the wire: nothing leaves any of them but what is listed.

Node agents, door, SuperLink, runner and round loop are the product's own; the nodes are threads of this process, so
that every request can be recorded as it is handed to the connection, and decoded to the last byte.
"""

import threading

import numpy as np
import pytest
from tests.federation.node.wire import Wire, leaves

from fedcare.db import privacy
from fedcare.federation import masked_site
from fedcare.federation.node.agent import Agent
from fedcare.federation.node.sync import Sync
from fedcare.federation.private_answers import PrivateAnswers
from fedcare.federation.run.place import RunPlace
from fedcare.federation.run.runner import Attempt
from fedcare.privacy.noise import Chance
from fedcare.privacy.planned import count_noise, planned_uses
from fedcare.privacy.secure_sum.fixed_point import from_wide
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.privacy.secure_sum.wire import Keys, Revealed, Shares, Signed, read
from fedcare.training.noisy_sums import NUMBERS

HEAD = {"answer.institution", "answer.num-examples", "answer.loss", "answer.seconds"}
# The first test's institutions are registered when the second's take part, and no run should wait for them.
DP = {
    "privacy__dp__enabled": True, "privacy__dp__epsilon": 0.9, "privacy__dp__sample_rate": 0.5, "rounds__patience": 0.5,
}  # fmt: skip
RELEASES = [("record count", 0), ("update", 1), ("update", 2), ("evaluation", 2)]


@pytest.fixture(scope="module")
def consortium(tmp_path_factory):
    """One of its own, so that no other test's institutions are waited for."""
    from tests.federation.node.consortium import Consortium

    made = Consortium(tmp_path_factory.mktemp("private-consortium"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Unheard:
    """A gateway that nobody runs."""

    def tell(self, what, body, archive=None) -> None:
        pass


class Run:
    """What came of a run, what went over the wire, and the chances that were drawn."""

    def __init__(self, consortium, nodes, plan, monkeypatch) -> None:
        self.plan, self.nodes = plan, {node.name: node for node in nodes}
        self.counts: dict[str, int] = {}
        self._spy_on_counts(monkeypatch)
        self.wire = Wire(consortium.public, monkeypatch)
        for node in nodes:
            self._turn(node)
        self.name = f"run-{plan.hash[:8]}"
        place = RunPlace(consortium.home, self.name)
        place.prepare(plan.canonical(), None)
        self.result = Attempt(consortium.home, place, Unheard()).carry_on()
        for node in nodes:
            self._turn(node)
            node.stop()
        self.ids = {node.agent._fleet.node_id: node.name for node in nodes}

    def answers(self) -> dict[str, list[dict]]:
        """Every value in every answer, by institution."""
        found = {name: [] for name in self.nodes}
        for metadata, message in self.wire.answers():
            assert not message.has_error()
            answer = leaves(message.content)
            assert answer["answer.institution"] == self.ids[metadata.src_node_id]
            found[answer["answer.institution"]].append(answer)
        return found

    def _spy_on_counts(self, monkeypatch) -> None:
        """``counts`` gets what each institution must tell: its rows and the noise that was drawn for it."""
        drawn, count, draws = Chance.gaussian, PrivateAnswers._count, []

        def noted(chance, shape, deviation):
            draws.append((deviation, drawn(chance, shape, deviation)))
            return draws[-1][1].copy()

        def counted(answers, instruction, rows):
            draws.clear()
            told = count(answers, instruction, rows)
            ((deviation, draw),) = draws
            assert deviation == count_noise(self.plan)
            self.counts[answers._name] = max(1, round(rows + float(draw[0])))
            return told

        monkeypatch.setattr(Chance, "gaussian", noted)
        monkeypatch.setattr(PrivateAnswers, "_count", counted)

    def _turn(self, node) -> None:
        sync = Sync(node.folder, node.folder.config(), node.store, lambda: node.agent.state)
        sync.turn()
        sync._door.close()


@pytest.fixture
def whole_run(consortium, node, monkeypatch):
    """Carries a plan on over three nodes, to a released version."""
    together, work = threading.Lock(), Agent._work

    def one_at_a_time(agent, question, permit):
        with together:  # A process has one model, and a node is a process of its own elsewhere.
            return work(agent, question, permit)

    monkeypatch.setattr(Agent, "_work", one_at_a_time)

    def carry_on(plan):
        nodes = [node() for _ in range(3)]
        for each in nodes:
            each.approve(plan)
        run = Run(consortium, nodes, plan, monkeypatch)
        assert run.result["status"] == "completed", run.result
        return run

    return carry_on


def check_ledgers(run) -> None:
    """Each noisy answer stands in its institution's ledger, and they are what was planned."""
    for here in run.nodes.values():
        with here.store.transaction() as tx:
            rows = [row for row in reversed(privacy.page(tx, None, None, 100)) if row.kind == "begun"]
            account = privacy.account(tx)
        assert [(row.what, row.round) for row in rows] == RELEASES
        assert sorted(account.begun(f"{rows[0].run}/{run.plan.hash}")) == sorted(planned_uses(run.plan))


def check_log(run) -> None:
    """The institution's own log has each answer, with what had been spent by then."""
    for here in run.nodes.values():
        log = [row for row in here.egress() if row["run"] == run.name]
        assert len(log) == len(run.answers()[here.name])
        assert all(0 < row["epsilon"] <= 0.9 for row in log)


def test_in_a_private_run_over_three_nodes_nothing_leaves_any_of_them_but_what_is_listed(whole_run, plan, start_vector):
    run = whole_run(plan(**DP))
    for name, answers in run.answers().items():
        count, *updates, evaluation = answers
        assert len(updates) == 2
        # 1. A noisy number of rows, said twice; noisy weights; five noisy sums. No loss, no seconds, no exact number.
        assert count.keys() == evaluation.keys() == HEAD | {"answer.sums"}
        assert np.frombuffer(count["answer.sums"], "<f8").tolist() == [run.counts[name]]
        for update in updates:
            assert update.keys() == HEAD | {"weights.vector"}
            assert update["answer.num-examples"] == count["answer.num-examples"] == run.counts[name]
            assert update["answer.loss"] == 0.0
            assert update["weights.vector"].numpy().shape == start_vector.shape
        assert len(np.frombuffer(evaluation["answer.sums"], "<f8")) == NUMBERS
        assert evaluation["answer.num-examples"] == 0
        assert np.isnan([count["answer.loss"], evaluation["answer.loss"]]).all()
        assert {each["answer.seconds"] for each in answers} == {0.0}
    # 2. Nothing else left, and each answer was charged.
    run.wire.check_envelopes()
    check_ledgers(run)
    check_log(run)


def test_under_masks_too_nothing_leaves_but_what_is_listed_and_no_message_tells_an_update(whole_run, plan, monkeypatch):
    added: dict[str, list[Masked]] = {}
    summand = masked_site.summand

    def recorded(answer, *asked):
        made = summand(answer, *asked)
        added.setdefault(answer.institution, []).append(made.copy())
        return made

    monkeypatch.setattr(masked_site, "summand", recorded)
    run = whole_run(plan(**DP, privacy__secure__enabled=True))
    for name, answers in run.answers().items():
        sums = []
        for answer in answers:
            # 1. In the open stands nothing: no number of rows, no loss, no seconds.
            assert answer.keys() == HEAD | {"weights.payload"}
            assert answer["answer.num-examples"] == 0 and answer["answer.seconds"] == 0.0
            assert np.isnan(answer["answer.loss"])
            sent = answer["weights.payload"].numpy()
            if step_of(sent) is None:
                sums.append(sent)
        count, *updates, evaluation = added[name]
        assert len(sums) == len(added[name]) == 4
        for own, sent in zip(added[name], sums, strict=True):
            check_masked(own, Masked.from_bytes(sent, len(own.ring)))
        # 2. Behind the masks are the noisy values alone.
        told = run.counts[name]
        assert from_wide(count.wide).tolist() == [told, told]
        assert all(from_wide(update.wide).tolist() == [told, 0.0] for update in updates)
        assert len(from_wide(evaluation.wide)) == 1 + NUMBERS and from_wide(evaluation.wide)[0] == 0.0
    run.wire.check_envelopes()
    check_ledgers(run)
    check_log(run)


def step_of(sent):
    """The protocol's step that a payload belongs to, which holds nothing of any record; None for masked numbers."""
    from fedcare.errors import SecureSumFailed

    for kind in (Keys, Shares, Signed, Revealed):
        try:
            return read(kind, sent.tobytes())
        except SecureSumFailed:
            continue
    return None


def check_masked(own: Masked, sent: Masked) -> None:
    """What left shares no number with what it hides, and does not even lean its way."""
    assert sent.wide.shape == own.wide.shape
    assert not (sent.wide == own.wide).any()
    if len(own.ring):
        assert (sent.ring == own.ring).mean() < 0.01
        hidden, seen = own.ring.view(np.int32), sent.ring.view(np.int32)
        assert abs(np.corrcoef(hidden, seen)[0, 1]) < 0.2
