"""Eight bits a weight under masks: the run that the same rounding would make in the open, at a quarter of the bytes."""

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from tests.federation.test_secure import Tapped, on_grid, sites_of

from fedcare.aggregation.exchange import Answer
from fedcare.data.preprocessing import add_up, fit
from fedcare.errors import BadSetting, SecureSumFailed
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.inprocess_grid import InProcessGrid
from fedcare.federation.masked_site import masked
from fedcare.federation.messages import WEIGHTS, Instruction
from fedcare.federation.scaled_sums import learned_size
from fedcare.federation.secure_exchange import exchange_for
from fedcare.federation.simulation import Job, ledger_of, simulate
from fedcare.federation.site import Site
from fedcare.models.build import build
from fedcare.models.vector import manifest_of, vector_of
from fedcare.privacy.norm_bound import norm
from fedcare.privacy.secure_sum.fixed_point import from_ring, to_ring
from fedcare.privacy.secure_sum.levels import Scale, from_levels, spread, to_levels

SMALL = {"privacy__secure__enabled": "true", "compression__method": "int8"}
IMAGES = {"num_samples": 200, "records__image_size": 28, "model__width": 16, "rounds__rounds": 1}


def exchange_of(study, sites):
    by_name = {site.name: site for site in masked(study.plan, sites)}
    grid = InProcessGrid(client_app(lambda context: by_name[str(context.node_config["institution"])]), [*by_name])
    exchange = exchange_for(study.plan, lambda _: None, lambda heard: GridExchange(grid, study.plan, len(sites), heard))
    exchange.institutions()
    return exchange


def prepared(study, exchange):
    """Round 0 by hand; the rows of all."""
    answers = exchange.statistics(exchange.institutions())
    preprocessing = fit(study.task.records, add_up([each.sums for each in answers])).to_json()
    rows = sum(each.examples for each in answers)
    exchange.prepare(preprocessing, rows)
    return rows


class Moving(Site):
    """Moves the weights by chance, another way in each round, without looking at a record."""

    def train(self, instruction, vector):
        rows, movement = len(self.records("train")), self.moves(instruction.round, vector)
        answer = Answer(self.name, vector=vector + movement, examples=rows, loss=0.5)
        plan, _ = instruction.recipe()
        return self.outgoing.leave(plan, instruction.round, vector, learned_size(instruction), answer)

    def moves(self, number, vector):
        chance = np.random.default_rng([number, *self.name.encode()])
        return (0.01 * chance.normal(size=len(vector))).astype(np.float32)


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_the_sum_is_that_of_the_same_rounding_in_the_open(study):
    """Two rounds by hand, without keys or messages: the same levels, added up, give the same bits."""
    made = study(**SMALL)
    exchange = exchange_of(made, [Moving(each) for each in made.institutions])
    prepared(made, exchange)
    current = np.zeros(12_033, np.float32)
    sites = [Moving(each) for each in made.institutions]
    rows = [len(each.train) for each in made.institutions]
    room, rests = 2 * sum(rows), [np.zeros_like(current) for _ in sites]
    for number in (1, 2):
        (answer,) = exchange.train(number, current, exchange.institutions())
        wanted = [
            current + (site.moves(number, current) + rest) - current for site, rest in zip(sites, rests, strict=True)
        ]
        told = sum(to_ring(spread(each, 256), own / room, 64.0) for each, own in zip(wanted, rows, strict=True))
        scale = Scale.of(from_ring(told, sum(rows) / room, 64.0), 256, sum(rows), 5, 64.0)
        sent = [to_levels(each, own, scale) for each, own in zip(wanted, rows, strict=True)]
        rests = [each - told for each, (_, told) in zip(wanted, sent, strict=True)]
        total = np.sum([levels.view(np.int8).astype(int) for levels, _ in sent], axis=0)
        assert np.abs(total).max() <= 127
        mean = from_levels(total.astype(np.int8).view(np.uint8), sum(rows), scale)
        assert answer.vector.tobytes() == (current + mean).tobytes()
        assert answer.examples == sum(rows)
        assert answer.loss == pytest.approx(0.5)
        current = answer.vector


