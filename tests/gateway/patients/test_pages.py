"""Pages: complete, without a row twice, in the order asked for, and read by index at 100,000 rows."""

import base64
import json
from datetime import datetime

import pytest
from sqlalchemy import event, text

from fedcare.db.database import Scope
from fedcare.gateway.patients import pages
from fedcare.gateway.patients.names import fold
from fedcare.gateway.patients.schemas import PatientQuery

PEOPLE = [
    ("Zoë", "Müller", 30, 100.0),
    ("Anna Maria", "von Trapp", 40, None),
    ("anna", "García Márquez", 40, 50.5),
    ("Łukasz", "Nowak", 20, None),
    ("Ann", "O'Neil", 65, 50.5),
    ("Bob", "Muller", 30, 0.0),
    ("Chloé", "Müllerová", 90, 99999.99),
]


@pytest.fixture
def people(add):
    return [add(first_name=f, last_name=last, age=age, insurance_cost=cost) for f, last, age, cost in PEOPLE]


def every_page(client, limit=2, **query):
    """All that a listing gives, page after page."""
    found, cursor = [], None
    while True:
        place = {"cursor": cursor} if cursor else {}
        answer = client.get("/api/patients", params={"limit": limit, **query, **place})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


KEYS = {
    "name": lambda one: (fold(one["last_name"]), fold(one["first_name"]), one["id"]),
    "age": lambda one: (one["age"], one["id"]),
    "updated": lambda one: (datetime.fromisoformat(one["updated_at"]), one["id"]),
    "cost": lambda one: (one["insurance_cost"], one["id"]),
}


def test_pages_hold_every_patient_once_in_every_order(doctor, people):
    for sort, key in KEYS.items():
        for order in ("asc", "desc"):
            known = [one for one in people if sort != "cost" or one["insurance_cost"] is not None]
            unknown = [one for one in people if one not in known]
            back = order == "desc"
            wanted = sorted(known, key=key, reverse=back)
            wanted += sorted(unknown, key=lambda one: one["id"], reverse=back)
            for limit in (1, 2, 5, 7, 50):
                found = every_page(doctor, limit, sort=sort, order=order)
                assert [one["id"] for one in found] == [one["id"] for one in wanted], (sort, order, limit)
    assert found == wanted


def test_a_search_finds_words_that_names_begin_with_whatever_case_and_accents(doctor, people):
    for search, names in {
        "MULLER": {"Müller", "Muller", "Müllerová"},
        "mull zo": {"Müller"},
        "zoe müller": {"Müller"},
        "von trapp": {"von Trapp"},
        "an maria": {"von Trapp"},
        "an": {"von Trapp", "García Márquez", "O'Neil"},
        "oneil": {"O'Neil"},
        "o'neil ann": {"O'Neil"},
        "uller": set(),
        "%": set(),
        "mull nobody": set(),
        "": {last for _, last, _, _ in PEOPLE},
    }.items():
        found = every_page(doctor, search=search)
        assert {one["last_name"] for one in found} == names, search


def test_filters_narrow_a_listing_together(doctor, people, add):
    add(smoker="yes", region="moon", sex="male", age=130, insurance_cost=7)
    for query, count in {
        ("smoker", "yes"): 1,
        ("region", "moon"): 1,
        ("sex", "male"): 1,
        ("age_min", 65): 3,
        ("age_max", 20): 1,
        ("cost_min", 50.5): 4,
        ("cost_max", 50.5): 4,
    }.items():
        page = doctor.get("/api/patients", params=dict([query, ("count", True)])).json()
        assert (len(page["items"]), page["count"]) == (count, count), query
    both = every_page(doctor, age_min=30, age_max=40, cost_max=60, sort="cost", order="desc")
    assert [one["last_name"] for one in both] == ["García Márquez", "Muller"]


