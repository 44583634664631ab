"""Asking the model about a record, a file or an image, and what was asked before."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import update
from tests.console.keyboard import Keyboard
from tests.gateway.conftest import PASSWORD

from fedcare.data.sources.synthetic_images import generate
from fedcare.db.audit import Origin
from fedcare.db.ids import new_id
from fedcare.db.tables import institutions, patients
from fedcare.gateway.models.importing import import_version
from fedcare.registry.version import read_version

FILES = Path(__file__).parents[1] / "files"
CLINICIANS = ["nurse", "doctor", "admin"]
RECORD = {"age": 44, "sex": "female", "bmi": 27.5, "children": 1, "smoker": "no", "region": "northeast"}
PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(scope="module", autouse=True)
def versions(site, trained):
    """Both tasks' models answer."""
    services = site.gateway.services
    for name in ("insurance", "imaging"):
        import_version(site.gateway.database, services.shelf.folder, trained(name), True, Origin())
    services.shelf.reload()


@pytest.fixture(scope="module")
def ada(site) -> str:
    """A patient of hospital A's, by her id."""
    made = {"id": new_id(), "institution_id": site.gateway.institutions["A"], "first_name": "Ada", "last_name": "Noor"}
    row = made | {"first_folded": "ada", "last_folded": "noor"} | RECORD
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        tx.execute(patients.insert().inline().values(**row))
    return str(made["id"])


def part(page, name):
    """A panel by its heading."""
    return page.get_by_role("region", name=name)


def number(page, name):
    return page.get_by_role("textbox", name=name)


def answer(page):
    return part(page, "Yearly medical charges of an insured person")


def kept(site, **wanted) -> list[dict]:
    rows = site.gateway.rows("select * from predictions order by id")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def choose(page, label, option):
    page.get_by_role("combobox", name=label).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def picture(size=160) -> bytes:
    """An image like those that the model was trained on."""
    buffer = io.BytesIO()
    Image.fromarray(generate(4, size, 0.5, seed=9).records.pixels[0]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("role", CLINICIANS)
def test_the_answer_comes_while_the_record_is_typed_and_is_kept_only_when_somebody_says_so(seat, site, role):
    here, before = seat(role), len(kept(site))
    page = here.open("/predict?task=insurance-cost")
    for label, text in (("Age", "44"), ("Body mass index", "27.5"), ("Children", "1")):
        number(page, label).fill(text)
    expect(page.get_by_text("Still needed for a prediction")).to_be_visible()
    choose(page, "Smoker", "no")
    expect(answer(page)).to_contain_text("In 90 of 100 such cases the true value lies between")
    first = answer(page).locator("p").first.inner_text()
    choose(page, "Smoker", "yes")
    expect(answer(page).locator("p").first).not_to_have_text(first)
    expect(part(page, "What drove it")).to_contain_text("Smoker")
    expect(part(page, "How good is it here?")).to_contain_text("Average error")
    assert len(kept(site)) == before
    answer(page).get_by_role("button", name="Record this prediction").click()
    expect(answer(page)).to_contain_text("Recorded in this hospital's history")
    assert len(kept(site)) == before + 1
    row = kept(site, worker_id=site.gateway.workers[role, "A"], task="insurance-cost")[-1]
    assert row["features"]["smoker"] == "yes" and row["features"]["age"] == 44
    if role == "doctor":
        here.check("predict-record")


def test_a_slower_answer_to_what_was_typed_before_is_given_up(seat):
    here = seat("doctor")
    page = here.open("/predict?task=insurance-cost")
    page.get_by_role("button", name="Fill in a typical record").click()
    expect(answer(page)).to_contain_text("the true value lies between")
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.failure))
    held = []
    page.route("**/api/predictions", lambda route: held.append(route) if not held else route.continue_())
    with page.expect_request("**/api/predictions"):
        number(page, "Age").fill("50")
    with page.expect_response("**/api/predictions"), page.expect_event("requestfailed"):
        number(page, "Age").fill("51")
    expect(answer(page).get_by_role("button", name="Record this prediction")).to_be_enabled()
    assert len(held) == 1 and failed == ["net::ERR_ABORTED"]


def test_a_record_unlike_all_others_is_called_that(seat):
    page = seat("nurse").open("/predict?task=insurance-cost")
    page.get_by_role("button", name="Fill in a typical record").click()
    number(page, "Age").fill("120")
    expect(answer(page).get_by_role("alert")).to_contain_text("Outside what the model has seen")
    expect(answer(page).get_by_role("alert")).to_contain_text("age = 120")