def test_a_run_learns(study, tmp_path, watcher):
    outcome = on_grid(study(**SMALL, local__epochs=2), tmp_path / "run", watcher)
    assert outcome.state.history[-1].metrics["r2"] > outcome.state.start.metrics["r2"] + 0.1


def test_masked_updates_of_a_resnet_take_at_most_27_per_cent_of_its_bytes(study):
    """In all messages that institutions send for one round, keys and both sums included; batch norm's in 32 bits."""
    made = study("cancer-imaging", **IMAGES, **SMALL)
    sites = [Moving(each) for each in made.institutions]
    exchange = exchange_of(made, sites)
    rows = prepared(made, exchange)
    model = build(made.task.model, 1, 2, seed=1)
    vector, learned = vector_of(model), manifest_of(model).learned_size
    assert learned < len(vector)
    before = exchange.traffic.received
    (answer,) = exchange.train(1, vector, exchange.institutions())
    assert (exchange.traffic.received - before) / len(sites) <= 0.27 * vector.nbytes
    meant = sum(len(site.records("train")) / rows * site.moves(1, vector) for site in sites)
    difference = answer.vector - vector - meant
    assert norm(difference[:learned]) < 0.1 * norm(meant[:learned])
    np.testing.assert_allclose(difference[learned:], 0, atol=2e-6)


# -- whoever drops out, and whoever comes back ------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["scales", "masked"])
def test_an_institution_that_drops_out_of_either_sum_is_not_in_the_mean(study, tmp_path, watcher, step):
    made = study(**SMALL, rounds__rounds=1)
    gone = made.institutions[1]
    grid = Tapped(made, lambda name, now, kind, number: name == gone.name and kind == "train" and now == step)
    outcome = on_grid(made, tmp_path / "run", watcher, grid)
    (record,) = outcome.state.history
    assert gone.name not in record.participants
    assert record.dropped[gone.name] == "gone"
    assert record.examples == sum(len(each.train) for each in made.institutions if each is not gone)
    # Whoever missed the first sum is not asked for the second.
    steps = [sum(now == "masked" for name, now in grid.steps if name == each.name) for each in made.institutions]
    assert steps[1] == steps[0] - (step == "scales")


