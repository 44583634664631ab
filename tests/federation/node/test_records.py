"""A node takes records from where its own settings say, and refuses where there are too few or none."""

import numpy as np
import pytest
import sqlalchemy

from fedcare.data.sources.csv_table import read_table, write_table
from fedcare.data.sources.synthetic_insurance import generate
from fedcare.federation.node.config import Limits, RecordSource
from fedcare.federation.node.records import records_of
from fedcare.tasks.registry import get


def insurance(source):
    return {"insurance-cost": RecordSource(source=source)}


def test_a_task_without_a_source_is_refused_by_name(unconnected, asking, plan):
    here = unconnected(records={"cancer-imaging": RecordSource(source="database")})
    here.approve(plan())
    answer = asking(plan()).ask(here)
    assert answer.error.startswith("refused: ") and "[records.insurance-cost]" in answer.error


def test_a_source_that_is_gone_is_a_refusal_and_the_node_goes_on(unconnected, asking, plan, tmp_path):
    here = unconnected(records=insurance(f"csv:{tmp_path / 'later.csv'}"))
    here.approve(plan())
    run = asking(plan())
    assert run.ask(here).error.startswith("refused: There is no file")
    write_table(tmp_path / "later.csv", get("insurance-cost").records, generate(60, 7).records)
    assert run.ask(here).error is None


@pytest.mark.parametrize("who", ["the plan", "the institution"])
def test_too_few_records_are_a_refusal_and_not_a_bad_update(unconnected, asking, plan, csv_source, who):
    few = plan(rounds__min_records=49) if who == "the plan" else plan()
    here = unconnected(records=insurance(csv_source), limits=Limits(records=61 if who == "the institution" else 5))
    here.approve(few)
    answer = asking(few).ask(here)
    assert answer.error.startswith("refused: ") and "usable records" in answer.error
    assert here.egress() == []


def test_more_rounds_or_epochs_than_the_node_makes_are_refused(unconnected, asking, plan):
    here = unconnected(limits=Limits(rounds=1, epochs=1))
    for asked in (plan(), plan(rounds__rounds=1, local__epochs=2)):
        here.approve(asked)
        assert "this node makes 1" in asking(asked).ask(here).error


def test_a_round_beyond_the_plan_is_refused(unconnected, asking, plan, start_vector):
    here = unconnected()
    here.approve(plan())
    answer = asking(plan()).ask(here, "train", 3, vector=start_vector)
    assert answer.error.startswith("refused: round 3 of a plan of 2")


def test_the_database_gives_the_same_records_as_a_file_of_them(store_of, tmp_path, home):
    """Bit for bit, in the order of the ids: a run over a database and a simulation over its export are the same."""
    from fedcare.federation.node.config import NodeConfig

    task, store = get("insurance-cost"), store_of("Hospital A")
    other = store_of("Hospital B")
    write_table(tmp_path / "rows.csv", task.records, generate(40, 3).records)
    expected = read_table(tmp_path / "rows.csv", task.records, task.name).records
    add_patients(store, task, expected)
    add_patients(other, task, expected.take(np.arange(5)))
    config = NodeConfig(institution="Hospital A", coordinator="c:1", records=insurance("database"))
    found = records_of(config, store, task, 1)
    np.testing.assert_array_equal(found.target, expected.target)
    for name, values in expected.numeric.items():
        np.testing.assert_array_equal(found.numeric[name], values)
    for name, values in expected.categorical.items():
        np.testing.assert_array_equal(found.categorical[name], values)


def test_labelled_images_come_from_the_files_that_the_database_names(store_of, home):
    from PIL import Image

    from fedcare.db.ids import new_id
    from fedcare.db.tables import imaging_studies
    from fedcare.federation.node.config import NodeConfig

    task, store = get("cancer-imaging"), store_of("Hospital A")
    folder = home / "images" / "a"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    for place, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{place}.png")
    Image.fromarray(pixels[0]).save(home / "secret.png")
    studies = [("images/a/0.png", "normal"), ("images/a/1.png", "cancer"), ("images/a/2.png", None)]
    studies += [("secret.png", "normal"), ("images/a/9.png", "normal"), ("images/a/2.png", "strange")]
    with store.transaction() as tx:
        for key, (path, label) in zip(sorted(new_id() for _ in studies), studies, strict=True):
            row = {"id": key, "institution_id": store.institution_id, "path": path, "label": label}
            tx.execute(sqlalchemy.insert(imaging_studies).values(row))
    config = NodeConfig(
        institution="Hospital A", coordinator="c:1", records={task.name: RecordSource(source="database")}
    )
    found = records_of(config, store, task, 1)
    np.testing.assert_array_equal(found.pixels, pixels[:2])
    assert found.target.tolist() == [0.0, 1.0]


def add_patients(store, task, table):
    from fedcare.db.ids import new_id
    from fedcare.db.tables import patients

    schema = task.records
    named = {"first_name": "A", "last_name": "B", "first_folded": "a", "last_folded": "b"}
    with store.transaction() as tx:
        # Two that are made in one millisecond may sort either way.
        for row, key in enumerate(sorted(new_id() for _ in range(len(table)))):
            values = {name: table.numeric[name][row].item() for name in table.numeric}
            for feature in schema.categorical:
                values[feature.name] = feature.categories[table.categorical[feature.name][row]]
            values |= {"insurance_cost": repr(table.target[row].item()), "id": key}
            values |= named | {"institution_id": store.institution_id}
            tx.execute(sqlalchemy.insert(patients).values(values))
