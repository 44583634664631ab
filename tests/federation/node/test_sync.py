"""What a node fetches and tells beside answering, over the product's own door."""

from hashlib import sha256

import pytest
from sqlalchemy import insert

from fedcare.db import privacy
from fedcare.db.tables import standing_rules
from fedcare.federation.node import egress, plans
from fedcare.federation.node.config import RecordSource
from fedcare.federation.node.sync import Sync
from fedcare.privacy.accounting import Use
from fedcare.privacy.ledger import Budget
from fedcare.trust import identity
from fedcare.trust.bulletin import publish_plan


@pytest.fixture
def sync(consortium, home, store_of, csv_source):
    """A node's duties, done one turn at a time."""
    folder = consortium.enrol(home, "Hospital S", records={"insurance-cost": RecordSource(source=csv_source)})
    made = Sync(folder, folder.config(), store_of("Hospital S"), lambda: "waiting")
    made.folder = folder
    yield made
    made._door.close()


def in_store(sync, look, *more):
    with sync._store.transaction() as tx:
        return look(tx, *more)


def test_plans_are_fetched_as_long_as_their_hash_is_their_own(sync, consortium, plan):
    publish_plan(consortium.home / "consortium", plan().hash, plan().canonical())
    publish_plan(consortium.home / "consortium", "0" * 64, plan(seed=3).canonical())
    sync.turn()
    sync.turn()
    found = in_store(sync, plans.listed, 10)
    assert [(each["hash"], each["status"]) for each in found] == [(plan().hash, "open")]


def test_counts_are_told_and_logged_when_they_change(sync, csv_source):
    sync.turn()
    sync.turn()
    (row,) = in_store(sync, egress.listed, 10)
    assert (row["kind"], row["bytes"]) == ("record counts", len('{"insurance-cost":60}'))
    assert sync._troubles == {}


def test_the_certificate_is_renewed_and_the_next_call_shows_the_new_one(sync, monkeypatch):
    before = identity.load(sync.folder.path).certificate.serial_number
    monkeypatch.setattr(identity.Identity, "renewal_due", True)
    sync.turn()
    monkeypatch.undo()
    after = identity.load(sync.folder.path).certificate.serial_number
    assert after != before
    sync.turn()
    assert sync._troubles == {} and sync._door._own.certificate.serial_number == after


def test_what_fails_does_not_keep_the_rest_from_being_done(sync, monkeypatch):
    monkeypatch.setattr(sync._door, "plans", lambda: 1 / 0)
    sync.turn()
    assert list(sync._troubles) == ["fetching plans"]
    assert len(in_store(sync, egress.listed, 10)) == 1
    monkeypatch.undo()
    sync.turn()
    assert sync._troubles == {}


NONE, ALL = '{"insurance-cost":0}', '{"insurance-cost":60}'


def private_only(tx, institution, plan):
    privacy.set_budget(tx, institution, Budget(private_only=True))


def approved(tx, institution, plan):
    plans.keep(tx, plan.hash, plan.canonical())
    plans.decide(tx, institution, plan.hash, True, "command line")


def refused(tx, institution, plan):
    plans.keep(tx, plan.hash, plan.canonical())
    plans.decide(tx, institution, plan.hash, False, "command line")


def ruled(tx, institution, plan):
    rule = {"institution_id": institution, "task": plan.task_name, "max_epsilon": 0.5, "max_rounds_per_day": 9}
    tx.execute(insert(standing_rules).values(rule))


def charged(tx, institution, plan):
    privacy.write(tx, institution, privacy.Run("run", plan.hash, plan.task_name), "reserved", [Use(2.0, 0.1, 3)])


@pytest.mark.parametrize(
    ("happened", "private", "told"),
    [
        (private_only, False, NONE),
        (approved, True, NONE),
        (ruled, True, NONE),
        (charged, True, NONE),
        (approved, False, ALL),
        (refused, True, ALL),
    ],
)
def test_of_what_is_under_differential_privacy_no_exact_number_of_records_is_told(sync, plan, happened, private, told):
    with sync._store.transaction() as tx:
        happened(tx, sync._store.institution_id, plan(privacy__dp__enabled=private))
    sync.turn()
    (row,) = in_store(sync, egress.listed, 10)
    assert (row["kind"], row["hash"]) == ("record counts", sha256(told.encode()).hexdigest())
    assert sync._troubles == {}
