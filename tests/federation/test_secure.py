"""Secure aggregation end to end: the model of an unmasked run, from messages that show nothing of anybody."""

import json
import signal
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from flwr.app import Message
from tests.federation.test_resume import complete

from fedcare.aggregation.checkpoint import FILE, load
from fedcare.aggregation.exchange import Answer
from fedcare.errors import EngineUnavailable, QuorumLost
from fedcare.federation import engines
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.inprocess_grid import InProcessGrid
from fedcare.federation.masked_site import masked
from fedcare.federation.messages import EXAMPLES, SUMS, VECTOR, WEIGHTS, Instruction, ask, asked, reply
from fedcare.federation.secure_exchange import exchange_for
from fedcare.federation.simulation import Job, simulate
from fedcare.federation.site import Site

SECURE = {"privacy__secure__enabled": "true"}


def sites_of(study):
    return {site.name: site for site in masked(study.plan, [Site(each) for each in study.institutions])}


def on_grid(study, folder, watcher, grid=None):
    folder.mkdir(exist_ok=True)
    sites = sites_of(study)
    grid = grid or InProcessGrid(client_app(lambda context: sites[str(context.node_config["institution"])]), [*sites])
    plan = study.plan
    exchange = exchange_for(plan, watcher.answered, lambda heard: GridExchange(grid, plan, len(sites), heard))
    return coordinate(plan, exchange, folder, watcher, watcher.resumed)


def plain(study, folder, watcher):
    folder.mkdir()
    sites = {each.name: Site(each) for each in study.institutions}
    grid = InProcessGrid(client_app(lambda context: sites[str(context.node_config["institution"])]), [*sites])
    exchange = GridExchange(grid, study.plan, len(sites), watcher.answered)
    return coordinate(study.plan, exchange, folder, watcher, watcher.resumed)


class Tapped(InProcessGrid):
    """Remembers every message, and lets a node miss those that ``misses`` says: name, step, kind, round."""

    def __init__(self, study, misses=lambda *question: False) -> None:
        sites = sites_of(study)
        super().__init__(client_app(lambda context: sites[str(context.node_config["institution"])]), [*sites])
        self.misses, self.replies, self.steps = misses, [], []

    def _work(self, question):
        instruction, vector = asked(question)
        name = self._names[question.metadata.dst_node_id]
        self.steps.append((name, instruction.step))
        if self.misses(name, instruction.step, question.metadata.message_type, instruction.round):
            return reply(Answer(name, error="gone"), question)
        answer = super()._work(question)
        self.replies.append((name, instruction, vector, answer))
        return answer


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_the_model_is_that_of_an_unmasked_run(study, tmp_path, watcher):
    open_, secure = plain(study(), tmp_path / "a", watcher), on_grid(study(**SECURE), tmp_path / "b", watcher)
    # A ring's step is 2e-9 of a movement here; training in float32 makes a little more of it.
    np.testing.assert_allclose(secure.state.vector, open_.state.vector, atol=2e-5)
    assert secure.judgement.metrics == pytest.approx(open_.judgement.metrics, rel=1e-3)
    assert secure.state.preprocessing == open_.state.preprocessing
    assert secure.calibration.everybody.rows == open_.calibration.everybody.rows
    assert secure.calibration.institutions == {}


def test_the_coordinator_knows_totals_and_nothing_of_a_single_institution(study, folder, watcher):
    made = study(**SECURE)
    outcome = on_grid(made, folder, watcher)
    names = sorted(each.name for each in made.institutions)
    rows = sum(len(each.train) for each in made.institutions)
    assert outcome.state.announced == {"group 1": rows}
    for record in outcome.state.history:
        assert record.participants == dict.fromkeys(names, 0)
        assert record.examples == rows
        assert record.institutions == {}
        assert record.institution_seconds == {}
        assert record.train_loss > 0
    assert outcome.judgement.institutions == {}


