"""``fedcare audit verify``: what it finds beyond a chain that does not fit."""

import json
import stat

import pytest
from psycopg import connect

from fedcare.db.audit import Origin, record
from fedcare.db.database import Database, Scope
from fedcare.db.urls import without_driver
from fedcare.settings import settings


@pytest.fixture
def verify(fedcare, database_url, monkeypatch, tmp_path):
    """Runs the command as the tables' owner: its exit code and what it found."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FEDCARE_HOME", str(tmp_path / "home"))
    settings.cache_clear()

    def run(*options):
        ran = fedcare("audit", "verify", "--json", *options)
        return ran.code, json.loads(ran.out)

    return run


def write(database_url, count, action="patients.read", tenant=0):
    database = Database(database_url, pool_size=1)
    with database.transaction(Scope(tenant)) as tx:
        for number in range(count):
            record(tx, Origin(), action, "patient", number)
    database.close()


def change(database_url, *statements):
    with connect(without_driver(database_url)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_log_that_only_grew_verifies_again(verify, database_url, tmp_path):
    for _ in range(2):
        write(database_url, 3)
        code, found = verify()
        assert (code, found["chains"], found["intact"], found["faults"]) == (0, 1, True, [])
    noted = tmp_path / "home" / "audit-anchors.json"
    assert stat.S_IMODE(noted.stat().st_mode) == 0o600


def test_an_edited_row_is_named(verify, database_url):
    write(database_url, 3)
    change(database_url, "update audit_log set action = 'nothing' where seq = 2")
    code, found = verify()
    assert code == 1
    assert {fault["seq"] for fault in found["faults"]} == {2}


def test_a_chain_that_was_cut_short_and_made_to_fit_is_found_the_second_time(verify, database_url):
    write(database_url, 3)
    verify()
    head = "update audit_heads set seq = 2, hash = (select hash from audit_log where seq = 2)"
    change(database_url, "delete from audit_log where seq = 3", head)
    for _ in range(2):
        code, found = verify()
        assert (code, [fault["seq"] for fault in found["faults"]]) == (1, [3])
        assert "gone" in found["faults"][0]["reason"]


def test_a_chain_that_was_written_anew_is_found_the_second_time(verify, database_url):
    write(database_url, 3)
    verify()
    change(database_url, "delete from audit_log", "delete from audit_heads")
    write(database_url, 5, "patients.export")
    code, found = verify()
    assert (code, [fault["seq"] for fault in found["faults"]]) == (1, [3])
    assert "rewritten" in found["faults"][0]["reason"]


def test_it_says_how_many_rows_of_whom_were_checked_and_up_to_which_anchor(verify, fedcare, database_url):
    write(database_url, 2)
    hospital = "insert into institutions (name) values ('Hospital A') returning id"
    with connect(without_driver(database_url)) as connection:
        of_a = connection.execute(hospital).fetchone()[0]
    write(database_url, 1, tenant=of_a)
    first = fedcare("audit", "verify").out
    assert (
        "The consortium: 2 rows checked, intact. There was no anchor to compare with; row 2 is noted as one." in first
    )
    assert f"Hospital A (institution {of_a}): 1 row checked, intact." in first
    write(database_url, 3)
    second = fedcare("audit", "verify").out
    assert (
        "The consortium: 5 rows checked, intact, and row 2 is still the one noted before. Row 5 is noted now." in second
    )
    change(database_url, "update audit_log set action = 'no' where seq = 4", "delete from audit_log where seq = 2")
    ran = fedcare("audit", "verify")
    assert ran.code == 1
    for said in (
        "The consortium, row 2: the row is missing.",
        "The consortium, row 4: the row was edited: its hash is not that of its content.",
        "The consortium: 4 rows checked, 2 faults found, and the anchor stays at row 5.",
        f"Hospital A (institution {of_a}): 1 row checked, intact",
    ):
        assert said in ran.out
    logs = verify()[1]["logs"]
    assert logs[0] == {"institution": None, "name": "The consortium", "rows": 4, "anchor": 5}


def test_after_a_restore_the_log_as_it_is_can_be_accepted(verify, database_url):
    write(database_url, 3)
    verify()
    change(database_url, "delete from audit_log", "delete from audit_heads")
    assert verify()[0] == 1
    assert verify("--accept")[0] == 0
    assert verify()[0] == 0
