"""CSV: a file's good rows come in, its bad ones are named, and what goes out can come in again."""

import gzip

import pytest

from fedcare.gateway.patients import csv_import
from fedcare.gateway.patients.csv_export import guarded, unguarded

HEADER = "first_name,last_name,age,sex,bmi,children,smoker,region,insurance_cost\n"
GOOD = HEADER + "Zoë,Müller,30,female,27.9,0,no,north,1.5\nBob,Builder,40,male,20,1,yes,south,\n"
MIXED = GOOD + "Eve,,31,x,27.9,0.5,no,north,-1\nToo,Short,3\nAda,Last,9,female,20,0,no,west,7\n"


def send(client, content, kind="text/csv", **query):
    content = content.encode() if isinstance(content, str) else content
    headers = {"Content-Type": kind} | query.pop("headers", {})
    return client.post("/api/patients/import", content=content, params=query, headers=headers)


def stored(client):
    return client.get("/api/patients", params={"limit": 200, "sort": "age"}).json()["items"]


def test_every_row_of_a_good_file_is_stored_with_one_row_of_audit(doctor, audited):
    report = send(doctor, GOOD)
    assert report.status_code == 200
    assert report.json() == {
        "dry_run": False,
        "rows": 2,
        "imported": 2,
        "refused": 0,
        "named": 0,
        "rounded": 0,
        "problems": [],
        "problems_left_out": 0,
        "ignored_columns": [],
        "preview": [],
    }
    zoe, bob = stored(doctor)
    assert (zoe["first_name"], zoe["age"], zoe["bmi"], zoe["insurance_cost"]) == ("Zoë", 30, 27.9, 1.5)
    assert (bob["last_name"], bob["insurance_cost"]) == ("Builder", None)
    assert audited() == [("patients.import", "2", "ok")]
    assert doctor.get("/api/patients", params={"search": "mull"}).json()["items"] == [zoe]


def test_bad_rows_are_named_by_line_column_and_reason_and_keep_all_out(doctor, audited):
    refused = send(doctor, MIXED)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["code"] == "import_refused"
    assert error["details"]["imported"] == 0
    places = [(each["line"], each["column"]) for each in error["details"]["problems"]]
    bad = ("sex", "children", "insurance_cost", "last_name")
    assert places == [*((4, column) for column in bad), (5, "(row)")]
    assert stored(doctor) == audited() == []


def test_the_good_rows_alone_are_stored_when_asked(doctor):
    report = send(doctor, MIXED, mode="good_rows").json()
    assert (report["rows"], report["imported"], report["refused"]) == (5, 3, 2)
    assert len(stored(doctor)) == 3
    none = send(doctor, HEADER + "x\n", mode="good_rows")
    assert none.json()["error"]["code"] == "import_refused"


def test_a_dry_run_reports_and_stores_nothing(doctor, audited):
    report = send(doctor, MIXED, dry_run=True).json()
    assert (report["dry_run"], report["imported"], report["refused"]) == (True, 3, 2)
    assert report["preview"][0]["first_name"] == "Zoë"
    assert stored(doctor) == audited() == []


def test_costs_are_rounded_to_cents_half_to_even_and_the_report_says_of_how_many_rows(doctor, add):
    costs = ["2.675", "2.665", "0.125", "10.004", "7.10", "8", ""]
    rows = "".join(f"A,{number},30,male,20,0,no,north,{cost}\n" for number, cost in enumerate(costs))
    for options in ({"dry_run": True}, {}):
        assert send(doctor, HEADER + rows, **options).json()["rounded"] == 4
    kept = {each["last_name"]: each["insurance_cost"] for each in stored(doctor)}
    assert [kept[str(number)] for number in range(len(costs))] == [2.68, 2.66, 0.12, 10.0, 7.1, 8.0, None]
    assert add(insurance_cost=2.675)["insurance_cost"] == 2.68


def test_the_known_insurance_file_is_imported_without_names(doctor, real_data, gateway):
    content = (real_data / "insurance" / "insurance.csv").read_bytes()
    report = send(doctor, content).json()
    assert (report["rows"], report["imported"], report["named"]) == (1338, 1338, 1338)
    one = stored(doctor)[0]
    assert (one["first_name"], one["last_name"]) == ("Patient", one["id"][-8:].upper())
    assert gateway.rows("select sum(insurance_cost)::int as total from patients") == [{"total": 17755825}]


