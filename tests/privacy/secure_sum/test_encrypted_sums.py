"""Sums under encryption are those under masks, and whatever the coordinator asks, nobody decrypts a single answer."""

import numpy as np
import pytest

pytest.importorskip("tenseal")

from tests.privacy.secure_sum.consortium import STEPS, Consortium, plain_sum, random_inputs, same, summand

from fedcare.errors import SecureSumFailed
from fedcare.privacy.homomorphic import Key
from fedcare.privacy.secure_sum.digits import MOST_MEMBERS
from fedcare.privacy.secure_sum.encrypted import EncryptedAnswer
from fedcare.privacy.secure_sum.encrypted_collector import EncryptedAgreement
from fedcare.privacy.secure_sum.encrypted_member import EncryptingMember
from fedcare.privacy.secure_sum.wire import Decrypt, Reveal

NAMES = ("Aachen", "Bonn", "Celle", "Dresden")


class Encrypting(Consortium):
    """Keeps every word that the coordinator hears."""

    member, agreement = EncryptingMember, EncryptedAgreement

    def sign(self, formed, leaves=None):
        survivors = formed.ask_survivors()
        for name in self._left(leaves or {}, 4, survivors.members):
            formed.take_signature(name, self.members[name].survivors(survivors))

    def finish(self, formed, leaves=None):
        self.sign(formed, leaves)
        while not formed.is_asked:
            asked = formed.ask_opening()
            for name in self._left(leaves or {}, 5, asked.members):
                formed.take_opening(name, self.members[name].decrypt(asked).to_bytes())
        return formed.total()


@pytest.fixture
def four():
    return Encrypting(NAMES)


@pytest.fixture
def inputs():
    return random_inputs(NAMES, np.random.default_rng(6))


def question(formed, **changes):
    """What an honest coordinator asks for in the end, or something else in its place."""
    return formed.ask_opening().model_copy(update=changes)


def answers(four, formed, inputs, context="question"):
    """Each member's encrypted answer, which the coordinator has seen."""
    return {
        name: EncryptedAnswer.from_bytes(
            four.members[name].mask(formed.call(), context, summand(*inputs[name], 1 / len(NAMES))).tobytes()
        )
        for name in formed.members
    }


# -- the sum ----------------------------------------------------------------------------------------------------------


def test_the_total_is_that_under_masks_to_the_last_bit(four, inputs):
    under_masks = Consortium(NAMES)
    total = four.finish(four.mask(four.agree(), inputs))
    assert same(total, plain_sum(inputs, NAMES, 1 / 4))
    assert same(total, under_masks.finish(under_masks.mask(under_masks.agree(), inputs)))


@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("gone", ["Aachen", "Celle"])
def test_whoever_drops_out_at_whatever_step(four, inputs, step, gone):
    leaves = {gone: step}
    formed = four.mask(four.agree(leaves=leaves), inputs, leaves)
    total = four.finish(formed, leaves)
    assert formed.survivors == tuple(name for name in NAMES if name != gone or step > STEPS.index("masked"))
    assert same(total, plain_sum(inputs, formed.survivors, 1 / 4))


def test_below_the_threshold_there_is_no_sum(four, inputs):
    formed = four.mask(four.agree(), inputs, dict.fromkeys(NAMES[:2], 3))
    with pytest.raises(SecureSumFailed, match="2 institutions are left where 3 are needed"):
        formed.ask_survivors()


def test_if_nobody_decrypts_there_is_no_sum(four, inputs):
    with pytest.raises(SecureSumFailed, match="none of the institutions decrypted"):
        four.finish(four.mask(four.agree(), inputs), dict.fromkeys(NAMES, 5))


def test_one_agreement_gives_several_sums(four, inputs):
    agreement = four.agree()
    for context in ("one", "another"):
        assert same(four.finish(four.mask(agreement, inputs, context=context)), plain_sum(inputs, NAMES, 1 / 4))
    assert agreement.left == 0


# -- what the coordinator sees ----------------------------------------------------------------------------------------


def test_all_that_the_coordinator_hears_holds_no_key(four, inputs, monkeypatch):
    heard = []
    for member in four.members.values():
        for step in ("invite", "share", "deliver", "mask", "survivors", "decrypt"):
            monkeypatch.setattr(member, step, _overheard(getattr(member, step), heard))
    agreement = four.agree()
    four.finish(four.mask(agreement, inputs))
    said = b"".join(heard)
    for member in four.members.values():
        shared = member._shared[agreement.session]
        assert shared.secret not in said
        for start in range(0, 4096, 64):
            assert shared.key.to_bytes()[100 + start :][:32] not in said
    secrets = {member._shared[agreement.session].secret for member in four.members.values()}
    assert len(secrets) == 1


