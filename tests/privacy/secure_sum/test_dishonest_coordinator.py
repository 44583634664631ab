"""What a coordinator that lies may ask for: each institution refuses, and says why."""

import numpy as np
import pytest
from tests.privacy.secure_sum.consortium import Consortium, Stamp, Stamps, random_inputs, summand

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.collector import Agreement
from fedcare.privacy.secure_sum.keys import AgreementKeys
from fedcare.privacy.secure_sum.member import MOST_AGREEMENTS, Member
from fedcare.privacy.secure_sum.wire import Call, Invite, Keys, Reveal, Survivors, meant_for, read, together

NAMES = ("Aachen", "Bonn", "Celle", "Dresden", "Essen")


@pytest.fixture
def inputs():
    return random_inputs(NAMES, np.random.default_rng(6))


def directory_of(five: Consortium, agreement):
    for name in NAMES:
        agreement.take_keys(name, five.members[name].invite("plan", agreement.invite()))
    return agreement.directory()


def agreement_of(names=NAMES, sums=2):
    return Agreement(names, sums, 0.6)


# -- keys -------------------------------------------------------------------------------------------------------------


def test_keys_of_its_own_in_anothers_name_are_refused(five):
    agreement = agreement_of()
    directory = directory_of(five, agreement)
    forged = AgreementKeys(2).public(Stamp("Mallory"), agreement.session, "plan")
    forged = forged.model_copy(update={"name": "Bonn", "certificate": Stamp("Bonn").certificate})
    swapped = tuple(forged if keys.name == "Bonn" else keys for keys in directory.keys)
    with pytest.raises(SecureSumFailed, match="Bonn are not signed by it"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": swapped}))


@pytest.mark.parametrize("changed", ["sealing", "signing"])
def test_a_single_key_that_was_swapped_is_refused(five, changed):
    directory = directory_of(five, agreement_of())
    swapped = tuple(
        keys.model_copy(update={changed: b"k" * 32}) if keys.name == "Bonn" else keys for keys in directory.keys
    )
    with pytest.raises(SecureSumFailed, match="not signed"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": swapped}))


def test_keys_of_another_agreement_are_refused(five):
    first, second = agreement_of(), agreement_of()
    old = directory_of(five, first)
    directory = directory_of(five, second)
    replayed = tuple(old.keys[1] if keys.name == "Bonn" else keys for keys in directory.keys)
    with pytest.raises(SecureSumFailed, match="not signed"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": replayed}))


def test_its_own_keys_must_be_those_that_it_gave(five):
    directory = directory_of(five, agreement_of())
    others = AgreementKeys(2).public(Stamp("Aachen"), directory.session, "plan")
    swapped = tuple(others if keys.name == "Aachen" else keys for keys in directory.keys)
    with pytest.raises(SecureSumFailed, match="other keys were handed on"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": swapped}))


def test_somebody_who_was_not_invited_is_refused(five):
    directory = directory_of(five, agreement_of())
    stranger = AgreementKeys(2).public(Stamp("Mallory"), directory.session, "plan")
    with pytest.raises(SecureSumFailed, match="not invited"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": (*directory.keys, stranger)}))


def test_an_institution_that_is_named_twice_is_refused(five):
    directory = directory_of(five, agreement_of())
    with pytest.raises(SecureSumFailed, match="named twice"):
        five.members["Aachen"].share(directory.model_copy(update={"keys": (*directory.keys, directory.keys[1])}))


def test_keys_are_good_for_one_plan(five):
    agreement = agreement_of()
    five.members["Aachen"].invite("plan", agreement.invite())
    with pytest.raises(SecureSumFailed, match="another plan"):
        five.members["Aachen"].invite("another plan", agreement.invite())


# -- how many ---------------------------------------------------------------------------------------------------------


def test_a_node_takes_part_in_no_sum_of_fewer_than_it_demands(inputs):
    demanding = Consortium(NAMES, least=4)
    with pytest.raises(SecureSumFailed, match="3 institutions where at least 4"):
        demanding.members["Aachen"].invite("plan", agreement_of(NAMES[:3]).invite())
    leaves = dict.fromkeys(NAMES[3:], 3)
    formed = demanding.mask(demanding.agree(), inputs, leaves)
    with pytest.raises(SecureSumFailed, match="3 institutions where at least 4"):
        demanding.members["Aachen"].survivors(formed.ask_survivors())


def test_nobody_is_added_up_alone():
    alone = Member(Stamp("Aachen"), Stamps(), 0.6, least=1)
    invite = Invite(session="0" * 64, members=("Aachen",), sums=1)
    with pytest.raises(SecureSumFailed, match="1 institutions where at least 2"):
        alone.invite("plan", invite)


def test_survivors_must_be_members_and_enough(five, inputs):
    formed = five.mask(five.agree(), inputs)
    asked = formed.ask_survivors()
    for members, reason in (
        (NAMES[:2], "at least 3"),
        ((*NAMES, "Mallory"), "not part of the agreement"),
        (NAMES[1:], "not among those"),
    ):
        with pytest.raises(SecureSumFailed, match=reason):
            five.members["Aachen"].survivors(asked.model_copy(update={"members": members}))


# -- never both of one institution ------------------------------------------------------------------------------------


def test_two_sets_of_survivors_are_not_both_signed(five, inputs):
    formed = five.mask(five.agree(), inputs)
    asked = formed.ask_survivors()
    five.members["Aachen"].survivors(asked)
    with pytest.raises(SecureSumFailed, match="done already, for another question"):
        five.members["Aachen"].survivors(asked.model_copy(update={"members": NAMES[:4]}))


def test_nothing_is_revealed_without_enough_signatures_over_the_same_survivors(five, inputs):
    formed = five.mask(five.agree(), inputs)
    asked = formed.ask_survivors()
    # Three believe that all are left, two that Essen is gone: nobody has three signatures over its own belief but them.
    other = asked.model_copy(update={"members": NAMES[:4]})
    signed = {name: five.members[name].survivors(asked).signature for name in ("Celle", "Dresden")}
    signed |= {name: five.members[name].survivors(other).signature for name in ("Aachen", "Bonn")}
    for name in ("Aachen", "Celle"):
        reveal = formed_reveal(asked, signed)
        with pytest.raises(SecureSumFailed, match="2 members signed these survivors where 3 must"):
            five.members[name].reveal(reveal)


def formed_reveal(asked: Survivors, signatures):
    return Reveal(session=asked.session, members=asked.members, sum=asked.sum, signatures=signatures)


def test_forged_and_foreign_signatures_do_not_count(five, inputs):
    formed = five.mask(five.agree(), inputs)
    asked = formed.ask_survivors()
    own = five.members["Aachen"].survivors(asked).signature
    signatures = dict.fromkeys(NAMES, own) | {"Mallory": own}
    with pytest.raises(SecureSumFailed, match="1 members signed"):
        five.members["Aachen"].reveal(formed_reveal(asked, signatures))


def test_of_each_member_one_kind_of_share_is_revealed_once(five, inputs):
    agreement = five.agree()
    formed = five.mask(agreement, inputs, {"Essen": 3})
    asked = formed.ask_survivors()
    for name in NAMES[:4]:
        formed.take_signature(name, five.members[name].survivors(asked))
    reveal = formed.ask_reveal()
    said = five.members["Aachen"].reveal(reveal)
    assert set(said.own) == set(NAMES[:4])
    assert set(said.keys) == {"Essen"}
    assert five.members["Aachen"].reveal(reveal) == said
    with pytest.raises(SecureSumFailed, match="done already"):
        five.members["Aachen"].reveal(reveal.model_copy(update={"signatures": {}}))


def test_nothing_is_revealed_of_a_sum_that_was_not_signed(five, inputs):
    formed = five.mask(five.agree(), inputs)
    with pytest.raises(SecureSumFailed, match="signed no survivors"):
        five.members["Aachen"].reveal(formed_reveal(formed.ask_survivors(), {}))


# -- nothing twice ----------------------------------------------------------------------------------------------------


def test_a_repeated_question_gets_the_same_bytes_and_another_none(five, inputs):
    agreement = five.agree()
    call = agreement.next_sum("question", 20).call()
    member = five.members["Aachen"]
    first = member.mask(call, "question", summand(*inputs["Aachen"], 0.2))
    again = member.mask(call, "question", summand(*inputs["Bonn"], 0.2))
    assert first.tobytes() == again.tobytes()
    with pytest.raises(SecureSumFailed, match="taken part in this sum already"):
        member.mask(call, "another question", summand(*inputs["Aachen"], 0.2))


def test_a_sum_that_was_revealed_is_over(five, inputs):
    agreement = five.agree()
    formed = five.mask(agreement, inputs)
    five.finish(formed)
    with pytest.raises(SecureSumFailed, match="taken part in this sum already"):
        five.members["Aachen"].begin(formed.call(), "question")


def test_the_same_question_is_not_added_up_over_others(five, inputs):
    """The difference of two such sums would be a single institution's answer."""
    five.finish(five.mask(five.agree(), inputs))
    again = five.mask(five.agree(), inputs, {"Essen": 3})
    with pytest.raises(SecureSumFailed, match="would show a single institution"):
        five.members["Aachen"].survivors(again.ask_survivors())
    whole = five.mask(five.agree(), inputs)
    assert five.finish(whole) is not None


def test_an_agreement_that_was_forgotten_does_not_come_back(five):
    first = agreement_of()
    member = five.members["Aachen"]
    member.invite("plan", first.invite())
    for _ in range(MOST_AGREEMENTS):
        member.invite("plan", agreement_of().invite())
    with pytest.raises(SecureSumFailed, match="agreement is over"):
        member.invite("plan", first.invite())


def test_a_restarted_node_knows_nothing_of_what_it_was_asked(five, inputs):
    agreement = five.agree()
    five.members["Aachen"] = Member(Stamp("Aachen"), Stamps(), 0.6, 2)
    with pytest.raises(SecureSumFailed, match="was restarted"):
        five.mask(agreement, inputs)


def test_shares_that_were_changed_or_handed_to_the_wrong_one_are_refused(five):
    agreement = agreement_of()
    directory = directory_of(five, agreement)
    for name in NAMES:
        agreement.take_shares(name, five.members[name].share(directory))
    delivery = agreement.delivery()
    bonn = delivery.shares["Bonn"]
    for sealed in (bonn.sealed | {"Aachen": bonn.sealed["Celle"]}, bonn.sealed | {"Aachen": b""}):
        swapped = delivery.shares | {"Bonn": bonn.model_copy(update={"sealed": sealed})}
        with pytest.raises(SecureSumFailed, match="changed on their way"):
            five.members["Aachen"].deliver(delivery.model_copy(update={"shares": swapped}))


def test_no_sum_before_the_agreement_stands_nor_beyond_its_number(five, inputs):
    agreement = five.agree(sums=2)
    call = agreement.next_sum("question", 20).call()
    with pytest.raises(SecureSumFailed, match="not for so many sums"):
        five.members["Aachen"].begin(call.model_copy(update={"sum": 2}), "question")
    early = agreement_of()
    five.members["Aachen"].invite("plan", early.invite())
    with pytest.raises(SecureSumFailed, match="does not stand"):
        five.members["Aachen"].begin(Call(session=early.session, members=NAMES, sum=0), "question")


# -- what institutions may send the coordinator -----------------------------------------------------------------------


def test_what_a_member_makes_up_does_not_count(five, inputs):
    agreement = agreement_of()
    keys = five.members["Aachen"].invite("plan", agreement.invite())
    with pytest.raises(SecureSumFailed, match="not its own"):
        agreement.take_keys("Bonn", keys)
    directory = directory_of(five, agreement)
    shares = five.members["Aachen"].share(directory)
    with pytest.raises(SecureSumFailed, match="with everybody"):
        agreement.take_shares("Aachen", shares.model_copy(update={"sealed": {}}))
    formed = five.mask(five.agree(), inputs)
    asked = formed.ask_survivors()
    for name in NAMES:
        formed.take_signature(name, five.members[name].survivors(asked))
    said = five.members["Aachen"].reveal(formed.ask_reveal())
    with pytest.raises(SecureSumFailed, match="other shares"):
        formed.take_revealed("Aachen", said.model_copy(update={"own": {}}))


def test_bytes_that_are_no_message_are_refused():
    for data in (b"", b"{}", b"[]", b'[{"session": "x"}]', b"\xff"):
        with pytest.raises(SecureSumFailed):
            meant_for("Aachen", Call, data)
    with pytest.raises(SecureSumFailed, match="no keys"):
        read(Keys, b"{}")
    parts = [Call(session=f"{place:064x}", members=("Aachen", "Bonn"), sum=0) for place in range(2)]
    assert meant_for("Aachen", Call, together(parts[:1])) == parts[0]
    with pytest.raises(SecureSumFailed, match="several"):
        meant_for("Aachen", Call, together(parts))
