"""What leaves an institution is bounded and compressed, and comes out the same at the coordinator."""

from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Message, MessageType, RecordDict

from fedcare.aggregation.exchange import Answer
from fedcare.errors import BadSetting, EngineUnavailable
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.engines import choose, run
from fedcare.federation.inprocess_grid import InProcessGrid
from fedcare.federation.messages import answered, reply, size_of
from fedcare.federation.outgoing import Outgoing, arrive
from fedcare.federation.simulation import Job, simulate
from fedcare.federation.site import Site
from fedcare.privacy.norm_bound import norm

METHODS = pytest.mark.parametrize("method", ["int8", "topk"])
CURRENT = np.random.default_rng(1).normal(size=2000).astype(np.float32)
MOVED = CURRENT + np.random.default_rng(2).normal(scale=0.01, size=2000).astype(np.float32)


def answer(vector=MOVED) -> Answer:
    return Answer("Rural Hospital", vector=vector, examples=10, loss=0.5)


def over_the_wire(sent: Answer) -> Answer:
    InProcessGrid(client_app(lambda context: None), [])
    return answered(reply(sent, Message(RecordDict(), 7, MessageType.TRAIN)), sent.institution)


def test_without_protections_an_answer_is_not_touched(study):
    plan, own = study().plan, answer()
    assert Outgoing().leave(plan, 1, CURRENT, 2000, own) is own
    assert arrive(plan, CURRENT, own) is own


@METHODS
def test_a_compressed_answer_arrives_as_weights_near_those_that_left(study, method):
    plan = study(compression__method=method, compression__keep=0.4).plan
    sent = Outgoing().leave(plan, 1, CURRENT, 1990, answer())
    assert sent.vector is None
    assert sent.has_update
    assert len(sent.compressed) < 8000
    came = arrive(plan, CURRENT, over_the_wire(sent))
    assert came.error is None
    assert norm(came.vector - MOVED) < 0.4 * norm(MOVED - CURRENT)
    np.testing.assert_allclose(came.vector[1990:], MOVED[1990:], atol=1e-6)


def test_a_node_shortens_its_movement_to_the_plans_bound(study):
    plan = study(defence__norm_bound=0.1).plan
    sent = Outgoing().leave(plan, 1, CURRENT, 2000, answer())
    assert norm(sent.vector - CURRENT) == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("settings", [{"defence__norm_bound": 1.0}, {"compression__method": "int8"}])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_no_numbers_do_not_leave_the_node(study, settings, wrong):
    broken = MOVED.copy()
    broken[3] = wrong
    sent = Outgoing().leave(study(**settings).plan, 1, CURRENT, 2000, answer(broken))
    assert sent.vector is None
    assert sent.compressed is None
    assert "NaN" in sent.error


@METHODS
@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1], lambda data: data[:3], lambda data: data[:0], lambda data: data[::-1].copy()]
)
def test_a_spoiled_compressed_answer_becomes_an_error_that_names_nobody_else(study, method, spoil):
    plan = study(compression__method=method).plan
    sent = Outgoing().leave(plan, 1, CURRENT, 2000, answer())
    came = arrive(plan, CURRENT, over_the_wire(replace(sent, compressed=spoil(sent.compressed))))
    assert came.vector is None
    assert "compressed update" in came.error


def test_an_answer_that_is_compressed_otherwise_than_the_plan_says_is_an_error(study):
    plain, small = study().plan, study(compression__method="int8").plan
    sent = Outgoing().leave(small, 1, CURRENT, 2000, answer())
    for plan, came in ((plain, sent), (small, answer()), (small, Answer("Rural Hospital", examples=3))):
        assert "not compressed as the plan asks" in arrive(plan, CURRENT, over_the_wire(came)).error


@METHODS
@pytest.mark.parametrize("engine", ["inprocess", "batched"])
def test_a_compressed_run_learns_sends_less_and_repeats_its_bits(study, tmp_path, watcher, method, engine):
    def go(settings, name):
        plan = study(rounds__rounds=4, local__epochs=3, **settings)
        (tmp_path / name).mkdir()
        sites = [Site(each) for each in plan.institutions]

        def drive(exchange):
            return coordinate(plan.plan, exchange, tmp_path / name, watcher, watcher.resumed)

        return run(engine, plan.plan, sites, drive, watcher.answered)

    small = {"compression__method": method, "compression__keep": 0.1}
    one, two, whole = go(small, "one"), go(small, "two"), go({}, "whole")
    assert one.state.vector.tobytes() == two.state.vector.tobytes()
    assert one.state.vector.tobytes() != whole.state.vector.tobytes()
    last = [outcome.state.history[-1] for outcome in (one, whole)]
    assert last[0].bytes_received < 0.6 * last[1].bytes_received
    assert last[0].metrics["r2"] > one.state.start.metrics["r2"]


def test_the_payload_of_a_message_is_that_of_its_compressed_bytes(study):
    plan = study(compression__method="int8").plan
    sent = Outgoing().leave(plan, 1, CURRENT, 2000, answer())
    InProcessGrid(client_app(lambda context: None), [])
    content = reply(sent, Message(RecordDict(), 7, MessageType.TRAIN)).content
    assert len(sent.compressed) <= size_of(content) <= len(sent.compressed) + 200


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"defence__acceptance": 0.1, "privacy__dp__enabled": "true"}, "defence.acceptance"),
        ({"compression__method": "topk", "privacy__secure__enabled": "true"}, "compression.method"),
    ],
)
def test_protections_that_rule_one_another_out_are_refused_at_planning(study, settings, setting):
    with pytest.raises(BadSetting, match=setting):
        study(**settings)


def test_a_compressed_simulation_that_is_killed_and_resumed_ends_in_the_same_bits(study, tmp_path, watcher):
    plan = study(rounds__rounds=5, compression__method="topk")

    class Dying(type(watcher)):
        """Ends the process in the middle of a round."""

        def answered(self, answer):
            if self.dies and answer.has_update and len(self.finished) == 3 and answer.institution.startswith("Rural"):
                raise KeyboardInterrupt

    dying = Dying()
    dying.dies, dying.finished = True, []
    dying.round_finished = dying.finished.append
    jobs = [Job(plan, "inprocess", tmp_path / name) for name in ("killed", "whole")]
    with pytest.raises(KeyboardInterrupt):
        simulate(jobs[0], dying)
    assert (tmp_path / "killed" / "kept-back").is_dir()
    dying.dies = False
    simulate(replace(jobs[0], resume=True), dying)
    simulate(jobs[1], watcher)
    weights = [tmp_path / name / "model" / "weights.safetensors" for name in ("killed", "whole")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert not (tmp_path / "killed" / "kept-back").exists()


def test_ray_is_refused_where_institutions_have_to_remember_what_they_kept_back(study):
    plan = study(compression__method="int8")
    with pytest.raises(EngineUnavailable, match="what compression kept back"):
        choose("ray", plan.plan, plan.task)