def test_a_number_is_read_as_the_page_writes_it(seat, site):
    """A browser's own number field drops a comma: 27,5 would be predicted for as 275."""
    page = seat("nurse", locale="de-DE").open("/predict?task=insurance-cost")
    page.get_by_role("button", name="Typischen Datensatz einsetzen").click()
    index, keep = number(page, "Body-Mass-Index"), page.get_by_role("button", name="Diese Vorhersage festhalten")
    for text in ("1.234", "viel"):
        index.fill(text)
        expect(page.get_by_text("Das ist keine Zahl")).to_be_visible()
        expect(page.get_by_text("Für eine Vorhersage fehlt noch")).to_be_visible()
        expect(keep).to_have_count(0)
    index.fill("27,5")
    keep.click()
    expect(page.get_by_text("Im Verlauf dieses Krankenhauses festgehalten")).to_be_visible()
    assert kept(site, task="insurance-cost")[-1]["features"]["bmi"] == 27.5


def test_a_patients_record_is_shown_as_the_page_writes_numbers(seat, ada):
    page = seat("doctor", locale="de-DE").open(f"/predict?task=insurance-cost&patient={ada}")
    expect(number(page, "Body-Mass-Index")).to_have_value("27,5")


def test_a_patients_record_fills_the_form_and_what_if_leaves_it_alone(seat, site, ada):
    here, before = seat("doctor"), len(kept(site))
    page = here.open("/predict?task=insurance-cost")
    page.get_by_role("combobox", name="Patient").fill("noo")
    page.get_by_role("option", name="Ada Noor, 44").click()
    age = page.get_by_role("textbox", name="Age")
    expect(age).to_have_value("44")
    assert page.url.endswith(f"patient={ada}") and "noo" not in page.url.split("?")[1].lower()
    lever = part(page, "What if?").get_by_role("slider", name="Age")
    lever.focus()
    for _ in range(12):
        page.keyboard.press("PageUp")
    expect(part(page, "What if?")).to_contain_text("than the record")
    expect(age).to_have_value("44")
    page.evaluate("scrollTo(0, 0)")
    here.check("predict-patient-what-if")
    page.get_by_role("button", name="Record for Ada Noor").click()
    page.get_by_role("link", name="See it").click()
    expect(page.get_by_role("heading", name="Past predictions")).to_be_visible()
    assert len(kept(site)) == before + 1
    assert (str(kept(site)[-1]["patient_id"]), kept(site)[-1]["features"]["age"]) == (ada, 44)