def _overheard(work, heard):
    def listening(*args, **kwargs):
        said = work(*args, **kwargs)
        if isinstance(said, np.ndarray):
            heard.append(said.tobytes())
        else:
            heard.extend(_bytes_in(said.model_dump()))
        return said

    return listening


def _bytes_in(told):
    """All bytes somewhere in a message, as they were before base64."""
    if isinstance(told, bytes):
        return [told]
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, tuple | list) else ()
    return [found for each in inner for found in _bytes_in(each)]


def test_a_key_of_the_coordinators_own_opens_nothing(four, inputs):
    formed = four.agree().next_sum("question", 20)
    one = answers(four, formed, inputs)["Aachen"]
    with pytest.raises(SecureSumFailed, match="not the whole numbers"):
        Key.new().decrypt(one.numbers, 68)


# -- what a node does not decrypt -------------------------------------------------------------------------------------


@pytest.fixture
def signed(four, inputs):
    """A sum whose survivors have all signed, and each answer in it."""
    formed = four.agree().next_sum("question", 20)
    each = answers(four, formed, inputs)
    for name, answer in each.items():
        formed.take_masked(name, np.frombuffer(answer.to_bytes(), np.uint8))
    four.sign(formed)
    return formed, each


def total_of(each):
    first, *others = (EncryptedAnswer.from_bytes(answer.to_bytes()) for answer in each)
    for other in others:
        first.add(other)
    return first.to_bytes()


def test_a_single_answer_is_not_decrypted_nor_a_part_nor_one_twice(four, signed):
    formed, each = signed
    asked = question(formed)
    every = list(each.values())
    for instead in (every[:1], every[1:], [*every, every[0]], [every[0]] * 4):
        for name in ("Aachen", "Bonn"):
            with pytest.raises(SecureSumFailed, match="not the sum over those whom the members signed"):
                four.members[name].decrypt(asked.model_copy(update={"total": total_of(instead)}))
    assert four.members["Bonn"].decrypt(asked)


def test_an_answer_with_the_tags_of_the_sum_is_not_decrypted(four, signed):
    formed, each = signed
    asked = question(formed)
    tags = EncryptedAnswer.from_bytes(asked.total).tags
    forged = EncryptedAnswer(each["Celle"].numbers, tags).to_bytes()
    with pytest.raises(SecureSumFailed, match="not the sum over those"):
        four.members["Aachen"].decrypt(asked.model_copy(update={"total": forged}))


def test_answers_of_another_sum_are_not_decrypted(four, inputs):
    agreement = four.agree()
    before = answers(four, agreement.next_sum("question", 20), inputs)
    formed = four.mask(agreement, inputs, context="question of another round")
    four.sign(formed)
    for total in (list(before.values()), [before["Bonn"]]):
        with pytest.raises(SecureSumFailed, match="not the sum over those"):
            four.members["Aachen"].decrypt(question(formed, total=total_of(total)))


def test_answers_to_different_questions_are_not_decrypted_as_one(four, inputs):
    """A coordinator that sends one institution other weights learns nothing from the sum."""
    formed = four.agree().next_sum("question", 20)
    for name in NAMES:
        asked = "question" if name != "Bonn" else "another question"
        formed.take_masked(name, four.members[name].mask(formed.call(), asked, summand(*inputs[name], 0.25)))
    four.sign(formed)
    for name in NAMES:
        with pytest.raises(SecureSumFailed, match=r"not the sum over those|members signed"):
            four.members[name].decrypt(question(formed, members=(name,)))
        formed._asked = ()


def test_nothing_is_decrypted_without_enough_true_signatures(four, signed):
    formed, _ = signed
    asked = question(formed)
    own = asked.signatures["Aachen"]
    for forged in ({}, {"Aachen": own}, dict.fromkeys(NAMES, own), {"Aachen": own, "Bonn": b"-" * 64, "Celle": b""}):
        with pytest.raises(SecureSumFailed, match="members signed these survivors where 3 must"):
            four.members["Aachen"].decrypt(asked.model_copy(update={"signatures": forged}))


def test_the_same_question_is_not_added_up_over_others(four, inputs):
    """The difference of two such sums would be a single institution's answer."""
    four.finish(four.mask(four.agree(), inputs))
    again = four.mask(four.agree(), inputs, {"Dresden": 3})
    with pytest.raises(SecureSumFailed, match="would show a single institution"):
        four.members["Aachen"].survivors(again.ask_survivors())