def test_masks_are_drawn_anew_and_change_no_bit(study, tmp_path, watcher):
    ones, others = (Tapped(study(**SECURE)) for _ in range(2))
    first = on_grid(study(**SECURE), tmp_path / "a", watcher, ones)
    second = on_grid(study(**SECURE), tmp_path / "b", watcher, others)
    assert first.state.vector.tobytes() == second.state.vector.tobytes()
    assert first.judgement.metrics == second.judgement.metrics
    masked_ones, masked_others = (
        {told.content[WEIGHTS]["payload"].data for _, question, _, told in grid.replies if question.step == "masked"}
        for grid in (ones, others)
    )
    assert not masked_ones & masked_others


def test_stochastic_rounding_is_the_plans_too(study, tmp_path, watcher):
    random = SECURE | {"privacy__secure__stochastic_rounding": "true", "rounds__rounds": 1}
    first, second = (on_grid(study(**random), tmp_path / str(place), watcher) for place in range(2))
    assert first.state.vector.tobytes() == second.state.vector.tobytes()


def test_groups_are_drawn_anew_each_round_and_seen_as_groups(study, folder, watcher):
    made = study(**SECURE, privacy__secure__groups=2, privacy__secure__least=2, rounds__rounds=4)
    grid = Tapped(made)
    outcome = on_grid(made, folder, watcher, grid)
    assert all(len(record.participants) == 5 for record in outcome.state.history)
    parts = []
    for name, question, _, _ in grid.replies:
        if question.step == "masked" and question.split == "train" and question.round > 0:
            members = [tuple(part["members"]) for part in json.loads(question.payload)]
            assert sorted(map(len, members)) == [2, 3]
            assert sum(name in each for each in members) == 1
            parts.append((question.round, *sorted(members)))
    assert len(set(parts)) == 4, "the same members in all rounds"


# -- what is seen on the way ------------------------------------------------------------------------------------------


def test_no_message_of_an_institution_holds_anything_in_the_open(study, folder, watcher):
    made = study(**SECURE)
    grid = Tapped(made)
    on_grid(made, folder, watcher, grid)
    seen = set()
    for _, question, _, told in grid.replies:
        assert not told.has_error()
        assert set(told.content[WEIGHTS]) == {"payload"}
        config = told.content["answer"]
        assert SUMS not in config
        assert config[EXAMPLES] == 0
        assert config["seconds"] == 0.0
        assert np.isnan(config["loss"])
        seen.add(question.step)
        if question.step == "masked":
            numbers = np.frombuffer(told.content[WEIGHTS]["payload"].data, np.uint8)[128:]
            # Bytes that compress by nothing are what masks look like; sums and weights would by much.
            assert len(zlib.compress(numbers.tobytes(), 1)) > 0.99 * len(numbers)
    assert seen == {"invite", "share", "deliver", "masked", "survivors", "reveal"}


def test_a_question_in_the_open_is_refused(study, folder, watcher):
    made = study(**SECURE)
    site = next(iter(sites_of(made).values()))
    for sites in ({site.name: site}, {site.name: Site(made.institutions[0])}):
        grid = InProcessGrid(client_app(lambda context, sites=sites: next(iter(sites.values()))), [site.name])
        exchange = GridExchange(grid, made.plan, 1, watcher.answered)
        exchange.institutions()
        answers = exchange.statistics([site.name])
        assert "secure aggregation" in answers[0].error
        assert answers[0].sums is None


def test_a_plan_without_it_asks_as_before(study, folder, watcher):
    made = study(rounds__rounds=1)
    grid = Tapped(made)
    on_grid(made, folder, watcher, grid)
    assert {step for _, step in grid.steps} == {""}
    assert all(set(told.content[WEIGHTS]) == {VECTOR} for *_, told in grid.replies if WEIGHTS in told.content)


def test_what_was_evaluated_is_not_added_up_a_second_time(study, folder, watcher):
    made = study(**SECURE)
    grid = Tapped(made)
    on_grid(made, folder, watcher, grid)
    asked_for = [(question.round, question.split) for name, question, *_ in grid.replies if question.step == "masked"]
    assert len(asked_for) == 5 * len(set(asked_for))