def test_a_page_has_no_count_unless_asked(doctor, people):
    assert doctor.get("/api/patients").json()["count"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": 10**40}, "limit"),
        ({"sort": "bmi"}, "sort"),
        ({"order": "up"}, "order"),
        ({"age_min": "x"}, "age_min"),
        ({"cost_min": "nan"}, "cost_min"),
        ({"cost_max": "inf"}, "cost_max"),
        ({"search": "a\0"}, "search"),
        ({"region": "\0"}, "region"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_query_is_refused_by_name(doctor, query, field):
    answer = doctor.get("/api/patients", params=query)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["fields"][0]["field"] == field


def test_a_cursor_of_another_listing_or_of_ones_own_making_is_refused(doctor, people):
    first = {"limit": 1}
    cursor = doctor.get("/api/patients", params=first).json()["next"]
    assert doctor.get("/api/patients", params=first | {"limit": 5, "cursor": cursor}).status_code == 200
    for listing in ({"sort": "age"}, {"order": "desc"}, {"search": "an"}, {"age_min": 1}):
        answer = doctor.get("/api/patients", params=listing | {"cursor": cursor})
        assert answer.status_code == 422, listing
        assert answer.json()["error"]["details"]["fields"][0]["field"] == "cursor"
    key, _, sealed = cursor.partition("~")
    other = "B" if sealed[20] == "A" else "A"
    for made in (
        "",
        "x",
        "é",
        "9" * 1000,
        f"{key}~",
        f"{key}~é",
        f"{key}~AAAA",
        f"{key}~{sealed[:20]}{other}{sealed[21:]}",
    ):
        assert doctor.get("/api/patients", params={"cursor": made}).status_code == 422, made


def test_a_cursor_says_nothing_of_the_patient_it_stands_behind(doctor, people):
    for sort in KEYS:
        _, _, sealed = doctor.get("/api/patients", params={"limit": 1, "sort": sort}).json()["next"].partition("~")
        plain = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        assert not [one for one in people if one["id"].encode() in plain or fold(one["last_name"]).encode() in plain]


def test_names_of_the_longest_kind_still_have_a_page_after(doctor, add):
    for place in range(3):
        add(first_name="語" * 99 + str(place), last_name="ﷺ" * 100)
    assert len(every_page(doctor, limit=1)) == 3


# -- at 100,000 rows --------------------------------------------------------------------------------------------------

ROWS = 100_000
LISTINGS = [
    {"sort": sort, "order": order} | filters
    for sort in KEYS
    for order in ("asc", "desc")
    for filters in ({}, {"smoker": "yes", "sex": "male"}, {"region": "moon"}, {"age_min": 100})
] + [
    {"search": "mul"},
    {"search": "name00001 fn1"},
    {"search": "nobody"},
    {"search": "mul", "sort": "updated", "order": "desc"},
    {"cost_min": 59_990},
    {"cost_min": 10_000_000, "sort": "age"},
    {"search": "mul", "count": True},
]


@pytest.fixture
def many(gateway):
    """100,000 patients of institution A, made by the database itself."""
    with gateway.owner.begin() as connection:
        connection.execute(
            text("select set_config('app.institution_id', :a, true)"), {"a": str(gateway.institutions["A"])}
        )
        connection.execute(
            text(
                """
                insert into patients (institution_id, id, first_name, last_name, first_folded, last_folded, age, sex,
                    bmi, children, smoker, region, insurance_cost)
                select :a, gen_random_uuid(), 'Fn' || n % 317, 'Name' || n % 5003, 'fn' || n % 317, 'name' || n % 5003,
                    n % 101, case when n % 2 = 0 then 'male' else 'female' end, 25, n % 5,
                    case when n % 4 = 0 then 'yes' else 'no' end, case when n % 1000 = 0 then 'moon' else 'east' end,
                    case when n % 5 > 0 then n % 59000 end
                from generate_series(1, :rows) as n
                """
            ),
            {"a": gateway.institutions["A"], "rows": ROWS},
        )
    with gateway.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze patients"))
    return Scope(gateway.institutions["A"])


def test_every_listing_runs_on_an_index(gateway, many):
    plans = []

    @event.listens_for(gateway.database.engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, context, executemany):
        if "FROM patients" in statement:
            with connection.connection.driver_connection.cursor() as other:
                other.execute("explain " + statement, parameters)
                plans.append("\n".join(line for (line,) in other.fetchall()))

    for listing in LISTINGS:
        query, shown = PatientQuery(**listing), 0
        for _ in range(3):
            plans.clear()
            with gateway.database.transaction(many) as tx:
                page = json.loads(pages.page(tx, query, gateway.services.authenticator.keys))
            shown += len(page["items"])
            assert plans
            assert not [plan for plan in plans if "Seq Scan" in plan], (listing, plans)
            if page["next"] is None:
                break
            query = query.model_copy(update={"cursor": page["next"]})
        # In the order of an index, without sorting what does not come on the page.
        if set(listing) <= {"sort", "order", "smoker", "sex"}:
            assert shown == 150
            assert not [plan for plan in plans if "Sort" in plan], (listing, plans)
