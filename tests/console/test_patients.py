"""Patients: found and narrowed, added, edited by two at once, deleted with a way back, from files and into files."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from fedcare.db.audit import Origin
from fedcare.gateway.models.importing import import_version

CLINICIANS = ["nurse", "doctor", "admin"]
PHONE = {"viewport": {"width": 360, "height": 740}}
ZOE = {
    "first_name": "Zoë",
    "last_name": "Müller",
    "age": 42,
    "sex": "female",
    "bmi": 27.9,
    "children": 2,
    "smoker": "no",
    "region": "northeast",
    "insurance_cost": 8240.59,
}
BAD_FILE = """first_name,last_name,age,sex,bmi,children,smoker,region,charges,note
Ida,Csvova,19,female,27.9,0,yes,southwest,16884.924,x
Ben,Csvova,200,male,33.77,1,no,southeast,1725.55,x
Uma,Csvova,28,male,lean,3,no,southeast,4449.46,x
"""
ROWS = 100_000


@pytest.fixture
def add(site):
    """Stores a patient of hospital A's as its doctor; the record."""

    def store(**fields) -> dict:
        answer = site.gateway.client("doctor").post("/api/patients", json=ZOE | fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return store


@pytest.fixture(scope="module")
def many(site) -> None:
    """100,000 patients of hospital A's, made by the database itself: Name00000 to Name99999, aged 0 to 99."""
    with site.gateway.owner.begin() as connection:
        tenant = {"a": site.gateway.institutions["A"], "rows": ROWS}
        connection.execute(text("select set_config('app.institution_id', :a, true)"), {"a": str(tenant["a"])})
        connection.execute(
            text(
                """
                insert into patients (institution_id, id, first_name, last_name, first_folded, last_folded, age, sex,
                    bmi, children, smoker, region, insurance_cost)
                select :a, gen_random_uuid(), 'Fn', 'Name' || lpad(n::text, 5, '0'), 'fn',
                    'name' || lpad(n::text, 5, '0'), n % 100, case when n % 2 = 0 then 'male' else 'female' end,
                    25 + n % 10, n % 5, case when n % 4 = 0 then 'yes' else 'no' end, 'southeast', 1000 + n % 50000
                from generate_series(0, :rows - 1) as n
                """
            ),
            tenant,
        )
    with site.gateway.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze patients"))


def stored(site, patient) -> list[dict]:
    return site.gateway.rows("select * from patients where id = :id", id=patient["id"])


def choose(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def address(page) -> dict:
    """What the address says after the question mark."""
    return {name: values[0].strip('"') for name, values in parse_qs(urlsplit(page.url).query).items()}


def first_row(page):
    return page.locator("tbody tr").first


# -- the list ---------------------------------------------------------------------------------------------------------


def test_who_has_no_patients_yet_is_led_to_the_first_one(seat):
    here = seat("nurse", "B")
    page = here.open("/patients")
    expect(page.get_by_text("No patient yet")).to_be_visible()
    here.check("patients-empty")
    page.get_by_role("link", name="Import a file").click()
    expect(page.get_by_role("heading", name="Import patients")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Add the first patient").click()
    expect(page.get_by_role("heading", name="Add a patient")).to_be_visible()


def test_filters_order_and_page_stay_in_the_address_and_survive_a_reload(seat, many):
    here = seat("doctor")
    page = here.open("/patients")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Age from (years)").fill("98")
    choose(page, "Smoker", "no")
    page.get_by_role("button", name="Age (years)").click()
    page.get_by_role("button", name="Age (years)").click()
    expect(page.get_by_text("1 to 50 of 2,000")).to_be_visible()
    expect(first_row(page).locator("td").nth(1)).to_have_text("99")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("51 to 100 of 2,000")).to_be_visible()
    held = address(page)
    assert {name: held[name] for name in ("age_min", "smoker", "sort", "order")} == {
        "age_min": "98",
        "smoker": "no",
        "sort": "age",
        "order": "desc",
    }
    name = first_row(page).inner_text()
    here.check("patients-list")
    # All of it is in sight beside the menu, on a small laptop too.
    for width in (1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        hidden = "table => table.scrollWidth - table.clientWidth"
        assert page.get_by_role("group", name="Patients").evaluate(hidden) == 0, width
    page.reload()
    expect(first_row(page)).to_have_text(re.compile(re.escape(name.split("\t")[0])))
    expect(page.get_by_text("51 to 100 of 2,000")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text("1 to 50 of 2,000")).to_be_visible()
    assert "cursor" not in address(page)


def test_a_name_that_is_searched_for_stays_out_of_the_address_and_comes_back_with_the_page(seat, add):
    for place in range(26):
        add(first_name="Quentin", last_name=f"Quillfeather{place:02}")
    here = seat("nurse")
    page = here.open("/patients?limit=25")
    page.get_by_label("Search by name").fill("quillf")
    expect(page.get_by_text("1 to 25 of 26")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("26 to 26 of 26")).to_be_visible()
    assert set(address(page)) == {"limit", "cursor"}
    assert "uill" not in page.url + page.evaluate("document.title + JSON.stringify([localStorage, sessionStorage])")
    page.get_by_role("link", name="Quillfeather25, Quentin").click()
    expect(page.get_by_role("heading", name="Quentin Quillfeather25")).to_be_visible()
    expect(page).to_have_title("Patient · FedCare")
    page.go_back()
    expect(page.get_by_label("Search by name")).to_have_value("quillf")
    expect(page.get_by_text("26 to 26 of 26")).to_be_visible()
    # Loaded anew the search is forgotten, and with it a page that is of that search alone.
    page.reload()
    expect(page.get_by_label("Search by name")).to_have_value("")
    expect(page.locator("tbody tr")).to_have_count(25)
    page.get_by_label("Search by name").fill("nobody is called so")
    expect(page.get_by_text("No patient matches")).to_be_visible()
    page.get_by_role("button", name="Clear all").last.click()
    expect(page.locator("tbody tr")).to_have_count(25)


def test_a_page_of_fifty_out_of_a_hundred_thousand_is_drawn_once_with_few_nodes(seat, many):
    here = seat("doctor")
    here.page.add_init_script(COUNT)
    page = here.open("/patients")
    expect(page.get_by_text("1 to 50 of")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("51 to 100 of")).to_be_visible()
    # What a drawing takes is for `python -m benchmarks.console`; nothing is drawn twice, nor more than a link in cells.
    assert page.evaluate("window.drawn") == 100
    assert page.locator("tbody *").count() == 50 * (1 + 9 + 1)


# How many rows were ever put into a table.
COUNT = """
window.drawn = 0;
const rows = (node) => (node.matches("tbody tr") ? 1 : node.querySelectorAll("tbody tr").length);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes)
    for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) window.drawn += rows(node);
}).observe(document, { childList: true, subtree: true });
"""


# -- a record ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", CLINICIANS)
def test_a_patient_is_added_and_what_is_wrong_is_said_at_its_field(seat, site, role):
    here = seat(role)
    page = here.open("/patients/new")
    page.get_by_label("First name").fill("Ann")
    page.get_by_label("Last name").fill(f"Added by {role}")
    page.get_by_label("Age (years)").fill("420")
    page.get_by_label("Body mass index").fill("27,5")
    page.get_by_label("Children").fill("1")
    page.get_by_label("Region").fill("northwest")
    page.get_by_label("Insurance cost").fill("8.240")
    choose(page, "Smoker", "no")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("3 fields need another look")).to_be_visible()
    expect(page.get_by_text("It must be a whole number of years from 0 to 130")).to_be_visible()
    expect(page.get_by_label("Age (years)")).to_be_focused()
    expect(page.get_by_label("Last name")).to_have_value(f"Added by {role}")
    if role == "nurse":
        here.check("patients-add")
    # Whoever looks elsewhere and comes back finds what was typed.
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("What you typed before is still here")).to_be_visible()
    page.get_by_label("Age (years)").fill("42")
    page.get_by_label("Insurance cost").fill("8240.5")
    choose(page, "Sex", "female")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name=f"Ann Added by {role}")).to_be_visible()
    row = site.gateway.rows("select * from patients where last_name = :name", name=f"Added by {role}")
    assert [(one["age"], one["bmi"], float(one["insurance_cost"])) for one in row] == [(42, 27.5, 8240.5)]
    page.goto(here.url + "/patients/new")
    expect(page.get_by_label("Last name")).to_have_value("")


