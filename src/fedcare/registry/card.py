"""A model version's card in Markdown: what it is, how good it is and for whom, and what it must not be used for.

The sections follow Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fedcare.data.preprocessing import Preprocessing
from fedcare.data.schema import CategoricalFeature, TableSchema
from fedcare.data.support import Support
from fedcare.plan import TrainingPlan
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration
from fedcare.training.intervals import Intervals
from fedcare.training.probabilities import Probabilities


def card(
    task: Task,
    plan: TrainingPlan,
    preprocessing: Preprocessing,
    parameters: int,
    metrics: Mapping[str, Any],
    lineage: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> str:
    """The whole card; ``metrics`` and ``lineage`` are those of ``write_version``."""
    parts = [
        f"# {task.title}",
        task.description or f"A model of the task `{task.name}`.",
        "## Model",
        _facts(_model_facts(task, plan, parameters, lineage)),
        "## Intended use",
        _intended_use(task),
        "## How good it is",
        _quality(metrics, calibration),
        _certainty(task, calibration),
        "## What it was trained on",
        _training(lineage),
        *_privacy(metrics.get("privacy")),
        *_attacked(metrics.get("privacy_audit")),
        "## What it reads",
        _inputs(task, preprocessing),
        "## Limits",
        _limits(task, metrics),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _model_facts(task: Task, plan: TrainingPlan, parameters: int, lineage: Mapping[str, Any]) -> dict[str, object]:
    return {
        "Task": f"`{task.name}` ({task.kind})",
        "Model": task.model.kind,
        "Parameters": f"{parameters:,}",
        "Strategy": plan.strategy.name,
        "Round": f"{lineage.get('best_round', '?')} of {lineage.get('rounds', '?')}",
        "Plan": f"`{plan.hash}`",
        "Seed": plan.seed,
    }


def _intended_use(task: Task) -> str:
    classes = task.records.target.classes
    unit = f" in {task.records.target.unit}" if task.records.target.unit else ""
    what = f"one of {', '.join(classes)}" if classes else f"`{task.records.target.name}`{unit}"
    return (
        f"It estimates {what} for one record. It supports a professional's judgement and does not replace it. It is no "
        "medical device: clinical use needs validation on the institution's own records and the approval that applies."
    )


def _quality(metrics: Mapping[str, Any], calibration: Calibration | None) -> str:
    pooled = {name: value for name, value in metrics.get("metrics", {}).items() if isinstance(value, int | float)}
    if not pooled:
        return "No figures were stored."
    rows = [["all together", *_figures(pooled, pooled)]]
    rows += [[name, *_figures(own, pooled)] for name, own in metrics.get("institutions", {}).items()]
    part = metrics.get("judged_on", "validation")
    text = f"Pooled over all {part} rows, and for each institution's own {part} rows."
    if "threshold" in metrics and metrics["threshold"] is not None and "sensitivity" in pooled:
        threshold = float(metrics["threshold"])
        if isinstance(calibration, Probabilities):  # Of the probabilities that a prediction shows.
            threshold = calibration.of_probability(threshold)
        text += f" Classes are told apart at a probability of {threshold:.3g}, chosen on validation rows."
    return f"{text}\n\n{_table(['', *pooled], rows)}"


def _certainty(task: Task, calibration: Calibration | None) -> str:
    """What an interval or a probability of this model rests on."""
    if isinstance(calibration, Probabilities):
        if calibration.low >= calibration.high:
            return f"Probabilities are calibrated on {calibration.rows} validation rows."
        return (
            f"Probabilities are calibrated on {calibration.rows} validation rows. Between {calibration.low:.3g} and "
            f'{calibration.high:.3g} its answer is "not sure": a human should decide.'
        )
    if not isinstance(calibration, Intervals):
        return ""
    unit = f" {task.records.target.unit}" if task.records.target.unit else ""
    widths = {"all rows": calibration.everybody}
    widths |= {f"{calibration.feature} = {name}": width for name, width in calibration.categories.items()}
    rows = [[name, str(each.rows), _half(each.half, unit)] for name, each in widths.items()]
    text = f"A prediction comes with a {calibration.level:.0%} interval, measured on validation rows."
    return f"{text}\n\n{_table(['rows of', 'how many', 'interval'], rows)}"


def _half(half: float | None, unit: str) -> str:
    return "none: too few rows" if half is None else f"+- {half:,.4g}{unit}"


def _training(lineage: Mapping[str, Any]) -> str:
    # Under secure aggregation nobody was told how many rows a single institution has.
    known = lineage.get("institutions", {}).items()
    rows = [[name, "secret" if examples is None else str(examples)] for name, examples in known]
    told = {"Divided by": lineage.get("partition"), "Engine": lineage.get("engine")}
    facts = _facts({name: value for name, value in told.items() if value})
    return "\n\n".join(part for part in (facts, _table(["institution", "training rows"], rows) if rows else "") if part)


def _privacy(spent: Mapping[str, Any] | None) -> list[str]:
    """What the run promised each patient; nothing where it promised none."""
    if not spent:
        return []
    each = {name: own["epsilon"] for name, own in spent["institutions"].items()}
    text = (
        f"Differential privacy of each record: epsilon {spent['epsilon']:.3g} at delta {spent['delta']:g}, by a noise "
        f"multiplier of {spent['noise_multiplier']:.3g} and a clip of {spent['clip']:g}. Figures of quality are noisy."
    )
    seeded = ["Its noise follows from the plan's seed. Whoever knows the plan can take it off: nothing is protected."]
    rows = [[name, f"{epsilon:.3g}"] for name, epsilon in each.items()]
    told = [*(seeded if spent["seeded_noise"] else []), text, _table(["institution", "epsilon"], rows)]
    known = spent.get("intervals")
    return ["## Privacy", *told, *([_noise(known)] if known else [])]


def _noise(intervals: Mapping[str, Sequence[float] | None]) -> str:
    """How far noise alone may have moved the pooled figures."""
    text = "Without noise, the pooled figures lie here in 95 of 100 runs. Which rows judged is a chance of its own."
    rows = [
        [name, "too noisy to say" if ends is None else f"{ends[0]:.4g} to {ends[1]:.4g}"]
        for name, ends in intervals.items()
    ]
    return f"{text}\n\n{_table(['figure', 'from the noise'], rows)}"


def _attacked(audit: Mapping[str, Any] | None) -> list[str]:
    """What attacks on the run found; nothing where nobody tried."""
    if not audit:
        return []
    claimed, measured, members = audit["epsilon_claimed"], audit["epsilon_measured"], audit["membership"]
    at = f"at delta {audit['delta']:g}"
    facts = {
        "Epsilon claimed": "none" if claimed is None else f"{claimed:.3g} {at}",
        "Epsilon measured": "not measured, as under batch norm no record has a gradient of its own"
        if measured is None
        else f"at least {measured:.3g} {at}, with {audit['confidence']:.0%} confidence",
        "Attack on membership": f"AUC {members['auc']:.3f} +- {members['error']:.3f} ({members['method']}; 0.5 is "
        f"guessing), {members['tpr_at_1_percent']:.1%} of members found at 1% false alarms",
        "Gradient inversion": _inverted(audit["inversion"]),
    }
    verdict = ["The run leaks more than it claims: do not rely on its epsilon."] if audit["broken"] else []
    return ["## Privacy under attack", *verdict, _facts(facts)]


def _inverted(found: Mapping[str, Any]) -> str:
    noise = f"clipped to {found['protection']['clip']:g} with noise {found['protection']['noise_multiplier']:.3g}"
    if found["of"] == "rows":
        shares = found["recovered"]
        return (
            f"{shares['plain']:.0%} of rows recovered from the gradients of batches of {found['batch']}, "
            f"{shares['protected']:.0%} when {noise}"
        )
    likeness = found["ssim"]
    return f"images recovered to a likeness (SSIM) of {likeness['plain']:.2f}, {likeness['protected']:.2f} when {noise}"


def _inputs(task: Task, preprocessing: Preprocessing) -> str:
    schema = task.records
    if not isinstance(schema, TableSchema):
        return (
            f"One grey image, resized to {schema.image_size} x {schema.image_size} pixels; brightness is standardised "
            f"with the federation's mean {preprocessing.input_mean:.4f} and deviation {preprocessing.input_scale:.4f}."
        )
    seen = preprocessing.support or Support()
    rows = [
        [each.name, each.unit or "-", _range(each.minimum, each.maximum), _seen(each.name, seen), f"{each.impute}"]
        for each in schema.numeric
    ]
    rows += [
        [each.name, "-", ", ".join(each.categories), _categories_seen(each, seen), each.impute]
        for each in schema.categorical
    ]
    return _table(["feature", "unit", "values", "seen in training", "where missing"], rows)


def _seen(name: str, support: Support) -> str:
    ends = support.ranges.get(name)
    return "-" if ends is None else f"{ends[0]:.4g} to {ends[1]:.4g}"


def _categories_seen(feature: CategoricalFeature, support: Support) -> str:
    if feature.name not in support.rare:
        return "-"
    rare = support.rare[feature.name]
    return ", ".join(each for each in feature.categories if each not in rare) or "none"


def _limits(task: Task, metrics: Mapping[str, Any]) -> str:
    lines = [
        "The figures hold for records like those it was trained on; elsewhere it may be worse without a sign of it.",
        "A group that is rare in the training rows is judged less reliably than the pooled figure says.",
        "Training across institutions keeps records in place; by itself it does not prove that weights reveal none.",
    ]
    if metrics.get("judged_on") == "validation":
        lines.append("The figures come from the validation rows that also chose the round, so they flatter a little.")
    if task.origin and task.origin.startswith("synthetic"):
        lines.append("Unless records were named, it was trained on synthetic ones and says nothing about patients.")
    return "\n".join(f"- {line}" for line in lines)


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None and maximum is None:
        return "any number"
    if maximum is None:
        return f"from {minimum:g}"
    return f"up to {maximum:g}" if minimum is None else f"{minimum:g} to {maximum:g}"


def _figures(own: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [f"{own[name]:.4g}" if isinstance(own.get(name), int | float) else "-" for name in wanted]


def _facts(facts: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