def test_a_killed_simulation_that_is_resumed_ends_in_the_same_bits(study, tmp_path, watcher):
    plan = study(**SMALL, rounds__rounds=2)

    class Dying(type(watcher)):
        """Ends the process in the middle of a round."""

        def answered(self, answer):
            if answer.has_update and len(self.records) == 1 and answer.institution.startswith("Rural"):
                raise KeyboardInterrupt

    killed, whole = Job(plan, "inprocess", tmp_path / "killed"), Job(plan, "inprocess", tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        simulate(killed, Dying())
    simulate(replace(killed, resume=True), watcher)
    assert watcher.resumed_after == 1
    simulate(whole, watcher)
    weights = [tmp_path / name / "model" / "weights.safetensors" for name in ("killed", "whole")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


# -- with the other protections ---------------------------------------------------------------------------------------


def test_groups_have_a_scale_each(study, tmp_path, watcher):
    made = study(**SMALL, privacy__secure__groups=2, privacy__secure__least=2, rounds__rounds=2)
    grid = Tapped(made)
    outcome = on_grid(made, tmp_path / "run", watcher, grid)
    assert all(len(record.participants) == 5 for record in outcome.state.history)
    told = [question for _, question, *_ in grid.replies if question.step == "masked" and b"steps" in question.payload]
    parts = [json.loads(each.payload) for each in told]
    assert all(one["steps"] != other["steps"] for one, other in parts)


def test_what_is_sent_keeps_to_the_norm_bound_in_every_round(study):
    bound = 0.05
    made = study(**SMALL, defence__norm_bound=bound)
    exchange = exchange_of(made, [Moving(each) for each in made.institutions])
    prepared(made, exchange)
    current = np.zeros(12_033, np.float32)
    for number in (1, 2, 3):
        (answer,) = exchange.train(number, current, exchange.institutions())
        assert 0.1 * bound < norm(answer.vector - current) <= bound
        current = answer.vector


def test_a_private_run_pays_once_for_both_sums_and_tells_noisy_rows(study, tmp_path, watcher):
    # Of seeded noise, as chance could hit the exact number.
    private = {"privacy__dp__enabled": "true", "privacy__dp__seeded_noise": "true"}
    made = study(**SMALL, **private, privacy__dp__evaluation="none", rounds__rounds=1)
    # A ledger has budget for what the plan costs: an update that was made for each of the two sums would exceed it.
    sites = [Site(each, ledger_of(made.plan)) for each in made.institutions[:3]]
    by_name = {site.name: site for site in masked(made.plan, sites)}
    grid = InProcessGrid(client_app(lambda context: by_name[str(context.node_config["institution"])]), [*by_name])
    exchange = exchange_for(made.plan, watcher.answered, lambda heard: GridExchange(grid, made.plan, 3, heard))
    (tmp_path / "run").mkdir()
    outcome = coordinate(made.plan, exchange, tmp_path / "run", watcher, watcher.resumed)
    exact = sum(len(each.train) for each in made.institutions[:3])
    assert {record.examples for record in outcome.state.history} == set(outcome.state.announced.values()) != {exact}


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"compression__method": "topk"}, "compression.method.*use int8"),
        ({"privacy__secure__stochastic_rounding": "true"}, "stochastic_rounding.*leave it out"),
        ({"privacy__secure__least": 65}, "privacy.secure.least.*64 institutions"),
    ],
)
def test_what_masks_cannot_add_up_is_refused_at_planning(study, settings, words):
    with pytest.raises(BadSetting, match=words):
        study(**(SMALL | settings))


def test_a_second_question_without_a_scale_is_refused(study):
    made = study(**SMALL)
    call = {"session": "0" * 64, "members": ["A", "B", "C"], "sum": 0}
    site = next(iter(sites_of(made).values()))
    question = Instruction(made.plan.canonical(), 1, "train", "{}", "masked", b"", 100)
    with pytest.raises(SecureSumFailed, match="what came is no scaled"):
        site.train(replace(question, payload=json.dumps([call]).encode()), np.zeros(3, np.float32))


def test_the_same_training_is_added_up_over_one_set_of_institutions_whatever_the_scale_or_the_rows(study):
    made = study(**SMALL)
    sites = [Moving(each) for each in made.institutions]
    exchange = exchange_of(made, sites)
    prepared(made, exchange)
    current, names = np.zeros(12_033, np.float32), [site.name for site in sites]
    assert exchange.train(1, current, names)[0].error is None
    for rows in (0, 10**6):
        exchange.prepare(json.loads(exchange._preprocessing), rows)
        answers = exchange.train(1, current, names[:4])
        assert all("the difference would show" in answer.error for answer in answers if answer.institution in names[:4])


def test_what_masks_leave_of_levels_looks_random(study, tmp_path, watcher):
    made = study(**SMALL, rounds__rounds=1)
    grid = Tapped(made)
    on_grid(made, tmp_path / "run", watcher, grid)
    told = [answer for _, question, _, answer in grid.replies if b"steps" in question.payload]
    assert len(told) == 5
    for answer in told:
        levels = np.frombuffer(answer.content[WEIGHTS]["payload"].data, np.uint8)[-12_000:]
        assert 0.4 < np.mean(levels > 127) < 0.6
        assert len(zlib.compress(levels.tobytes(), 1)) > 0.99 * len(levels)