@pytest.mark.parametrize("role", CLINICIANS)
def test_each_role_sees_of_a_patient_what_it_may_do(seat, add, role):
    patient = add(last_name=f"Seen by {role}")
    here = seat(role)
    page = here.open(f"/patients/{patient['id']}")
    expect(page.get_by_text("27.9 kg/m²")).to_be_visible()
    expect(page.get_by_text("Nothing was predicted yet")).to_be_visible()
    for action, may in {"Delete": role != "nurse", "Erase everything": role != "nurse"}.items():
        expect(page.get_by_role("button", name=action)).to_have_count(1 if may else 0)
    expect(page.get_by_role("heading", name="History")).to_have_count(1 if role == "admin" else 0)
    expect(page.get_by_role("link", name="Predict", exact=True).last).to_have_attribute(
        "href", re.compile(f"/predict\\?patient=.*{patient['id']}")
    )
    here.check(f"patients-one-{role}")


def test_a_record_shows_what_was_predicted_for_it(seat, site, add, trained):
    services = site.gateway.services
    import_version(site.gateway.database, services.shelf.folder, trained("insurance"), True, Origin())
    services.shelf.reload()
    patient = add(last_name="Predicted")
    wanted = {"task": "insurance-cost", "patient_id": patient["id"], "record": True}
    answer = site.gateway.client("doctor").post("/api/predictions", json=wanted)
    assert answer.status_code == 200, answer.text
    here = seat("doctor")
    page = here.open(f"/patients/{patient['id']}")
    table = page.get_by_role("table", name="What was predicted")
    expect(table).to_contain_text(f"${answer.json()['value']:,.0f}")
    here.check("patients-one-predicted")


