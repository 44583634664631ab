from pathlib import Path

import numpy as np
import pytest

from fedcare.data.records import Table
from fedcare.data.sources.csv_table import write_table
from fedcare.data.sources.synthetic_images import generate as generate_images
from fedcare.data.sources.synthetic_images import write_npz
from fedcare.errors import BadRecords, BadTaskFile, FileMissing, MissingData, TooFewInstitutions, UnreadableFile
from fedcare.tasks.cancer_imaging import TASK as IMAGES
from fedcare.tasks.insurance_cost import TASK as INSURANCE
from fedcare.tasks.loading import load, load_institutions
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

SMALL = apply(INSURANCE, {"num_samples": "30"})
SMALL_IMAGES = apply(IMAGES, {"num_samples": "12", "image_size": "28"})
HEADER = "age,bmi,children,sex,smoker,region,charges,site\n"


def save(path: Path, seed: int = 1) -> Path:
    records = load(SMALL, None, seed).records
    assert isinstance(records, Table)
    write_table(path, SMALL.records, records)
    return path


def test_a_task_with_an_origin_needs_no_file() -> None:
    assert len(load(SMALL, None, 1).records) == 30
    assert len(load(SMALL_IMAGES, None, 1).records) == 12
    assert len(load(get("breast-cancer"), None, 1).records) == 569
    assert len(load(get("diabetes"), None, 1).records) == 442


def test_the_seed_decides_what_a_generator_makes() -> None:
    np.testing.assert_array_equal(load(SMALL, None, 7).records.target, load(SMALL, None, 7).records.target)
    assert not np.array_equal(load(SMALL, None, 7).records.target, load(SMALL, None, 8).records.target)


def test_without_origin_and_file_the_user_is_asked_for_one() -> None:
    with pytest.raises(MissingData, match="--data"):
        load(SMALL.model_copy(update={"origin": None}), None, 1)


@pytest.mark.parametrize("task", [SMALL, SMALL_IMAGES])
def test_an_origin_that_nobody_knows_is_an_error(task) -> None:
    with pytest.raises(BadTaskFile, match="'elsewhere'"):
        load(task.model_copy(update={"origin": "elsewhere"}), None, 1)


def test_files_of_tables_and_images_are_read(tmp_path: Path) -> None:
    assert len(load(SMALL, save(tmp_path / "a.csv"), 1).records) == 30
    write_npz(tmp_path / "a.npz", generate_images(12, 28, 0.5, 1).records)
    assert len(load(SMALL_IMAGES, tmp_path / "a.npz", 1).records) == 12


def test_a_file_without_one_usable_row_names_the_first_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "old,20,0,male,no,southeast,100,A\n")
    with pytest.raises(
        BadRecords, match="no row is usable; the first problem of 1: line 2, age: 'old' is not a number"
    ):
        load(INSURANCE, path, 1)


def test_a_row_without_the_partitions_column_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        HEADER + "".join(f"{age},20,0,male,no,southeast,100,{site}\n" for age, site in [(40, "A"), (41, ""), (42, "B")])
    )
    assert len(load(INSURANCE, path, 1).problems) == 0
    assert [problem.column for problem in load(INSURANCE, path, 1, partition="by:site").problems] == ["site"]
    by_site = apply(INSURANCE, {"partition": "by:site"})
    assert len(load(by_site, path, 1).problems) == 1
    assert len(load(by_site, path, 1, partition="iid:2").problems) == 0


def test_each_file_of_a_folder_is_an_institution(tmp_path: Path) -> None:
    save(tmp_path / "north.csv", 1)
    save(tmp_path / "east.side.csv.gz", 2)
    (tmp_path / "notes.md").write_text("not records")
    (tmp_path / ".hidden.csv").write_text("not records")
    institutions = load_institutions(SMALL, tmp_path, 1)
    assert list(institutions) == ["east.side", "north"]
    assert [len(loaded.records) for loaded in institutions.values()] == [30, 30]


def test_images_come_as_an_archive_or_a_folder_each(tmp_path: Path) -> None:
    from PIL import Image

    write_npz(tmp_path / "north.npz", generate_images(12, 28, 0.5, 1).records)
    for name in IMAGES.records.target.classes:
        (tmp_path / "south.west" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((28, 28), dtype=np.uint8)).save(tmp_path / "south.west" / name / "a.png")
    institutions = load_institutions(SMALL_IMAGES, tmp_path, 1)
    assert {name: len(loaded.records) for name, loaded in institutions.items()} == {"north": 12, "south.west": 2}


def test_one_institution_is_no_federation(tmp_path: Path) -> None:
    save(tmp_path / "north.csv")
    with pytest.raises(TooFewInstitutions, match="found: 1"):
        load_institutions(SMALL, tmp_path, 1)


def test_two_files_of_one_institution_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "north.csv")
    save(tmp_path / "north.csv.gz")
    with pytest.raises(BadRecords, match="two files are of the institution 'north'"):
        load_institutions(SMALL, tmp_path, 1)


def test_institutions_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        load_institutions(SMALL, tmp_path / "absent", 1)
    with pytest.raises(UnreadableFile, match="folder"):
        load_institutions(SMALL, save(tmp_path / "a.csv"), 1)