def test_two_sets_of_survivors_are_not_both_signed_and_a_smaller_one_is_not_decrypted(four, signed):
    formed, each = signed
    fewer = formed.ask_survivors().model_copy(update={"members": NAMES[:3]})
    with pytest.raises(SecureSumFailed, match="done already"):
        four.members["Aachen"].survivors(fewer)
    part = [each[name] for name in NAMES[:3]]
    with pytest.raises(SecureSumFailed, match="not the sum over those"):
        four.members["Aachen"].decrypt(question(formed, total=total_of(part)))


def test_a_sum_is_decrypted_once_and_the_same_question_gets_the_same_answer(four, signed):
    formed, _ = signed
    asked = question(formed)
    first = four.members["Aachen"].decrypt(asked)
    assert four.members["Aachen"].decrypt(asked) == first
    with pytest.raises(SecureSumFailed, match="done already, for another question"):
        four.members["Aachen"].decrypt(asked.model_copy(update={"signatures": {}}))


def test_a_sum_of_too_few_is_not_signed():
    demanding = Encrypting(NAMES, least=4)
    inputs = random_inputs(NAMES, np.random.default_rng(1))
    formed = demanding.mask(demanding.agree(), inputs, {"Dresden": 3})
    with pytest.raises(SecureSumFailed, match="3 institutions where at least 4"):
        demanding.members["Aachen"].survivors(formed.ask_survivors())


def test_more_institutions_than_encryption_has_room_for_are_told_to_divide():
    names = [f"Hospital {place:03}" for place in range(MOST_MEMBERS + 1)]
    agreement, members = EncryptedAgreement(names, 1, 0.6), Encrypting(names).members
    for name in names:
        agreement.take_keys(name, members[name].invite("plan", agreement.invite()))
    with pytest.raises(SecureSumFailed, match=r"room for 128; set privacy\.secure\.groups"):
        members[names[0]].share(agreement.directory())


def test_an_answer_under_another_key_spoils_the_sum_and_shows_nothing(four, inputs):
    agreement = four.agree()
    four.members["Bonn"]._shared[agreement.session].key = Key.new()
    formed = four.mask(agreement, inputs)
    four.sign(formed)
    asked = question(formed)
    for name in NAMES:
        with pytest.raises(SecureSumFailed, match="not the whole numbers"):
            four.members[name].decrypt(asked)


def test_masks_and_encryption_are_not_mixed(four, signed):
    formed, _ = signed
    asked = question(formed)
    reveal = Reveal(**asked.model_dump(exclude={"total"}))
    with pytest.raises(SecureSumFailed, match="no masks to reveal"):
        four.members["Aachen"].reveal(reveal)
    plain = Consortium(NAMES)
    with pytest.raises(SecureSumFailed, match="nothing to decrypt"):
        plain.members["Aachen"].decrypt(Decrypt(**asked.model_dump()))


def test_a_repeated_question_gets_the_same_bytes_and_another_none(four, inputs):
    call = four.agree().next_sum("question", 20).call()
    member = four.members["Aachen"]
    first = member.mask(call, "question", summand(*inputs["Aachen"], 0.25))
    assert member.mask(call, "question", summand(*inputs["Bonn"], 0.25)).tobytes() == first.tobytes()
    with pytest.raises(SecureSumFailed, match="taken part in this sum already"):
        member.mask(call, "another question", summand(*inputs["Aachen"], 0.25))


def test_a_key_that_was_changed_or_left_out_on_its_way_is_refused(four):
    agreement = four.agreement(NAMES, 2, 0.6)
    for name in NAMES:
        agreement.take_keys(name, four.members[name].invite("plan", agreement.invite()))
    directory = agreement.directory()
    shares = {name: four.members[name].share(directory) for name in NAMES}
    with pytest.raises(SecureSumFailed, match="did not share its key"):
        agreement.take_shares("Aachen", shares["Aachen"].model_copy(update={"key": b""}))
    for name in NAMES:
        agreement.take_shares(name, shares[name])
    delivery = agreement.delivery()
    for key in (shares["Bonn"].key, b""):
        swapped = delivery.shares | {"Aachen": shares["Aachen"].model_copy(update={"key": key})}
        with pytest.raises(SecureSumFailed, match="changed on their way"):
            four.members["Celle"].deliver(delivery.model_copy(update={"shares": swapped}))


def test_what_is_no_encrypted_answer_is_not_added(four, inputs):
    formed = four.mask(four.agree(), inputs)
    for data in (b"", b"short", bytes(100)):
        with pytest.raises(SecureSumFailed):
            formed.take_masked("Aachen", np.frombuffer(data, np.uint8))