def test_a_lost_update_is_shown_side_by_side_and_chosen_field_by_field(seat, site, add):
    patient = add(last_name="Twice")
    here = seat("doctor")
    page = here.open(f"/patients/{patient['id']}/edit")
    page.get_by_label("Age (years)").fill("50")
    page.get_by_label("Region").fill("west, mine")
    page.get_by_label("Children").fill("5")
    theirs = ZOE | {"last_name": "Twice", "bmi": 30.5, "region": "north, theirs", "children": 7}
    changed = site.gateway.client("nurse").put(
        f"/api/patients/{patient['id']}", json=theirs, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    page.get_by_role("button", name="Save").click()
    table = page.get_by_role("table", name="Your values beside theirs")
    expect(table.get_by_role("row")).to_have_count(5)
    # Where one of the two left a field alone, the other's value is proposed; where both changed it, mine.
    for chosen in ("Age (years), Yours: 50", "kg/m²), Theirs, saved: 30.5", "Region, Yours: west, mine"):
        expect(page.get_by_role("radio", name=chosen)).to_be_checked()
    here.check("patients-lost-update")
    page.get_by_role("radio", name="Region, Theirs, saved: north, theirs").check()
    page.get_by_role("button", name="Save what I chose").click()
    expect(page.get_by_text("The record is saved.")).to_be_visible()
    row = stored(site, patient)[0]
    assert (row["age"], row["bmi"], row["region"], row["children"]) == (50, 30.5, "north, theirs", 5)
    assert row["revision"] == 3


@pytest.mark.parametrize("role", ["doctor", "admin"])
def test_a_deletion_can_be_taken_back_until_its_notice_is_gone_or_the_page_is_left(seat, site, add, role):
    patient = add(last_name=f"Zzdeleted {role}")
    here = seat(role)
    page = here.open("/patients")
    page.get_by_label("Search by name").fill("zzdeleted")
    link = page.get_by_role("link", name=f"Zzdeleted {role}, Zoë")

    def delete():
        link.click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Undo").hover()  # Its time does not run while the mouse is on it.
        expect(page.get_by_text("is deleted, with predictions and images")).to_be_visible()
        expect(link).to_have_count(0)
        assert stored(site, patient)

    delete()
    page.get_by_role("button", name="Undo").click()
    expect(link).to_be_visible()
    delete()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as sent:
        # The doctor leaves the page, the admin lets the notice's time run out.
        if role == "doctor":
            page.get_by_role("link", name="Overview").click()
        else:
            page.mouse.move(0, 0)
    assert sent.value.status == 204
    assert not stored(site, patient)


def test_a_deletion_is_sent_where_the_tab_is_closed(seat, site, add):
    patient = add(last_name="Closed")
    page = seat("doctor").open(f"/patients/{patient['id']}")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.goto("about:blank")
    for _ in range(300):
        if not stored(site, patient):
            return
        page.wait_for_timeout(100)
    pytest.fail("the deletion was not sent")


# -- a patient's rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["doctor", "admin"])
def test_everything_on_a_patient_is_handed_out_and_erased_on_request(seat, site, add, role):
    patient = add(last_name=f"Asking {role}")
    here = seat(role)
    page = here.open(f"/patients/{patient['id']}")
    with page.expect_download() as file:
        page.get_by_role("button", name="Save everything held as a file").click()
    assert file.value.suggested_filename == f"patient-{patient['id']}.json"
    held = json.loads(file.value.path().read_text(encoding="utf-8"))
    assert held["patient"]["last_name"] == f"Asking {role}"
    page.get_by_role("button", name="Erase everything").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Erase everything held on Zoë Asking {role}?")
    if role == "admin":
        here.check("patients-erase")
    dialog.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_text("Erased: the record, predictions: 0, images: 0.")).to_be_visible()
    assert not stored(site, patient)


