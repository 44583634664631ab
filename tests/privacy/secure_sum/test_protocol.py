"""Whoever drops out, wherever: the sum of the rest is exact, or there is none and nothing of anybody is told."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.secure_sum.consortium import (
    STAYS,
    STEPS,
    Consortium,
    numbers,
    plain_sum,
    random_inputs,
    same,
    summand,
)

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.keys import self_seed
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.privacy.secure_sum.rules import threshold_of

NAMES = ("Aachen", "Bonn", "Celle", "Dresden", "Essen")


def run(consortium: Consortium, inputs, leaves) -> tuple[Masked | None, tuple[str, ...]]:
    """The total and whose answers are in it; None where too few were left."""
    try:
        formed = consortium.mask(consortium.agree(leaves=leaves), inputs, leaves)
        return consortium.finish(formed, leaves), formed.survivors
    except SecureSumFailed:
        return None, ()


def test_all_answers_add_up_exactly(five):
    inputs = random_inputs(NAMES, np.random.default_rng(1))
    total, survivors = run(five, inputs, {})
    assert survivors == NAMES
    assert same(total, plain_sum(inputs, NAMES, 1 / 5))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(min_value=2, max_value=6),
    st.lists(st.integers(min_value=0, max_value=STAYS), min_size=6, max_size=6),
    st.sampled_from([0.51, 0.6, 0.8, 1.0]),
    st.integers(min_value=0, max_value=1000),
)
def test_whoever_drops_out_at_whatever_step(members, steps, threshold, seed):
    names = [f"Hospital {place}" for place in range(members)]
    leaves = dict(zip(names, steps, strict=False))
    inputs = random_inputs(names, np.random.default_rng(seed))
    total, survivors = run(Consortium(names, threshold), inputs, leaves)
    # Those who sent keys make the agreement; of them enough must be there at each later step.
    advertised = [name for name in names if leaves[name] > 0]
    needed = threshold_of(threshold, len(advertised))
    invited = threshold_of(threshold, members)
    stays = [sum(leaves[name] > step for name in names) for step in range(len(STEPS))]
    if len(advertised) >= max(2, invited) and min(stays[1:]) >= max(needed, 2):
        assert survivors == tuple(name for name in names if leaves[name] > STEPS.index("masked"))
        assert same(total, plain_sum(inputs, survivors, 1 / members))
    else:
        assert total is None


def test_two_hundred_rounds_in_which_institutions_come_and_go():
    chance = np.random.default_rng(200)
    five, formed, failed, steps, agreement, away = Consortium(NAMES), 0, 0, set(), None, {}
    for number in range(200):
        renews = agreement is None or not agreement.left
        gone = [name for name in NAMES if chance.random() < 0.15]
        leaves = {name: int(chance.integers(0 if renews else 3, STAYS)) for name in gone}
        # Whoever left while all agreed on keys is away until they agree anew.
        away = {name: step for name, step in (leaves if renews else away).items() if step < 3}
        leaves |= away
        inputs = random_inputs(NAMES, chance, parameters=5)
        try:
            agreement = five.agree(sums=8, leaves=leaves) if renews else agreement
            each = five.mask(agreement, inputs, leaves, f"round {number}")
            total = five.finish(each, leaves)
        except SecureSumFailed:
            failed += 1
            agreement = None if len(away) > 2 else agreement
            assert len(leaves) > 2
            continue
        formed += 1
        steps |= {*leaves.values()}
        assert same(total, plain_sum(inputs, each.survivors, 1 / 5))
    assert formed > 170
    assert failed > 0
    assert steps == {*range(STAYS)}


@settings(max_examples=15, deadline=None)
@given(st.permutations(NAMES), st.integers(min_value=0, max_value=100))
def test_the_order_of_answers_changes_no_bit(order, seed):
    inputs = random_inputs(NAMES, np.random.default_rng(seed))
    sums = []
    for names in (NAMES, order):
        five = Consortium(NAMES)
        formed = five.agree().next_sum("question", 20)
        for name in names:
            formed.take_masked(name, five.members[name].mask(formed.call(), "question", summand(*inputs[name], 0.2)))
        sums.append(five.finish(formed))
    assert same(*sums)


def test_answers_to_different_questions_do_not_add_up(five):
    """A coordinator that asks one institution something else cannot tell its answer from noise."""
    inputs = random_inputs(NAMES, np.random.default_rng(2))
    agreement = five.agree()
    formed = agreement.next_sum("question", 20)
    for name in NAMES:
        asked = "question" if name != "Bonn" else "another question"
        formed.take_masked(name, five.members[name].mask(formed.call(), asked, summand(*inputs[name], 0.2)))
    survivors = formed.ask_survivors()
    for name in NAMES:
        formed.take_signature(name, five.members[name].survivors(survivors))
    reveal = formed.ask_reveal()
    for name in NAMES:
        if name == "Bonn":  # It signed other survivors than the others: of another question.
            with pytest.raises(SecureSumFailed, match="members signed"):
                five.members[name].reveal(reveal.model_copy(update={"signatures": {"Bonn": b"-" * 64}}))
        else:
            formed.take_revealed(name, five.members[name].reveal(reveal))
    total = formed.total()
    assert np.abs(numbers(total)).min() > 1e20
    assert not same(total, plain_sum(inputs, NAMES, 1 / 5))


@pytest.mark.parametrize("seen", range(5))
def test_all_messages_but_one_are_spread_evenly(five, seen):
    """Whatever four of five institutions sent says nothing: their sum, and each alone, look like noise.

    Every answer is zero, so that nothing but masks is seen.
    """
    parameters = 25_600
    silent = NAMES[seen]
    inputs = {name: (np.zeros(2), np.zeros(parameters, dtype=np.float32)) for name in NAMES}
    agreement = five.agree()
    call = agreement.next_sum("question", parameters).call()
    sent = [
        Masked.from_bytes(five.members[name].mask(call, "question", summand(*inputs[name], 0.2)), parameters)
        for name in NAMES
        if name != silent
    ]
    check_spread([*sent, added_up(sent)])


def test_once_everybodys_own_mask_is_known_any_messages_but_all_are_spread_evenly(five):
    """At the end of a sum the coordinator can take off each survivor's own mask: what is left are masks of pairs."""
    parameters = 25_600
    inputs = {name: (np.zeros(2), np.zeros(parameters, dtype=np.float32)) for name in NAMES}
    agreement = five.agree()
    formed, sent = agreement.next_sum("question", parameters), {}
    for name in NAMES:
        data = five.members[name].mask(formed.call(), "question", summand(*inputs[name], 0.2))
        formed.take_masked(name, data)
        sent[name] = Masked.from_bytes(data, parameters)
    survivors = formed.ask_survivors()
    for name in NAMES:
        formed.take_signature(name, five.members[name].survivors(survivors))
    told = {name: five.members[name].reveal(formed.ask_reveal()) for name in NAMES}
    for name in NAMES:
        own = agreement.secret({who: each.own[name] for who, each in told.items()})
        sent[name].mask(self_seed(own, name, agreement.session, 0, "question"), -1)
    assert not added_up(list(sent.values())).ring.any()  # So the own masks are off, and every answer was zero.
    # Sums of three and four are those of the other two and of the other one with the opposite sign.
    check_spread([added_up([sent[name] for name in names]) for size in (1, 2) for names in combinations(NAMES, size)])


