"""A real node among other members of a secure sum: what it lets leave, what it logs, and what it refuses."""

import json

import numpy as np
import pytest
from cryptography import x509

from fedcare.data.preprocessing import statistics_size
from fedcare.federation.messages import Instruction
from fedcare.federation.node.config import Limits
from fedcare.federation.scaled_sums import blocks_of, on_scale, scale_of, with_scale
from fedcare.federation.summands import context_of
from fedcare.privacy.secure_sum.collector import Agreement
from fedcare.privacy.secure_sum.encrypted_collector import EncryptedAgreement
from fedcare.privacy.secure_sum.encrypted_member import EncryptingMember
from fedcare.privacy.secure_sum.fixed_point import from_wide, to_wide
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.privacy.secure_sum.member import Member
from fedcare.privacy.secure_sum.wire import Keys, Revealed, Shares, Signed, read, together
from fedcare.tasks.registry import get
from fedcare.training.local import train
from fedcare.trust import identity
from fedcare.trust.authority import Authority
from fedcare.trust.peers import FILE, CertifiedKey, KnownPeers

OTHERS = ("Hospital B", "Hospital C")
SIZE = 1 + statistics_size(get("insurance-cost").records)


@pytest.fixture
def secure(plan):
    return plan(**{"privacy__secure__enabled": "true"})


@pytest.fixture
def others(tmp_path):
    """Two other members, as their own nodes would be; called again, they have enrolled with new keys."""

    def make(kind=Member):
        authority = Authority.open(tmp_path / "consortium")
        peers = KnownPeers(x509.load_pem_x509_certificate(authority.ca_pem))
        members = {}
        for name in OTHERS:
            folder = tmp_path / f"{name} {len(authority.certificates())}"
            identity.make_key(folder)
            certificate = authority.enrol(identity.csr(folder, name), authority.token(name))
            own = CertifiedKey.of(identity.keep(folder, certificate, authority.ca_pem))
            members[name] = kind(own, peers, 0.6, 3)
        return members

    return make


def step(run, here, name, part, kind=None):
    answer = run.ask(here, step=name, payload=together([part]))
    if answer.error is not None:
        return answer.error
    return answer.payload if kind is None else read(kind, answer.payload.tobytes())


def agreed(run, here, members, kind=Agreement):
    """An agreement of the node with the others, or the node's refusal."""
    agreement = kind([here.name, *members], 2, 0.6)
    keys = step(run, here, "invite", agreement.invite(), Keys)
    if isinstance(keys, str):
        return keys
    agreement.take_keys(here.name, keys)
    for name, member in members.items():
        agreement.take_keys(name, member.invite(run.plan.hash, agreement.invite()))
    directory = agreement.directory()
    shares = step(run, here, "share", directory, Shares)
    if isinstance(shares, str):
        return shares
    agreement.take_shares(here.name, shares)
    for name, member in members.items():
        agreement.take_shares(name, member.share(directory))
    delivery = agreement.delivery()
    step(run, here, "deliver", delivery, Signed)
    for member in members.values():
        member.deliver(delivery)
    for name in (here.name, *members):
        agreement.take_stand(name)
    return agreement


def finished(run, here, members, formed):
    """The total of a sum that everybody has answered."""
    asked = formed.ask_survivors()
    formed.take_signature(here.name, step(run, here, "survivors", asked, Signed))
    for name, member in members.items():
        formed.take_signature(name, member.survivors(asked))
    reveal = formed.ask_reveal()
    formed.take_revealed(here.name, step(run, here, "reveal", reveal, Revealed))
    for name, member in members.items():
        formed.take_revealed(name, member.reveal(reveal))
    return formed.total()


def test_a_node_adds_its_statistics_to_a_sum_and_logs_each_step(unconnected, asking, secure, others):
    here, members = unconnected(), others()
    here.approve(secure)
    run = asking(secure)
    agreement = agreed(run, here, members)
    context = context_of("statistics", Instruction(secure.canonical()), None)
    formed = agreement.next_sum(context, 0)
    masked = step(run, here, "masked", formed.call())
    np.testing.assert_array_equal(masked, step(run, here, "masked", formed.call()))
    formed.take_masked(here.name, masked)
    for name, member in members.items():
        nothing = Masked(to_wide(np.zeros(SIZE)), np.empty(0, np.uint32))
        formed.take_masked(name, member.mask(formed.call(), context, nothing))
    sums = from_wide(finished(run, here, members, formed).wide)
    assert sums[0] == 48  # Sixty rows, of which a fifth validates.
    kinds = [row["kind"] for row in reversed(here.egress())]
    assert kinds == [
        "keys", "sealed shares", "consent to an agreement", "masked statistics", "masked statistics",
        "signature of survivors", "shares of masks",
    ]  # fmt: skip
    assert sorted(json.loads((here.folder.path / FILE).read_text())) == sorted([here.name, *members])