def test_any_usual_way_of_writing_a_file_is_read(doctor):
    ways = [
        GOOD.encode("utf-8-sig"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace(",", ";").encode(),
        gzip.compress(GOOD.encode()),
        GOOD.replace("first_name", " First Name ").replace("insurance_cost", "Charges").encode(),
        GOOD.encode() + b"\n,,,,,,,,\n",
    ]
    for content in ways:
        assert send(doctor, content).json()["imported"] == 2
    assert send(doctor, gzip.compress(GOOD.encode()), "application/gzip").json()["imported"] == 2


def test_a_form_may_bring_the_file(doctor):
    sent = doctor.post("/api/patients/import", files={"file": ("patients.csv", GOOD.encode(), "text/csv")})
    assert sent.json()["imported"] == 2
    other = doctor.post("/api/patients/import", files={"picture": ("patients.csv", GOOD.encode(), "text/csv")})
    assert other.json()["error"]["details"]["fields"][0]["field"] == "file"
    text = doctor.post("/api/patients/import", files={"file": (None, "text")})
    assert text.status_code == 422


def test_what_is_no_table_of_patients_is_refused(doctor):
    broken = gzip.compress(GOOD.encode())[:-20]
    for content in ("", "\n\n", HEADER, "age,sex\n1,male\n", "age," + HEADER, b"PK\x03\x04zip", b"\0" * 99, broken):
        answer = send(doctor, content)
        assert answer.status_code == 422, content
        assert answer.json()["error"]["details"]["fields"][0]["field"] == "file"
    assert send(doctor, "{}", "application/json").status_code == 415
    assert doctor.post("/api/patients/import").status_code == 415
    assert send(doctor, b"x", "multipart/form-data").status_code == 400
    assert send(doctor, b"x", "multipart/form-data; boundary=b").status_code in (400, 422)
    assert send(doctor, GOOD, mode="some").status_code == 422


def test_hostile_cells_spoil_their_row_alone(doctor):
    rows = [
        "a\0b,Last,30,male,20,0,no,west,",
        "caf\udce9,Last,30,male,20,0,no,west,",
        f"{'x' * 101},Last,30,male,20,0,no,west,",
        '"a\nb",Last,30,male,20,0,no,west,',
        f"Ada,Last,{'9' * 5000},male,20,0,no,west,",
        "Ada,Last,30,male,nan,0,no,west,",
        "Ada,Last,30,male,inf,0,no,west,",
        "Ada,Last,30,male,20,0,no,west,1e300",
    ]
    content = (GOOD + "\n".join(rows)).encode("utf-8", "surrogateescape")
    report = send(doctor, content, mode="good_rows").json()
    assert (report["imported"], report["refused"]) == (2, len(rows))
    assert send(doctor, HEADER + '"never closed\n' * 20_000).status_code == 422


def test_a_file_that_unpacks_too_large_or_has_too_many_rows_is_refused(make_gateway, monkeypatch):
    monkeypatch.setattr(csv_import, "MOST_ROWS", 3)
    with pytest.raises(Exception, match="more than 3 rows"):
        csv_import.read((GOOD + GOOD.replace(HEADER, "") * 2).encode(), 10_000)
    with pytest.raises(Exception, match="larger than 10000 bytes"):
        csv_import.read(gzip.compress(b"\n" * 1_000_000), 10_000)


def test_a_report_lists_a_thousand_problems_and_counts_the_others(doctor):
    report = send(doctor, HEADER + "x\n" * 1500, dry_run=True).json()
    assert (report["refused"], len(report["problems"]), report["problems_left_out"]) == (1500, 1000, 500)


def test_an_import_is_done_once_for_a_key_however_its_form_is_divided(doctor):
    for _ in range(2):
        files = {"file": ("p.csv", GOOD.encode(), "text/csv")}
        answer = doctor.post("/api/patients/import", files=files, headers={"Idempotency-Key": "one"})
        assert answer.json()["imported"] == 2
    assert len(stored(doctor)) == 2
    other = send(doctor, GOOD + GOOD.replace(HEADER, ""), headers={"Idempotency-Key": "one"})
    assert other.status_code == 409


# -- export -----------------------------------------------------------------------------------------------------------


def test_an_export_holds_what_matches_and_comes_in_again(doctor, add, client, audited):
    add(first_name='=HYPERLINK("x")', last_name="-Dash", region="@home")
    add(first_name='Comma, Quote"', last_name="O'Neil", insurance_cost=None)
    add(age=99)
    answer = doctor.get("/api/patients/export", params={"age_max": 50})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="patients.csv"'
    lines = answer.text.splitlines()
    assert lines[0].startswith("id,first_name,last_name,age")
    assert len(lines) == 3
    assert ',"\'=HYPERLINK(""x"")",\'-Dash,' in lines[1]
    assert audited()[-1][0] == "patients.export"
    other = client("doctor", "B")
    assert send(other, answer.content).json()["imported"] == 2
    names = {(one["first_name"], one["last_name"], one["region"]) for one in stored(other)}
    assert names == {('=HYPERLINK("x")', "-Dash", "@home"), ('Comma, Quote"', "O'Neil", "northeast")}


def test_an_export_goes_through_all_pieces(doctor, monkeypatch):
    monkeypatch.setattr("fedcare.gateway.patients.csv_export.AT_ONCE", 2)
    rows = "".join(f"P,N{n},{n},male,20,0,no,west,\n" for n in range(7))
    send(doctor, HEADER + rows)
    lines = doctor.get("/api/patients/export").text.splitlines()
    assert len(lines) == len(set(lines)) == 8


def test_an_apostrophe_guards_formulas_and_comes_off_again():
    for text in ("=1", "+1", "-1", "@x", "'=1", "''=1", "O'Neil", "'tis", "", "plain"):
        assert not guarded(text).startswith(("=", "+", "-", "@"))
        assert unguarded(guarded(text)) == text


def test_a_file_larger_than_the_gateway_takes_is_refused_however_it_comes(make_gateway, gateway):
    small = make_gateway(upload_bytes=2000, home=gateway.config.home)
    client = small.anonymous(headers=dict(gateway.client("doctor").headers))
    pieces = (GOOD.encode() for _ in range(50))
    assert send(client, GOOD).status_code == 200
    assert send(client, GOOD * 50).status_code == 413
    chunked = client.post("/api/patients/import", content=pieces, headers={"Content-Type": "text/csv"})
    assert (chunked.status_code, chunked.json()["error"]["code"]) == (413, "too_large")
    assert send(client, gzip.compress(GOOD.encode() * 50)).status_code == 413
    form = client.post("/api/patients/import", files={"file": ("p.csv", GOOD.encode() * 50, "text/csv")})
    assert form.status_code == 413