# -- whoever drops out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["invite", "share", "deliver", "masked", "survivors", "reveal"])
def test_an_institution_that_drops_out_at_any_step_stops_nobody(study, tmp_path, watcher, step):
    made = study(**SECURE, rounds__rounds=2)
    gone = made.institutions[1].name
    grid = Tapped(made, lambda name, now, kind, number: name == gone and now == step)
    outcome = on_grid(made, tmp_path / "run", watcher, grid)
    others = {each.name for each in made.institutions} - {gone}
    for record in outcome.state.history:
        # Whose masked answer came is in the sum, whatever becomes of it then.
        expected = others if step in ("invite", "share", "deliver", "masked") else others | {gone}
        assert set(record.participants) == expected
        assert (gone in record.dropped) == (gone not in expected)


def test_the_sum_of_the_rest_is_that_of_a_run_without_the_one_that_left(study, tmp_path, watcher):
    """Round 2 without an institution gives the weights that it would give if nobody had asked it, bit for bit."""
    made = study(**SECURE, rounds__rounds=2)
    gone = made.institutions[1].name

    def leaves_before(step):
        return lambda name, now, kind, number: name == gone and number == 2 and now == step and kind == "train"

    early = Tapped(made, leaves_before("masked"))
    first = on_grid(made, tmp_path / "a", watcher, early)
    again = on_grid(made, tmp_path / "b", watcher, Tapped(made, leaves_before("masked")))
    assert gone not in first.state.history[1].participants
    assert first.state.vector.tobytes() == again.state.vector.tobytes()


def test_below_the_threshold_the_round_fails_and_nothing_is_revealed(study, folder, watcher):
    made = study(**SECURE)
    gone = {each.name for each in made.institutions[:3]}
    grid = Tapped(made, lambda name, step, kind, number: name in gone and number == 1 and step == "masked")
    with pytest.raises(QuorumLost, match="2 institutions are left where 3 are needed"):
        on_grid(made, folder, watcher, grid)
    last = grid.steps[-1][1]
    assert last == "masked"


def test_two_institutions_are_too_few_for_a_plan_that_asks_for_three(study, folder, watcher):
    made = study(**SECURE, num_samples=200)
    gone = {each.name for each in made.institutions[:3]}
    grid = Tapped(made, lambda name, step, kind, number: name in gone)
    with pytest.raises(QuorumLost, match="No secure sum"):
        on_grid(made, folder, watcher, grid)


def test_weights_that_moved_too_far_are_refused_and_named(study, folder, watcher):
    made = study(**SECURE, privacy__secure__bound=1e-6)
    with pytest.raises(QuorumLost, match="moved by more than the plan's bound of 1e-06"):
        on_grid(made, folder, watcher)


# -- engines, and a run that is killed --------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["batched", "ray"])
def test_only_the_engine_that_carries_messages_can_mask(study, engine):
    made = study(**SECURE)
    assert engines.choose(None, made.plan, made.task).engine == "inprocess"
    with pytest.raises(EngineUnavailable):
        engines.choose(engine, made.plan, made.task)


def test_a_killed_run_ends_in_the_same_bits(study, tmp_path, watcher):
    def begin(*more):
        command = [
            sys.executable, "-m", "fedcare", "simulate", "insurance-cost", "--secure", "--rounds", "8", "--seed", "3",
            "--local-epochs", "1", "--set", "num_samples=200", "--json", "--out", str(tmp_path / "killed"),
        ]  # fmt: skip
        return subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    whole = simulate(Job(study(**SECURE, seed=3, rounds__rounds=8), "inprocess", tmp_path / "whole"), watcher)
    process = begin()
    while not (tmp_path / "killed" / FILE).exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert load(tmp_path / "killed").round < 8, "the kill came too late to test anything"
    resumed = complete(begin("--resume"))
    assert resumed["plan_hash"] == whole["plan_hash"]
    assert load(tmp_path / "whole").vector.tobytes() == load(tmp_path / "killed").vector.tobytes()
    assert resumed["metrics"] == whole["metrics"]


def test_instructions_of_steps_travel_unchanged():
    step = Instruction("plan", 3, "train", "{}", "masked", b"\x00\xff", 77)
    assert asked(Message(ask(step), 1, "train"))[0] == step
