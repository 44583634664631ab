"""The console can say in its readers' languages what the server says in English sentences.

Its message file holds each sentence under a code (see ``console/src/lib/sentences.ts``). Here the sentences are taken
out of the source, as gettext takes them: every text or f-string of three words or more in the files that make reasons.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedcare import errors
from fedcare.tasks.registry import get

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fedcare"
ENGLISH = ROOT / "console" / "src" / "messages" / "sentences" / "en.json"
# Where the reasons are made that a page shows: of a refused request, a run's end, an answer that did not count, a gate.
SAYING = {
    "gateway": "auth institutions patients plans predictions schedules training models/artifact models/service "
    "models/shelf models/signatures audit/anchors idempotency problems strict_json strict_query types",
    "data": "cells sources/csv_text",
    "db": "audit",
    "serving": "dicom dicom_header dicom_jpeg image_kind image_predictor imaging patient_row predictor session wording",
    "aggregation": "acceptance choosing compression leaving_out planning rounds suspicion validation",
    "privacy": "homomorphic norm_bound secure_sum/collector secure_sum/digits secure_sum/encrypted "
    "secure_sum/encrypted_collector secure_sum/encrypted_member secure_sum/fixed_point secure_sum/levels "
    "secure_sum/masks secure_sum/member secure_sum/rules secure_sum/wire",
    "registry": "card gate release version",
    "tasks": "overrides plain_words",
    "trust": "peers",
    "federation": "client_app grid_exchange masked_site messages outgoing private_answers scaled_sums secure_exchange "
    "site summands node/approvals node/guard node/question node/records node/rules run/exchange run/grid "
    "run/judging run/reporter run/runner work/claims work/owner work/reconciler",
}
# For the command line, for programmers, or names of the kinds of what leaves an institution.
UNSAID = """
the transaction has no scope
it is no list of anchors ({})
It has accounts at several institutions: add --institution.
See `fedcare workers list`.
standing rule for {}
consent to an agreement
signature of survivors
shares of masks
masked scales of the {}
value = {}
0 3 * * 0
r2 rose from 0.82 to 0.86
A text of your choice, such as a random UUID: the same request with it is done once.
{"status": "started", "at": "2026-11-22T08:00:01+00:00"}
""".strip().splitlines()
# Headings and table heads of a model's card, which its page has in its own messages; and what holds no words.
UNSAID += ["## How good it is", "## Intended use", "## Privacy under attack", "## What it reads"]
UNSAID += ["## What it was trained on", "seen in training", "| {} |", "- {}: {}"]
# Of sentences that are put together where they are said; what they come to stands in ``WHOLE``.
PIECES = [
    "; it runs on to line {}, so a quote may be left open",
    "{} that is not too large",
    "it must have {} {} or more",
    " and {} more",
    "{}, at the end",
    "{} to {}",
    "is {} meant?",
    "there are {}",
    "the task has no such feature; {}",
    " to ",
    "{} to {}{}",
    "the federation's most frequent category stands for it",
    "it counts as a category of its own",
    "{} stands for it",
    "has the unknown category {}, which is treated as missing",
    "{} {}: {}",
    " with ",
    " or ",
    " {} {}",
    "which weights it sends would lie open, and sums need the same ones of all; use int8",
    "under secure aggregation {}",
    "the model has {} weights, and sums under encryption take seconds above {}",
    "{}; use masks",
    "{} institutions in one sum under encryption, which has room for {}",
    "{} institutions in one sum of eight bits a weight, which has room for {}",
    "{}; set privacy.secure.groups to divide them",
    "not better than",
    "pooled {} {} is {} the active version's {}",
    "an administrator approves it at the gateway or with `fedcare node approve {}`",
    "plan {}: {}; {}",
    "{} answer within {} s",
    "Not connected: {}. ",
    "{}Start their nodes (`fedcare node run`), or lower min_available.",
    " in {}",
    "one of {}",
    "`{}`{}",
    " Classes are told apart at a probability of {}, chosen on validation rows.",
    'Probabilities are calibrated on {} validation rows. Between {} and {} its answer is "not sure": a human should '
    "decide.",
    "{} at delta {}",
    "at delta {}",
    "at least {} {}, with {} confidence",
    "{} of {}",
    "{} = {}",
    "up to {}",
    "clipped to {} with noise {}",
    "{} of rows recovered from the gradients of batches of {}, {} when {}",
    "images recovered to a likeness (SSIM) of {}, {} when {}",
]
WHOLE = [
    "it has 6 cells where the header has 7; it runs on to line 9, so a quote may be left open",
    "it must be a whole number that is not too large",
    "it must be a number that is not too large",
    "it must have 12 characters or more",
    "it must have 2 entries or more",
    "'x' is not one of a, b, c and 4 more",
    "the row is missing, at the end",
    "rows 3 to 5 are missing, at the end",
    "the task has no such feature; is 'age' meant?",
    "the task has no such feature; there are age, bmi",
    "age = 200 lies outside the range 0 to 130 years: the prediction is unreliable",
    "age = 95 lies outside what the model has seen, 18 to 64 years",
    "sex is missing: the federation's most frequent category stands for it",
    "region is missing: it counts as a category of its own",
    "children is missing: 0 stands for it",
    "sex has the unknown category 'x', which is treated as missing: the federation's most frequent category stands for"
    " it",
    "region has the unknown category 'x', which is treated as missing: it counts as a category of its own",
    "under secure aggregation which weights it sends would lie open, and sums need the same ones of all; use int8",
    "the model has 12000 weights, and sums under encryption take seconds above 9000; use masks",
    "130 institutions in one sum under encryption, which has room for 128; set privacy.secure.groups to divide them",
    "130 institutions in one sum of eight bits a weight, which has room for 127; set privacy.secure.groups to divide"
    " them",
    "pooled r2 0.84 is better than the active version's 0.82",
    "pooled r2 0.84 is not better than the active version's 0.86",
    "plan 5f70bf18a086: it has not been approved here, and no standing rule covers its task; an administrator approves"
    " it at the gateway or with `fedcare node approve 5f70bf18a086`",
    "no answer within 60 s",
    "not connected, no answer within 60 s",
    "Start their nodes (`fedcare node run`), or lower min_available.",
    "Not connected: B. Start their nodes (`fedcare node run`), or lower min_available.",
    "the mean of its masked group: weights hold NaN or infinity",
    "waits for B, 60 s at most",
]
# For readers of the API's document.
DESCRIBING = {"description", "examples", "json_schema_extra"}
# Whose text reaches a page inside of another's, or as the reason for which a run ended.
INNER = (
    errors.PlanRefused, errors.SecureSumFailed, errors.QuorumLost, errors.NothingAccepted, errors.BudgetSpent,
    errors.TooFewRecords, errors.OneClassOnly, errors.TooFewInstitutions, errors.BadUpdate, errors.BadSetting,
    errors.UnknownTask, errors.UnknownStrategy, errors.EngineUnavailable, errors.MissingData, errors.FileMissing,
    errors.UnreadableFile, errors.BadRecords, errors.CorruptModel, errors.MissingModel, errors.UntrustedVersion,
    errors.UnusableModel, errors.StorageFull, errors.DatabaseUnavailable, errors.CoordinatorUnreachable,
)  # fmt: skip


@pytest.fixture(scope="module")
def book() -> re.Pattern[str]:
    """Matches what the message file has a sentence for."""
    told = list(_texts(json.loads(ENGLISH.read_text(encoding="utf-8"))))
    return re.compile("|".join("(?:" + ".+?".join(map(re.escape, re.split(r"{{\w+}}", text))) + ")" for text in told))


def _texts(messages: dict[str, object]) -> Iterator[str]:
    for value in messages.values():
        if isinstance(value, dict):
            yield from _texts(value)
        else:
            yield str(value)


@pytest.mark.parametrize("room", SAYING)
def test_every_reason_has_its_sentence_in_the_console(room: str, book: re.Pattern[str]) -> None:
    files = [file for place in SAYING[room].split() for file in _files(SOURCE / room / place)]
    said = {text for file in files for text in _said(ast.parse(file.read_text(encoding="utf-8")))}
    unknown = sorted(text for text in said - {*UNSAID, *PIECES} if not book.fullmatch(text.replace("{}", "<value>")))
    assert not unknown, "console/src/messages/sentences lacks them, in each language"


@pytest.mark.parametrize("text", WHOLE)
def test_a_sentence_put_together_is_known_as_a_whole(text: str, book: re.Pattern[str]) -> None:
    assert book.fullmatch(text)


@pytest.mark.parametrize("kind", INNER, ids=lambda kind: kind.code)
def test_a_failure_inside_of_another_is_known(kind: type[errors.FedCareError], book: re.Pattern[str]) -> None:
    assert book.fullmatch(re.sub(r"{[^}]+}", "<value>", kind.text))


@pytest.mark.parametrize("name", ["breast-cancer", "cancer-imaging", "diabetes", "insurance-cost"])
def test_a_built_in_task_is_described_in_every_language(name: str, book: re.Pattern[str]) -> None:
    task = get(name)
    columns = [name for name in getattr(task.records, "feature_names", ()) if " " in name]
    assert [text for text in (task.title, task.description, *columns) if not book.fullmatch(text)] == []


def _files(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def _said(tree: ast.Module) -> Iterator[str]:
    """Texts of three words or more, ``{}`` for each value, without docstrings, logs, descriptions and SQL."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        text = _text(node)
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            waiting += [value for key, value in pairs if key is None or _text(key) not in DESCRIBING]
        elif text is None:
            waiting += [inner for inner in ast.iter_child_nodes(node) if not _is_aside(inner)]
        elif text.count(" ") >= 2 and "\n" not in text:
            yield text


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None and right is None else (left or "{}") + (right or "{}")
    return None


def _is_aside(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.keyword):
        return node.arg in DESCRIBING
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called.startswith("log.") or called in {"text", "ValueError.__init__"}
    return False
