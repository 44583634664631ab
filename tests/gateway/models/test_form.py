"""What a form must ask, as the version that answers knows it."""

from fedcare.registry.version import read_version


def test_a_records_form_has_units_ranges_and_categories_of_the_version_that_answers(serve, client, trained):
    found = serve("insurance")
    form = client("nurse").get("/api/model/form").json()
    assert form["version"] == found.version and form["image"] is None
    assert form["target"] == {"name": "charges", "kind": "regression", "unit": "dollars", "classes": []}
    fields = {each["name"]: each for each in form["fields"]}
    assert list(fields) == ["age", "bmi", "children", "sex", "smoker", "region"]
    age, known = fields["age"], read_version(trained("insurance")).preprocessing
    assert (age["unit"], age["minimum"], age["maximum"], age["required"]) == ("years", 0, 130, True)
    assert (age["low"], age["high"]) == known.support.ranges["age"] and age["typical"] == known.means[0]
    assert fields["children"]["integer"] and fields["children"]["typical"] % 1 == 0
    assert fields["smoker"]["categories"] == ["no", "yes"] and fields["smoker"]["required"]
    assert not fields["sex"]["required"] and fields["region"]["typical"] in fields["region"]["categories"]


def test_of_values_that_the_form_calls_known_no_prediction_says_that_they_are_not(serve, client):
    serve("insurance")
    doctor = client("doctor")
    fields = doctor.get("/api/model/form").json()["fields"]
    for end in ("low", "high", "typical"):
        record = {each["name"]: each["typical"] if each["kind"] == "category" else each[end] for each in fields}
        record |= {each["name"]: round(record[each["name"]]) for each in fields if each.get("integer")}
        said = doctor.post("/api/predictions", json={"features": record, "record": False}).json()
        assert not [each for each in said["reasons"] if " = " in each], end


def test_an_images_form_names_the_formats_and_the_classes(serve, client):
    serve("imaging")
    form = client("doctor").get("/api/model/form", params={"task": "cancer-imaging"}).json()
    assert form["fields"] == [] and form["image"]["size"] == 28
    assert form["image"]["formats"] == ["PNG", "JPEG", "DICOM"] and form["image"]["most_bytes"] > 0
    assert form["target"]["classes"] == ["normal", "cancer"]


def test_a_task_without_a_version_has_no_form(client):
    assert client("doctor").get("/api/model/form").status_code == 409
    assert client("doctor").get("/api/model/form", params={"task": "tea-leaves"}).status_code == 422
