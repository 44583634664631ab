from pathlib import Path

import pytest

from fedcare.data.schema import CategoricalFeature, ImageSchema, NumericFeature, TableSchema
from fedcare.errors import BadTaskFile, FileMissing
from fedcare.models.spec import MLPSpec, ResNetSpec, ScatteringSpec
from fedcare.plan import Gate, LocalTraining, RoundPolicy, Selection
from fedcare.tasks.spec import Task
from fedcare.tasks.toml_file import read_task

TARGET = '[target]\ncolumn = "out"\nkind = "binary"\nclasses = ["no", "yes"]\n'
AGE = "[numeric.age]\n"
COST = '[target]\ncolumn = "cost"\nkind = "regression"\n'


def declared(folder: Path, text: str | bytes, name: str = "my task.toml") -> Task:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_task(path)


def test_a_target_and_a_feature_are_enough(tmp_path: Path) -> None:
    task = declared(tmp_path, TARGET + AGE)
    assert (task.name, task.kind, task.deciding_metric) == ("my-task", "binary", "auc")
    assert isinstance(task.records, TableSchema)
    assert task.records.numeric == (NumericFeature(name="age"),)
    assert (task.local, task.rounds, task.model) == (LocalTraining(), RoundPolicy(), MLPSpec())


def test_every_key_arrives_where_it_belongs(tmp_path: Path) -> None:
    task = declared(
        tmp_path,
        """
        [task]
        name = "cost"
        title = "Cost of a stay"
        description = "All wards"
        metric = "mae"
        threshold = "balanced"
        partition = "by:site"
        [target]
        column = "cost"
        aliases = ["charges"]
        kind = "regression"
        unit = "dollars"
        range = [0, inf]
        [table]
        missing = ["", "-"]
        leave_out = ["note"]
        [numeric]
        age = { range = [0, 130], unit = "years", integer = true, impute = "mean" }
        "crp (mg/l)" = { range = [-inf, 500], impute = 1 }
        [categorical]
        sex = ["female", "male"]
        stage = { categories = [1, 2, 3], impute = 2, unknown = "missing" }
        [model]
        hidden = [8]
        dropout = 0.5
        [training]
        lr = 0.1
        [rounds]
        rounds = 3
        [strategy]
        name = "fedadam"
        eta = 0.01
        [selection]
        average_last = 2
        [gate]
        tolerance = 0.1
        """,
    )
    assert (task.name, task.title, task.description) == ("cost", "Cost of a stay", "All wards")
    assert (task.metric, task.threshold, task.partition) == ("mae", "balanced", "by:site")
    target, records = task.records.target, task.records
    assert (target.name, target.aliases, target.unit) == ("cost", ("charges",), "dollars")
    assert (target.minimum, target.maximum) == (0, None)
    assert isinstance(records, TableSchema)
    assert (records.missing, records.leave_out) == (("", "-"), ("note",))
    assert records.numeric == (
        NumericFeature(name="age", unit="years", minimum=0, maximum=130, integer=True, impute="mean"),
        NumericFeature(name="crp (mg/l)", maximum=500, impute=1.0),
    )
    assert records.categorical == (
        CategoricalFeature(name="sex", categories=("female", "male")),
        CategoricalFeature(name="stage", categories=("1", "2", "3"), impute="2", unknown="missing"),
    )
    assert task.model == MLPSpec(hidden=(8,), dropout=0.5)
    assert (task.local, task.rounds) == (LocalTraining(lr=0.1), RoundPolicy(rounds=3))
    assert (task.strategy.name, task.strategy.options) == ("fedadam", {"eta": 0.01})
    assert (task.selection, task.gate) == (Selection(average_last=2), Gate(tolerance=0.1))


def test_images_are_declared_by_their_size(tmp_path: Path) -> None:
    task = declared(
        tmp_path,
        '[target]\nkind = "multiclass"\nclasses = ["a", "b", "c"]\n[images]\nsize = 32\n[model]\nnorm = "group"\n',
    )
    assert isinstance(task.records, ImageSchema)
    assert (task.records.image_size, task.model) == (32, ResNetSpec(norm="group"))


def test_images_take_fixed_features_where_the_file_says_so(tmp_path: Path) -> None:
    images = '[target]\nkind = "binary"\nclasses = ["a", "b"]\n[images]\nsize = 32\n[model]\nkind = "{}"\n{}'
    task = declared(tmp_path, images.format("scattering", "places = 4"))
    assert task.model == ScatteringSpec(places=4)
    with pytest.raises(BadTaskFile, match=r"\[model\] kind: it must be resnet18 or scattering"):
        declared(tmp_path, images.format("mlp", ""))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + (TARGET + AGE).replace("\n", "\r\n").encode()
    assert declared(tmp_path, text).name == "my-task"