def test_a_node_encrypts_its_statistics_decrypts_the_total_and_logs_each_step(unconnected, asking, plan, others):
    pytest.importorskip("tenseal")
    here, members = unconnected(), others(EncryptingMember)
    encrypted = plan(**{"privacy__secure__enabled": "true", "privacy__secure__method": "ckks"})
    here.approve(encrypted)
    run = asking(encrypted)
    agreement = agreed(run, here, members, EncryptedAgreement)
    context = context_of("statistics", Instruction(encrypted.canonical()), None)
    formed = agreement.next_sum(context, 0)
    formed.take_masked(here.name, step(run, here, "encrypted", formed.call()))
    for name, member in members.items():
        nothing = Masked(to_wide(np.zeros(SIZE)), np.empty(0, np.uint32))
        formed.take_masked(name, member.mask(formed.call(), context, nothing))
    asked = formed.ask_survivors()
    formed.take_signature(here.name, step(run, here, "survivors", asked, Signed))
    for name, member in members.items():
        formed.take_signature(name, member.survivors(asked))
    opening = formed.ask_opening()
    assert opening.members == (here.name,)
    formed.take_opening(here.name, step(run, here, "decrypt", opening).tobytes())
    assert from_wide(formed.total().wide)[0] == 48
    kinds = [row["kind"] for row in reversed(here.egress())]
    assert kinds == [
        "keys", "sealed shares", "consent to an agreement", "encrypted statistics", "signature of survivors",
        "decrypted total",
    ]  # fmt: skip


def test_a_node_trains_once_for_both_sums_of_an_update_of_eight_bits(
    unconnected, asking, plan, prepared, others, monkeypatch
):
    here, members = unconnected(), others()
    open_plan = plan()
    here.approve(open_plan)
    question = {"kind": "train", "round_number": 1, **prepared(asking(open_plan), here)}
    small = plan(**{"privacy__secure__enabled": "true", "compression__method": "int8"})
    here.approve(small)
    run = asking(small)
    agreement, nothing, trained = agreed(run, here, members), np.empty(0, np.uint32), []
    monkeypatch.setattr("fedcare.federation.site.train", lambda *_, **__: trained.append(1) or train(*_, **__))
    vector = question["vector"]
    instruction = Instruction(small.canonical(), 1, "train", question["preprocessing"], rows=48)
    context, blocks = context_of("train", instruction, vector), blocks_of(instruction)

    def tell(step, part):
        return run.ask(here, step=step, payload=together([part]), rows=48, **question).payload

    first = agreement.next_sum(context, blocks)
    first.take_masked(here.name, tell("scales", first.call()))
    for name, member in members.items():
        first.take_masked(
            name, member.mask(first.call(), context, Masked(to_wide(np.zeros(1)), np.zeros(blocks, "u4")))
        )
    scale = scale_of(finished(run, here, members, first), 3, instruction)
    second = agreement.next_sum(on_scale(context, scale), 0, len(vector))
    call = with_scale(second.call(), scale)
    second.take_masked(here.name, tell("masked", call))
    for name, member in members.items():
        idle = Masked(to_wide(np.zeros(2)), nothing, np.zeros(len(vector), np.uint8))
        second.take_masked(name, member.mask(call, on_scale(context, scale), idle))
    total = finished(run, here, members, second)
    assert from_wide(total.wide)[0] == 48
    assert np.abs(total.levels.view(np.int8)).max() > 20
    assert trained == [1]
    kinds = [row["kind"] for row in reversed(here.egress())]
    assert [kind for kind in kinds if kind.startswith("masked")] == ["masked scales of the update", "masked update"]


def test_a_question_in_the_open_is_refused_and_nothing_leaves(unconnected, asking, secure):
    here = unconnected()
    here.approve(secure)
    answer = asking(secure).ask(here)
    assert "question in the open" in answer.error
    assert answer.sums is None
    assert here.egress() == []


def test_a_node_asks_for_more_company_than_the_plan_does(unconnected, asking, secure, others):
    here, members = unconnected(limits=Limits(together=4)), others()
    here.approve(secure)
    assert "3 institutions where at least 4" in agreed(asking(secure), here, members)


def test_an_institution_that_shows_another_key_than_before_is_refused_in_every_later_run(
    unconnected, asking, secure, others
):
    here = unconnected()
    here.approve(secure)
    assert not isinstance(agreed(asking(secure), here, others()), str)
    refusal = agreed(asking(secure, run_id="run-2"), here, others())
    assert "Hospital B shows another key than before" in refusal