def added_up(sent: list[Masked]) -> Masked:
    together = sent[0].copy()
    for other in sent[1:]:
        together.add(other)
    return together


def check_spread(seen: list[Masked]) -> None:
    """Fails where the bytes of 25,600 numbers are not as even as those of true chance."""
    chi = []
    for each in seen:
        for shift in (0, 8, 16, 24):
            counts = np.bincount((each.ring >> np.uint32(shift)) & np.uint32(255), minlength=256)
            chi.append(float(((counts - 100.0) ** 2 / 100.0).sum()))
    # 255 degrees of freedom: mean 255, deviation 22.6; the mean of 20 such figures deviates by 5. The masks are of true
    # chance, so the bounds are such as it does not reach in a thousand million runs.
    assert abs(np.mean(chi) - 255) < 7 * 22.6 / np.sqrt(len(chi))
    assert max(chi) < 255 + 9 * 22.6


def test_below_the_threshold_there_is_no_sum(five):
    inputs = random_inputs(NAMES, np.random.default_rng(4))
    leaves = dict.fromkeys(("Aachen", "Bonn", "Celle"), STEPS.index("masked"))
    formed = five.mask(five.agree(), inputs, leaves)
    with pytest.raises(SecureSumFailed, match="2 institutions are left where 3 are needed"):
        formed.ask_survivors()


def test_a_false_share_is_noticed(five):
    inputs = random_inputs(NAMES, np.random.default_rng(5))
    formed = five.mask(five.agree(), inputs, {"Essen": 3})
    survivors = formed.ask_survivors()
    for name in NAMES[:4]:
        formed.take_signature(name, five.members[name].survivors(survivors))
    reveal = formed.ask_reveal()
    for name in NAMES[:4]:
        said = five.members[name].reveal(reveal)
        if name == "Aachen":
            said = said.model_copy(update={"own": said.own | {"Bonn": bytes(66)}})
        formed.take_revealed(name, said)
    with pytest.raises(SecureSumFailed, match=r"Bonn's mask were changed|do not fit together"):
        formed.total()


@pytest.mark.parametrize(
    ("share", "members", "needed"), [(0.6, 5, 3), (0.51, 4, 3), (0.51, 2, 2), (1.0, 7, 7), (0.67, 3, 3), (0.6, 50, 30)]
)
def test_more_than_half_must_stay(share, members, needed):
    assert threshold_of(share, members) == needed