MISTAKES = {
    "": "[target] is not given",
    "x = \n": "it is not TOML: Invalid value (at line 1",
    "[[[": "it is not TOML",
    "name = 'a'\n" + TARGET + AGE: "name stands above every section",
    TARGET + "[numerc.age]\n": "[numerc] is no section; did you mean numeric?",
    TARGET: "no features: declare columns under [numeric] and [categorical]",
    AGE: "[target] is not given",
    "[target]\nkind = 'regression'\n" + AGE: "[target] column: it is not given",
    "[target]\ncolumn = 'x'\n" + AGE: "[target] kind: it is not given, and must be",
    TARGET.replace("binary", "yesno") + AGE: "[target] kind: it must be 'regression', 'binary' or 'multiclass'",
    TARGET.replace("binary", "multiclass") + AGE: "[target]: a multiclass target has at least three classes",
    TARGET.replace("column", "colum") + AGE: "[target] colum: there is no such key; did you mean column?",
    TARGET.replace("column", "name") + AGE: "[target] name: there is no such key; did you mean column?",
    TARGET.replace('["no", "yes"]', '"no,yes"') + AGE: '[target] classes: it must be a list, such as ["no", "yes"]',
    TARGET + AGE + "range = [5, 1]\n": "[numeric.age] range: it must be two numbers, the lower first",
    TARGET + AGE + "range = 5\n": "[numeric.age] range: it must be two numbers",
    TARGET + AGE + "range = [true, 9]\n": "[numeric.age] range: it must be two numbers",
    TARGET + AGE + "range = [nan, 9]\n": "[numeric.age] range: it must be two numbers",
    TARGET + AGE + "min = 5\n": "[numeric.age] min: there is no such key",
    TARGET + AGE + "impute = 'median'\n": "[numeric.age] impute: it must be 'mean' or 'refuse' or it must be a number",
    TARGET
    + AGE
    + "impute = nan\n": "[numeric.age] impute: it must be 'mean' or 'refuse' or it must be a finite number",
    TARGET + AGE + "integer = 'si'\n": "[numeric.age] integer: it must be true or false",
    TARGET + "[numeric]\nage = 5\n": "[numeric] age: it must be a group of keys",
    TARGET + "[numeric.BL.GE]\nrange = [0, 3]\n": '[numeric."BL.GE"]',
    TARGET + "[numeric.Preg.ended.x]\nrange = [0, 3]\n": '[numeric."Preg.ended.x"]',
    TARGET + "[numeric.out]\n": "[table]: a column is named twice among the features and the target",
    TARGET + "[categorical.sex]\n": "[categorical.sex] categories: it is not given",
    TARGET + "[categorical]\nsex = ['f']\n": "[categorical.sex] categories: it needs at least 2 entries",
    TARGET + "[categorical]\nsex = ['f', 'F']\n": "two categories differ only in case",
    TARGET + "[categorical]\nsex = { categories = ['f', 'm'], impute = 'x' }\n": "impute must be one of most-frequent",
    TARGET
    + "[categorical]\nsex = { categories = ['f', 'm'], unknown = 'ok' }\n": "[categorical.sex] unknown: it must be",
    TARGET + AGE + "[table]\nleave_out = ['age']\n": "[table]: left out and yet a feature: age",
    TARGET + AGE + "[table]\nmissing = 'NA'\n": "[table] missing: it must be a list, such as [a, b]",
    TARGET + AGE + "[table]\nmising = ['NA']\n": "[table] mising: there is no such key; did you mean missing?",
    TARGET + AGE + "[images]\nsize = 64\n": "[images] and [numeric] exclude each other",
    TARGET + "[images]\nsize = 5\n": "[images] size: it must be at least 28",
    TARGET + AGE + "[model]\nhidden = [0]\n": "[model] hidden: it must be at least 1",
    TARGET + AGE + "[model]\nnorm = 'group'\n": "[model] norm: there is no such key",
    TARGET
    + AGE
    + "[training]\nlearning_rate = 1\n": "[training] learning_rate: there is no such key; did you mean lr?",
    TARGET + AGE + "[training]\nlr = 'fast'\n": "[training] lr: it must be a number",
    TARGET + AGE + "[rounds]\nrounds = 0\n": "[rounds] rounds: it must be at least 1",
    TARGET + AGE + "[strategy]\neta = 'x'\n": "[strategy] options.eta: it must be a number",
    TARGET + AGE + "[strategy]\noptions = 3\n": "[strategy] options: it must be a group",
    TARGET + AGE + "[task]\nname = 'My Task'\n": "[task] name: it may hold only small letters, digits and hyphens",
    TARGET + AGE + "[task]\nmetric = 'r2'\n": "[task]: metric must be one of auc",
    TARGET + AGE + "[task]\ntitle = 3\n": "[task] title: it must be text",
    TARGET + AGE + "[task]\norigin = 'x'\n": "[task] origin: there is no such key",
    COST + "classes = ['a', 'b']\n" + AGE: "[target]: a regression target has no classes",
}


@pytest.mark.parametrize(("text", "reason"), MISTAKES.items(), ids=MISTAKES.values())
def test_a_mistake_is_told_in_one_line_with_its_key(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadTaskFile) as caught:
        declared(tmp_path, text)
    message = str(caught.value)
    assert reason in message
    assert "my task.toml" in message
    assert "\n" not in message


def test_what_is_no_readable_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_task(tmp_path / "absent.toml")
    with pytest.raises(BadTaskFile, match="folder"):
        read_task(tmp_path)
    with pytest.raises(BadTaskFile, match="UTF-8"):
        declared(tmp_path, b"\xff\xfe\x00")


def test_a_file_whose_name_makes_no_task_name_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(BadTaskFile, match=r"\[task\] name"):
        declared(tmp_path, TARGET + AGE, name="---.toml")