# -- files ------------------------------------------------------------------------------------------------------------


def give(page, content: str, name="patients.csv"):
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})


@pytest.mark.parametrize("role", CLINICIANS)
def test_a_file_is_looked_at_before_its_good_rows_are_taken(seat, site, role):
    here = seat(role)
    page = here.open("/patients/import")
    give(page, BAD_FILE.replace("Csvova", f"Csv{role}"))
    expect(page.get_by_role("table", name="Rows that cannot be taken")).to_contain_text("200 is above the greatest")
    expect(page.get_by_text("Columns that are not read: note.")).to_be_visible()
    held = "select first_name from patients where last_name = :name"
    assert site.gateway.rows(held, name=f"Csv{role}") == []
    take = page.get_by_role("button", name="Import 1 patient")
    expect(take).to_be_disabled()
    if role == "nurse":
        here.check("patients-import")
    page.get_by_label("Take the 1 good row").check()
    take.click()
    expect(page.get_by_text("1 patient is stored.")).to_be_visible()
    assert site.gateway.rows(held, name=f"Csv{role}") == [{"first_name": "Ida"}]
    if role == "nurse":
        here.check("patients-imported")


def test_a_file_that_is_none_is_said_with_a_way_on(seat):
    page = seat("doctor").open("/patients/import")
    give(page, "name,weight\nZoë,70\n")
    expect(page.get_by_role("alert")).to_contain_text("without a column for")
    give(page, BAD_FILE)
    expect(page.get_by_text("Rows in the file")).to_be_visible()


@pytest.mark.parametrize("role", ["doctor", "admin"])
def test_what_is_found_is_exported(seat, add, role):
    add(last_name=f"Export {role}")
    page = seat(role).open("/patients")
    page.get_by_label("Search by name").fill(f"export {role}")
    expect(page.get_by_text("1 to 1 of 1")).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("button", name="Export as CSV").click()
    lines = file.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert f"Export {role}" in lines[1]


def test_a_nurse_is_offered_no_export(seat):
    page = seat("nurse").open("/patients")
    expect(page.get_by_role("link", name="Add a patient")).to_be_visible()
    expect(page.get_by_role("button", name="Export as CSV")).to_have_count(0)


# -- elsewhere --------------------------------------------------------------------------------------------------------


def test_the_pages_speak_german_and_write_numbers_so(seat, add):
    patient = add(last_name="Deutsch")
    here = seat("doctor")
    here.page.get_by_role("button", name="Doctor A").click()
    here.page.get_by_role("menuitemradio", name="Deutsch").click()
    page = here.open(f"/patients/{patient['id']}")
    expect(page.get_by_text("27,9 kg/m²")).to_be_visible()
    here.check("patients-one-german")
    page.get_by_role("link", name="Bearbeiten").click()
    expect(page.get_by_label("Body-Mass-Index")).to_have_value("27,9")
    page.get_by_label("Body-Mass-Index").fill("28,5")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("28,5 kg/m²")).to_be_visible()


def test_the_pages_fit_a_phone(seat, add):
    patient = add(last_name="Phone")
    here = seat("doctor", **PHONE)
    page = here.open("/patients?smoker=no")
    expect(first_row(page)).to_be_visible()
    here.check("patients-list-phone")
    here.open(f"/patients/{patient['id']}/edit")
    here.check("patients-edit-phone")