def test_a_failure_leaves_what_was_typed_and_offers_a_way_on(seat):
    page = seat("nurse").open("/predict?task=insurance-cost")
    page.get_by_role("button", name="Fill in a typical record").click()
    expect(answer(page)).to_contain_text("the true value lies between")
    page.route("**/api/predictions", lambda route: route.fulfill(status=503, body="no"))
    page.get_by_role("button", name="Record this prediction").click()
    expect(answer(page).get_by_role("alert")).to_contain_text("That did not work")
    expect(number(page, "Age")).not_to_have_value("")
    page.unroute("**/api/predictions")
    page.get_by_role("button", name="Record this prediction").click()
    expect(answer(page)).to_contain_text("Recorded")
    # Nor does a session lose it that ends meanwhile.
    page.context.clear_cookies()
    number(page, "Age").fill("51")
    page.get_by_label("Email").fill("nurse@a.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(number(page, "Age")).to_have_value("51")
    expect(answer(page)).to_contain_text("the true value lies between")


def test_the_form_fits_a_phone(seat):
    here = seat("nurse", **PHONE)
    page = here.open("/predict?task=insurance-cost")
    page.get_by_role("button", name="Fill in a typical record").click()
    expect(answer(page)).to_contain_text("the true value lies between")
    here.check("predict-phone")


@pytest.mark.parametrize("role", CLINICIANS)
def test_a_file_of_records_is_answered_row_by_row_and_taken_home(seat, role):
    here = seat(role)
    page = here.open("/predict?task=insurance-cost&by=file")
    text = "name,age,sex,bmi,children,smoker,region\nAda,44,female,27.5,1,no,northeast\nBo,,male,30,0,yes,southeast\n"
    chosen = {"name": "rows.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Drop a CSV file here").set_input_files(chosen)
    expect(page.get_by_text("Not part of the record and not sent: name")).to_be_visible()
    page.get_by_role("button", name="Predict 2 records").click()
    expect(page.get_by_role("table")).to_contain_text("age: ")
    expect(page.get_by_text("1 without a prediction")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the answers").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("name,age") and lines[1].startswith("Ada,44") and "dollars" in lines[1]
    if role == "nurse":
        page.evaluate("scrollTo(0, 0)")
        here.check("predict-file")


def test_a_file_that_lacks_a_column_is_not_sent(seat):
    page = seat("doctor").open("/predict?task=insurance-cost&by=file")
    chosen = {"name": "rows.csv", "mimeType": "text/csv", "buffer": b"age,bmi\n44,27\n"}
    page.get_by_label("Drop a CSV file here").set_input_files(chosen)
    expect(page.get_by_role("alert")).to_contain_text("Columns are missing: smoker")
    expect(page.get_by_role("button", name="Predict")).to_have_count(0)


@pytest.mark.parametrize("role", CLINICIANS)
def test_an_image_is_seen_with_its_probability_and_the_places_that_speak_for_it(seat, site, role):
    here, before = seat(role), len(kept(site, task="cancer-imaging"))
    page = here.open("/predict?task=cancer-imaging")
    if role == "nurse":
        page.get_by_role("button", name="Example 2").click()
    else:
        chosen = {"name": "Mustermann.png", "mimeType": "image/png", "buffer": picture()}
        page.get_by_label("Drop an image here").set_input_files(chosen)
    result = part(page, "Cancer on a medical image")
    expect(result).to_contain_text("Cancer: ")
    heat = page.get_by_alt_text("Heat map")
    expect(heat).to_have_css("opacity", "0.5")
    page.get_by_role("slider", name="Heat map").focus()
    page.keyboard.press("Home")
    expect(heat).to_have_css("opacity", "0")
    page.keyboard.press("End")
    assert len(kept(site, task="cancer-imaging")) == before
    result.get_by_role("button", name="Record this prediction").click()
    expect(result).to_contain_text("Recorded in this hospital's history")
    assert len(kept(site, task="cancer-imaging")) == before + 1
    if role == "doctor":
        page.get_by_role("slider", name="Heat map").press("ArrowLeft")
        page.get_by_role("slider", name="Window").press("PageDown")
        page.evaluate("scrollTo(0, 0)")
        here.check("predict-image")


def test_noise_is_not_sure_and_said_so(seat):
    here = seat("doctor")
    page = here.open("/predict?task=cancer-imaging")
    noise, buffer = np.random.default_rng(3).integers(0, 255, (64, 64), dtype=np.uint8), io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    page.get_by_label("Drop an image here").set_input_files(
        {"name": "n.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}
    )
    result = part(page, "Cancer on a medical image")
    expect(result).to_contain_text("Not sure")
    expect(result).to_contain_text("Outside what the model has seen")
    here.check("predict-image-not-sure")


def test_a_dicom_file_is_drawn_in_its_own_size_and_grey_values(seat):
    """64 x 48 values of 12 bits, the file's window being 4096 wide around 2048."""
    here = seat("nurse")
    page = here.open("/predict?task=cancer-imaging")
    page.get_by_label("Drop an image here").set_input_files(FILES / "htj2k_lossless.dcm")
    drawn = page.get_by_role("img", name="The image that was chosen")
    expect(drawn).to_have_attribute("width", "64")
    expect(drawn).to_have_attribute("height", "48")
    box = drawn.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(64 / 48, rel=0.02)
    window, level = (page.get_by_role("slider", name=name) for name in ("Window:", "Level:"))
    expect(window).to_have_value("4096")
    expect(level).to_have_value("2048")
    # The value at row 0, column 60 is 2700; at a level of no less it is no brighter than the middle.
    assert drawn.evaluate(GREY) == pytest.approx(255 * ((2700 - 2048) / 4096 + 0.5), abs=1)
    level.press("End")
    expect(level).not_to_have_value("2048")
    assert drawn.evaluate(GREY) < 140
    expect(page.get_by_alt_text("Heat map")).to_be_visible()
    here.check("predict-image-dicom")


GREY = """canvas => canvas.getContext("2d").getImageData(60, 0, 1, 1).data[0]"""


def test_what_is_no_image_is_refused_in_words(seat):
    page = seat("nurse").open("/predict?task=cancer-imaging")
    chosen = {"name": "a.png", "mimeType": "image/png", "buffer": b"no image"}
    page.get_by_label("Drop an image here").set_input_files(chosen)
    expect(page.get_by_role("alert")).to_contain_text("PNG, JPEG or DICOM")


def test_the_keyboard_alone_asks_about_a_record_and_an_image(seat):
    page = seat("nurse").open("/history")
    keyboard = Keyboard(page)
    keyboard.follow(page.get_by_role("navigation").get_by_role("link", name="Predict"), "Predict")
    keyboard.to(page.get_by_role("button", name="Fill in a typical record"))
    keyboard.press("Enter")
    answer = page.get_by_role("region", name="Yearly medical charges of an insured person")
    expect(answer).to_contain_text("the true value lies between")
    keyboard.to(answer.get_by_role("button", name="Record this prediction"))
    keyboard.press("Enter")
    expect(answer).to_contain_text("Recorded in this hospital's history")
    lever = page.get_by_role("region", name="What if?").get_by_role("slider", name="Age")
    keyboard.to(lever)
    keyboard.press("PageUp")
    expect(page.get_by_role("region", name="What if?")).to_contain_text("than the record")
    task = page.get_by_role("combobox", name="What to predict")
    keyboard.to(task, back=True)
    keyboard.choose(task, "Cancer on a medical image")
    file = page.get_by_label("Drop an image here")
    keyboard.to(file)
    with page.expect_file_chooser() as chooser:
        expect(file).to_be_focused()  # The browser has been told by now that somebody else chooses the file.
        keyboard.press("Space")
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": picture(64)})
    expect(page.get_by_role("region", name="Cancer on a medical image")).to_contain_text("Cancer: ")
    keyboard.to(page.get_by_role("slider", name="Heat map"))
    keyboard.press("Home")
    expect(page.get_by_alt_text("Heat map")).to_have_css("opacity", "0")


@pytest.mark.parametrize("role", CLINICIANS)
def test_the_history_is_filtered_and_an_outcome_recorded(seat, ada, role):
    here = seat(role)
    assert here.page.evaluate(ASK, {"task": "insurance-cost", "patient_id": ada}) == 200
    page = here.open("/history?task=insurance-cost&mine=true")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("You")
    expect(page.get_by_role("cell", name="A colleague")).to_have_count(0)
    if role == "doctor":
        here.check("history")
    page.get_by_role("button", name="Open the prediction of").first.click()
    page.get_by_label("Outcome").fill("8421.5")
    page.get_by_role("button", name="Record the outcome").click()
    expect(page.get_by_role("dialog")).to_contain_text("$8,42")
    if role == "doctor":
        here.check("history-outcome")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(rows.nth(1)).to_contain_text("$8,42")
    page.get_by_label("From", exact=True).fill("2001-01-01")
    page.get_by_label("To", exact=True).fill("2001-01-02")
    expect(page.get_by_text("No prediction is like this")).to_be_visible()
    assert "since=2001-01-01" in page.url
    page.get_by_role("button", name="Clear filters").click()
    expect(rows.nth(1)).to_be_visible()
    expect(page.get_by_role("button", name="Clear filters")).to_have_count(0)


ASK = """async body => {
    const csrf = document.cookie.split("; ").find(each => each.startsWith("fedcare_csrf=")).split("=")[1];
    const headers = {"Content-Type": "application/json", "X-CSRF-Token": decodeURIComponent(csrf)};
    return (await fetch("/api/predictions", {method: "POST", headers, body: JSON.stringify(body)})).status;
}"""


def test_a_first_time_user_is_told_where_predictions_come_from(seat):
    here = seat("doctor", "B")
    page = here.open("/history")
    expect(page.get_by_text("No prediction was recorded yet")).to_be_visible()
    page.get_by_role("link", name="Make a prediction").click()
    expect(page.get_by_role("heading", name="Predict", exact=True)).to_be_visible()


def test_the_consortium_sees_neither(seat):
    page = seat("consortium").page
    expect(page.get_by_role("link", name="Predict", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Past predictions")).to_have_count(0)


def test_a_hospital_on_whose_records_the_version_was_measured_sees_its_own_error(seat, site, trained):
    name = next(iter(read_version(trained("insurance")).metrics["institutions"]))
    with site.gateway.owner.begin() as owner:
        owner.execute(update(institutions).where(institutions.c.name == "Hospital B").values(name=name))
    page = seat("doctor", "B").open("/predict?task=insurance-cost")
    expect(part(page, "How good is it here?")).to_contain_text(f"Measured on records of {name}:")
