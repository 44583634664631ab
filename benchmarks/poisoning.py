"""One of five members poisons a run: what is left of the model, under FedAvg and each robust setting, masked and not.

Protocol: five hospitals, of which the one with the most training rows attacks (``benchmarks.poisons`` says how). The
other four's test rows are looked at once, with the best round's weights: AUC and accuracy over all of them, and of
their sick patients with the trigger on, the share that is called healthy (for attacks without a trigger this is how
often the trigger alone misleads). ``none`` is the same consortium with all five honest. ``absent`` are the four alone:
what a defence comes to that leaves the attacker out of every round, and nobody else.

Masked: the coordinator sees means of groups of institutions, dealt anew in each round, and their figures in sum alone,
as secure aggregation shows them to it; the masks themselves, which change no sum, are left out to save time
(``tests/federation/test_groups.py`` holds that a poisoned group is left out through real masks too). A NaN cannot be
put into a ring, so the attacker's share of a masked sum is noise over the ring's whole range instead.

``--task tabular``: breast-cancer with a quarter of its rows for the test. ``--task pneumonia``: PneumoniaMNIST as in
``benchmarks.pneumonia``, with ``--share`` of the training rows and ``--rounds`` rounds. A run of all of it takes ten
rounds of a quarter of a minute on two idle cores, and there are ninety; a reduced matrix, of which each run takes
about twenty seconds of one core: ``--share 0.2 --rounds 10 --set model.width=16``.

Reading: a line an attack, a column a setting: AUC, accuracy and success of the trigger in per cent, means over the
seeds. Then the cost: by how many points of AUC it is worse than ``none`` with the same setting and seed: mean, and the
least and greatest of the seeds.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.output import emit, parser, progress, table
from benchmarks.poisons import POISONS, Attacker, aimed, pooled, triggered
from benchmarks.running import Silent, study_of
from fedcare.aggregation.exchange import Answer, Exchange, RoundRecord, Split, Traffic
from fedcare.cli.options import parse_settings
from fedcare.data.records import Institution, Records
from fedcare.errors import FedCareError
from fedcare.federation.coordinator import Outcome, coordinate
from fedcare.federation.messages import Instruction
from fedcare.federation.site import Site
from fedcare.federation.study import Study, plan_of
from fedcare.plan import TrainingPlan, canonical_json, derive_seed
from fedcare.tasks.loading import load
from fedcare.tasks.overrides import apply
from fedcare.tasks.protected import ACCEPTANCE, GROUPS, LEAST, NORM_BOUND
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task
from fedcare.training import metrics
from fedcare.update import ModelUpdate, Vector, weighted_mean

TEST_SHARE = 0.25
# Trained weights that are remembered, in bytes.
KEPT = 2 << 30
SECURE = {"privacy.secure.enabled": "true"}


@dataclass(frozen=True)
class Setting:
    """A column: settings of the plan."""

    name: str
    settings: dict[str, str]


def settings_of(norm_bound: float) -> list[Setting]:
    """FedAvg, each robust strategy, and what ``--robust`` sets, alone and with ``--secure``."""
    accepted = {"defence.acceptance": str(ACCEPTANCE)}
    masked = {**SECURE, **accepted, "defence.norm_bound": str(norm_bound)}
    groups = {"privacy.secure.groups": str(GROUPS), "privacy.secure.least": str(LEAST)}
    return [
        Setting("fedavg", {}),
        *(Setting(name, {"strategy.name": name}) for name in ("median", "trimmed-mean", "krum", "multikrum", "bulyan")),
        Setting("recommended", accepted),
        Setting("fedavg, one masked sum", SECURE),
        Setting("recommended, one masked sum", masked),
        Setting("recommended, two masked groups", masked | groups),
    ]


# -- an exchange in this process --------------------------------------------------------------------------------------


class Local:
    """Asks sites in this process, and shows their answers as the coordinator would see them.

    Answers are remembered across runs: all settings begin with the same weights, and train on them with the same bits.
    """

    def __init__(self, sites: Sequence[Site], plan: TrainingPlan, kept: OrderedDict[str, Answer]) -> None:
        self.traffic = Traffic()
        self._sites = {site.name: site for site in sites}
        self._plan, self._text, self._kept = plan, plan.canonical(), kept
        self._groups = plan.privacy.secure.groups if plan.privacy.secure.enabled else 0
        self._preprocessing = ""
        self._recipe = canonical_json(plan.local.model_dump(mode="json") | plan.defence.model_dump(mode="json"))

    def institutions(self) -> Sequence[str]:
        """All, sorted."""
        return sorted(self._sites)

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """Goes with every later question."""
        self._preprocessing = canonical_json(preprocessing)

    def statistics(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0."""
        return [self._sites[name].statistics(Instruction(self._text)) for name in institutions]

    def support(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0, once more."""
        question = Instruction(self._text, 0, "support", self._preprocessing)
        return [self._sites[name].statistics(question) for name in institutions]

    def train(self, round_number: int, vector: Vector, institutions: Sequence[str]) -> list[Answer]:
        """Each alone, or by group."""
        question = Instruction(self._text, round_number, "train", self._preprocessing)
        answers = [self._ask(question, vector, name) for name in institutions]
        return answers if not self._groups else self._grouped(round_number, vector, answers)

    def evaluate(self, round_number: int, vector: Vector, institutions: Sequence[str], split: Split) -> list[Answer]:
        """Each alone, or all in one sum."""
        question = Instruction(self._text, round_number, split, self._preprocessing)
        answers = [self._ask(question, vector, name) for name in institutions]
        if not self._groups:
            return answers
        sums = [answer.sums for answer in answers if answer.sums is not None]
        return [Answer("everybody", sums=pooled(sums), members=tuple(institutions))]

    def _ask(self, question: Instruction, vector: Vector, name: str) -> Answer:
        site = self._sites[name]
        trains = question.split == "train"
        what = (site.name, site.poison if isinstance(site, Attacker) else "", question.round if trains else 0)
        text = repr((*what, question.split, self._preprocessing, self._recipe))
        key = hashlib.sha256(text.encode() + vector.tobytes()).hexdigest()
        if key not in self._kept:
            work = site.train if trains else site.evaluate
            self._kept[key] = work(question, vector)
            while trains and sum(_size(answer) for answer in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _grouped(self, round_number: int, vector: Vector, answers: Sequence[Answer]) -> list[Answer]:
        rng = np.random.default_rng(derive_seed(self._plan.seed, round_number, "ring"))
        parts = [answers[place :: self._groups] for place in range(self._groups)]
        return [self._mean(f"group {place}", vector, part, rng) for place, part in enumerate(parts, start=1)]

    def _mean(self, name: str, vector: Vector, part: Sequence[Answer], rng: np.random.Generator) -> Answer:
        bound = self._plan.privacy.secure.bound
        updates = []
        for answer in part:
            assert answer.vector is not None
            way = np.clip(answer.vector - vector, -bound, bound)
            noise = rng.uniform(-bound, bound, len(vector)).astype(np.float32)
            way = np.where(np.isfinite(way), way, noise)
            updates.append(ModelUpdate(answer.institution, vector + way, answer.examples))
        return Answer(
            name,
            vector=weighted_mean(updates),
            examples=sum(update.examples for update in updates),
            loss=float(np.mean([answer.loss for answer in part])),
            members=tuple(answer.institution for answer in part),
        )


def _size(answer: Answer) -> int:
    return 0 if answer.vector is None else answer.vector.nbytes


# -- one run ----------------------------------------------------------------------------------------------------------


class Rounds(Silent):
    """Tells of rounds that were rolled back."""

    def round_finished(self, record: RoundRecord) -> None:
        """Count."""
        if record.rolled_back is not None:
            progress(f"    round {record.round} rolled back: {record.rolled_back}"[:160])


def one(study: Study, setting: Setting, poison: str, attacker: str, kept: OrderedDict[str, Answer]) -> dict[str, Any]:
    """A run and what came of it."""
    task = apply(study.task, setting.settings)
    plan = plan_of(task, study.plan.seed)
    present = [each for each in study.institutions if poison != "absent" or each.name != attacker]
    sites = [_site(each, poison, attacker, plan.seed) for each in present]
    exchange: Exchange = Local(sites, plan, kept)
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            outcome = coordinate(plan, exchange, Path(folder), Rounds(), lambda _: None)
    except FedCareError as error:
        return {"failed": error.code, "why": str(error)[:200]}
    honest = [each for each in study.institutions if each.name != attacker]
    found = _figures(plan, task, outcome, honest)
    back = sum(record.rolled_back is not None for record in outcome.state.history)
    gone = sum(attacker in record.dropped for record in outcome.state.history)
    return found | {"rolled_back": back, "dropped": gone, "seconds": time.perf_counter() - started}


def _site(each: Institution, poison: str, attacker: str, seed: int) -> Site:
    if each.name != attacker or poison == "none":
        return Site(each)
    return Attacker(each, POISONS[poison], seed)


def _figures(plan: TrainingPlan, task: Task, outcome: Outcome, honest: Sequence[Institution]) -> dict[str, Any]:
    """AUC and accuracy over the honest test rows, and how often the trigger makes a sick patient healthy."""
    threshold = outcome.judgement.threshold
    question = Instruction(plan.canonical(), 0, "test", canonical_json(outcome.state.preprocessing))
    own = pooled([_sums(Site(each), question, outcome.state.best) for each in honest])
    figures = metrics.metrics(task.kind, 2, own, threshold)
    trick = [replace(each, test=_sick_with_trigger(each.test)) for each in honest if each.test is not None]
    success = metrics.metrics(
        task.kind, 2, pooled([_sums(Site(each), question, outcome.state.best) for each in trick]), threshold
    )
    return {"auc": figures.get("auc"), "accuracy": figures["accuracy"], "success": success["accuracy"]}


def _sums(site: Site, question: Instruction, vector: Vector) -> Any:
    return site.evaluate(question, vector).sums


def _sick_with_trigger(records: Records) -> Records:
    return aimed(triggered(records.take(np.flatnonzero(records.target != 0.0).astype(np.int64))))


# -- the studies ------------------------------------------------------------------------------------------------------


def tabular(seed: int, settings: dict[str, str]) -> Study:
    """Breast cancer in five hospitals, a quarter of its rows for the test."""
    task = apply(get("breast-cancer"), settings)
    records = load(task, None, seed, "hospitals").records
    rng = np.random.default_rng(derive_seed(seed, "poisoning", "test"))
    split = np.where(rng.random(len(records)) < TEST_SHARE, "test", "train")
    return study_of(task, replace(records, split=split), "hospitals", seed)


def pneumonia(seed: int, settings: dict[str, str], share: float, rounds: int) -> Study:
    """PneumoniaMNIST in five hospitals, with a share of the training and validation rows of each and all test rows."""
    path = Path(__file__).resolve().parents[1] / "examples" / "pneumonia.toml"
    task = apply(get(str(path)), {"rounds.rounds": str(rounds), **settings})
    records = load(task, data.require(data.PNEUMONIA), seed, "hospitals").records
    assert records.split is not None
    rng = np.random.default_rng(derive_seed(seed, "poisoning", "share"))
    keep = np.flatnonzero((rng.random(len(records)) < share) | (records.split != "train"))
    return study_of(task, records.take(keep), "hospitals", seed)


def measure(study: Study, settings: Sequence[Setting], poisons: Sequence[str]) -> dict[str, Any]:
    """Every setting under every attack, on one seed."""
    attacker = max(study.institutions, key=lambda each: len(each.train)).name
    share = len(next(e for e in study.institutions if e.name == attacker).train)
    share = share / sum(len(each.train) for each in study.institutions)
    kept: OrderedDict[str, Answer] = OrderedDict()
    rows: dict[str, dict[str, Any]] = {poison: {} for poison in poisons}
    for poison in poisons:
        for setting in settings:
            rows[poison][setting.name] = found = one(study, setting, poison, attacker, kept)
            taken = f"{found.get('seconds', 0):.0f} s"
            progress(f"seed {study.plan.seed} {poison:12} {setting.name:32} {_cell([found])}  {taken}")
    return {"seed": study.plan.seed, "task": study.task.name, "attacker": attacker, "share": share, "rows": rows}


def _cell(found: Sequence[dict[str, Any]]) -> str:
    """Means over the seeds, and how many of the runs failed."""
    ran = [each for each in found if "failed" not in each]
    failed = [str(each["failed"]) for each in found if "failed" in each]
    if not ran:
        return failed[0]
    auc, accuracy, success = (100 * np.mean([each[name] for each in ran]) for name in ("auc", "accuracy", "success"))
    return f"{auc:.1f} / {accuracy:.1f} / {success:.0f}" + (f" ({len(failed)} failed)" if failed else "")


def _cost(found: Sequence[dict[str, Any]], unharmed: Sequence[dict[str, Any]]) -> str:
    """Points of AUC that were lost: mean (least to greatest)."""
    pairs = [(own, none) for own, none in zip(found, unharmed, strict=True) if not {"failed"} & {*own, *none}]
    if not pairs:
        return "-"
    cost = [100 * (none["auc"] - own["auc"]) for own, none in pairs]
    return f"{np.mean(cost):+.1f} ({min(cost):+.1f} to {max(cost):+.1f})"


def report(results: Sequence[dict[str, Any]]) -> str:
    """Two tables, each with a line an attack and a column a setting: figures, and what the attack cost."""
    first = results[0]
    names = list(next(iter(first["rows"].values())))
    figures, costs = [["attack", *names]], [["cost in AUC", *names]]
    for poison in first["rows"]:
        found = {name: [each["rows"][poison][name] for each in results] for name in names}
        figures.append([poison, *(_cell(found[name]) for name in names)])
        if poison != "none" and "none" in first["rows"]:
            unharmed = {name: [each["rows"]["none"][name] for each in results] for name in names}
            costs.append([poison, *(_cost(found[name], unharmed[name]) for name in names)])
    who = ", ".join(f"{each['attacker']} ({each['share']:.0%} of the rows)" for each in results)
    head = (
        f"{first['task']}, seeds {', '.join(str(each['seed']) for each in results)}: AUC / accuracy / trigger, per cent"
    )
    return f"{head}\nattackers: {who}\n{table(figures)}\n\n{table(costs)}"


def main() -> None:
    """Run the matrix and print."""
    line = parser(__doc__)
    line.add_argument("--task", choices=("tabular", "pneumonia"), default="tabular")
    line.add_argument("--only", default="", help="settings, separated by semicolons; all without it")
    line.add_argument("--attacks", default=",".join(POISONS))
    line.add_argument("--share", type=float, default=1.0, help="of PneumoniaMNIST's training rows")
    line.add_argument("--rounds", type=int, default=10, help="of PneumoniaMNIST")
    line.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
    options = line.parse_args()
    given = parse_settings(options.set)
    chosen = settings_of(NORM_BOUND["image" if options.task == "pneumonia" else "table"])
    if options.only:
        chosen = [each for each in chosen if each.name in options.only.split(";")]
    results = []
    for seed in range(options.seed, options.seed + options.seeds):
        study = (
            tabular(seed, given) if options.task == "tabular" else pneumonia(seed, given, options.share, options.rounds)
        )
        results.append(measure(study, chosen, options.attacks.split(",")))
    emit({"benchmark": "poisoning", "seeds": results}, report(results), options.json)


if __name__ == "__main__":
    main()
