"""``fedcare predict``: a model version and a record, a file of records, or an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.errors import BadSetting, BadValue, FileMissing, UnreadableFile
from fedcare.report.words import plural

if TYPE_CHECKING:
    from fedcare.registry.version import Version
    from fedcare.serving.answers import Answer
    from fedcare.serving.explanation import Explanation
    from fedcare.serving.predictor import Predictor


def command(
    model: Annotated[Path, typer.Option(help="A model version's folder, or the folder of its run.")],
    row: Annotated[
        str | None, typer.Option(help="One record: 'age=40,smoker=yes'; what is left out is missing.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV of records; the target's column may be absent.")] = None,
    image: Annotated[Path | None, typer.Option(help="One PNG, JPEG or DICOM image.")] = None,
    institution: Annotated[
        str | None, typer.Option(help="Where the record comes from: some institutions have intervals of their own.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="What each feature gave to the prediction of --row.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Predict with a model version; nothing leaves this machine."""
    if sum(source is not None for source in (row, csv, image)) != 1:
        raise BadSetting(setting="predict", value="--row, --csv, --image", reason="give exactly one of the three")
    if explain and row is None:
        raise BadSetting(setting="--explain", value="on", reason="it explains the prediction of one --row")
    version, predictor = _ready(model)
    explanation = None
    if row is not None:
        answer, explanation = _one_row(version, predictor, row, institution, explain)
        names, answers = ["--row"], [answer]
    elif csv is not None:
        names, answers = _file(version, predictor, csv, institution)
    else:
        assert image is not None
        names, answers = [image.name], [_one_image(predictor, image)]
    if json:
        told = _to_json(version, names, answers, many=csv is not None)
        emit(told | ({"explanation": explanation.to_json()} if explanation else {}))
    else:
        _show(version, names, answers, many=csv is not None)
        if explanation:
            _show_explanation(explanation)
    if not _predicted(answers):
        raise typer.Exit(1)


def _ready(model: Path) -> tuple[Version, Predictor]:
    from fedcare.registry.version import ONNX, read_version
    from fedcare.serving.predictor import Predictor

    version = read_version(model)
    graph = version.content(ONNX)
    return version, Predictor(graph, version.task, version.preprocessing, version.threshold, version.calibration)


def parse_row(text: str) -> dict[str, str]:
    """``age=40,smoker=yes`` as texts by feature; raises BadSetting for a part without ``=`` or a name given twice."""
    values: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name:
            raise BadSetting(setting="--row", value=text, reason="write NAME=VALUE,NAME=VALUE, as in 'age=40,sex=male'")
        if name in values:
            raise BadSetting(setting="--row", value=text, reason=f"{name} is given twice")
        values[name] = value.strip()
    return values


def _one_row(
    version: Version, predictor: Predictor, text: str, institution: str | None, explain: bool
) -> tuple[Answer, Explanation | None]:
    from fedcare.data.schema import TableSchema
    from fedcare.serving.answers import Prediction, Refusal
    from fedcare.serving.patient_row import RowReader

    values = parse_row(text)
    if isinstance(version.task.records, TableSchema):
        RowReader(version.task.records).check_names(values)
    answer = predictor.explain(values, institution) if explain else predictor.predict(values, institution)
    if isinstance(answer, Refusal):
        (field, reason), *others = answer.problems
        raise BadValue(field=field, reason="; ".join([reason, *(f"{name}: {why}" for name, why in others)]))
    return (answer, None) if isinstance(answer, Prediction) else answer


def _one_image(predictor: Predictor, image: Path) -> Answer:
    from fedcare.serving.answers import Refusal

    if not image.exists():
        raise FileMissing(path=image)
    answer = predictor.images([image])[0]
    if isinstance(answer, Refusal):
        raise UnreadableFile(path=image, reason=answer.problems[0][1])
    return answer


def _file(
    version: Version, predictor: Predictor, path: Path, institution: str | None
) -> tuple[list[str], list[Answer]]:
    """Line numbers and answers of a CSV's rows, in the file's order."""
    from fedcare.serving.batch import read_batch

    batch = read_batch(path, version.task)
    answers = predictor.rows([row for _, row in batch.rows], institution)
    by_line = dict(zip((line for line, _ in batch.rows), answers, strict=True)) | dict(batch.refused)
    lines = sorted(by_line)
    return [str(line) for line in lines], [by_line[line] for line in lines]


# -- showing ----------------------------------------------------------------------------------------------------------


def _to_json(version: Version, names: Sequence[str], answers: Sequence[Answer], many: bool) -> dict[str, Any]:
    told = {"model": version.name, "task": version.task.name, "kind": version.task.kind}
    if not many:
        return told | {"prediction": answers[0].to_json()}
    entries = [{"line": int(name)} | answer.to_json() for name, answer in zip(names, answers, strict=True)]
    done = _predicted(answers)
    return told | {"predictions": entries, "predicted": done, "refused": len(answers) - done}


def _show(version: Version, names: Sequence[str], answers: Sequence[Answer], many: bool) -> None:
    from rich import box
    from rich.table import Table

    target = version.task.records.target
    unit = f" ({target.unit})" if target.unit else ""
    table = Table(title=f"{version.task.title}, model {version.name}", box=box.SIMPLE_HEAD, title_justify="left")
    second = "probability" if target.classes else "90% interval"
    for header in ("line" if many else "record", f"{target.name}{unit}", second, "notes"):
        table.add_column(header, overflow="fold")
    for name, answer in zip(names, answers, strict=True):
        table.add_row(escape(name), *(escape(cell) for cell in _cells(answer)))
    page.print(table)
    if many and (refused := len(answers) - _predicted(answers)):
        screen.print(f"{refused} of {plural(len(answers), 'row')} could not be predicted; the notes say why.")


def _show_explanation(explanation: Explanation) -> None:
    from rich import box
    from rich.table import Table

    about = explanation.unit or (f"probability of {explanation.label}" if explanation.label else "")
    table = Table(title="What gave the prediction", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("feature", overflow="fold")
    table.add_column("value", overflow="fold")
    table.add_column(about or "amount", justify="right")
    decimals = 2 if explanation.label is None else 4
    table.add_row("an average record", "", f"{explanation.baseline:,.{decimals}f}")
    for each in explanation.contributions:
        table.add_row(escape(each.feature), escape(each.shown), f"{each.amount:+,.{decimals}f}")
    table.add_row("this record", "", f"{explanation.value:,.{decimals}f}")
    page.print(table)


def _cells(answer: Answer) -> list[str]:
    from fedcare.serving.answers import Refusal

    if isinstance(answer, Refusal):
        return ["-", "-", "; ".join(f"{name}: {reason}" for name, reason in answer.problems)]
    notes = "; ".join(answer.warnings)
    if answer.label is None:
        within = "-" if answer.low is None else f"{answer.low:,.2f} to {answer.high:,.2f}"
        return [f"{answer.value:,.2f}", within, notes]
    label = f"{answer.label} (not sure: ask a human)" if answer.not_sure else answer.label
    return [label, f"{answer.value:.1%}", notes]


def _predicted(answers: Sequence[Answer]) -> int:
    from fedcare.serving.answers import Prediction

    return sum(isinstance(answer, Prediction) for answer in answers)
