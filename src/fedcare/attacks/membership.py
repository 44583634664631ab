"""Was this record among those the model was trained on?

Tables are attacked with shadow models (Carlini et al., S&P 2022): the plan is carried out again on random halves of the
simulation's records, so that each record is in half of the shadows, and the model under attack is asked which of the
two it resembles. Images are attacked by their loss alone (Yeom et al., CSF 2018), as shadows of a large model cost as
much as many runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fedcare.attacks.rerun import rerun, with_its_noise
from fedcare.attacks.telling import Flags, Floats, Telling, tell
from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json
from fedcare.data.records import Images, Institution, Records, Table
from fedcare.data.table_preprocessing import as_table
from fedcare.federation.site import device, working_model
from fedcare.federation.study import Study
from fedcare.models.vector import load_vector
from fedcare.plan import derive_seed
from fedcare.tasks.spec import Task
from fedcare.training.dataset import make_dataset
from fedcare.update import Vector

SHADOWS, FEWEST = 16, 4
# Images of each kind that are looked at.
MOST_IMAGES = 2000
WINDOW = 64
# A record's own variance over the shadows counts as much as this many shadows of the usual one.
BORROWED = 4.0
# No variance is smaller: shadows may agree to the last bit.
LEAST = 1e-12

OnShadow = Callable[[int, int], None]
"""Hears of each shadow model that stands, of images of each institution: its number, and how many there are."""


@dataclass(frozen=True)
class Membership:
    """What the attack found: by which ``method``, with how many ``shadows``, on how many records of each kind."""

    method: str
    shadows: int
    members: int
    others: int
    telling: Telling


def attack(
    study: Study, vector: Vector, preprocessing: Preprocessing, shadows: int, seed: int, on_shadow: OnShadow
) -> Membership:
    """Attack the model of ``vector``: training rows are members, validation rows are not."""
    few, images = _few(study), isinstance(study.institutions[0].train, Images)
    found = []
    for place, each in enumerate(few, 1):
        found.append(_signals(study.task, vector, preprocessing, _all_rows(each)))
        if images:
            on_shadow(place, len(few))
    signals, members = np.concatenate(found), np.concatenate([_flags(each) for each in few])
    if images:
        method, shadows, scores = "loss threshold", 0, signals
    else:
        method, scores = "shadow models", _against_shadows(study, signals, shadows, seed, on_shadow)
    return Membership(method, shadows, int(members.sum()), int((~members).sum()), tell(scores, members))


def _against_shadows(study: Study, signals: Floats, shadows: int, seed: int, on_shadow: OnShadow) -> Floats:
    """The log likelihood ratio of each record's signal, in over out, from normal distributions over the shadows.

    Means are a record's own. Variances are shrunk towards the usual one, as a handful of shadows cannot tell them.
    """
    inside, seen = zip(*(_shadow(study, k, shadows, seed, on_shadow) for k in range(shadows)), strict=True)
    was_in, found = np.stack(inside), np.stack(seen)
    mean_in = np.average(found, axis=0, weights=was_in)
    mean_out = np.average(found, axis=0, weights=~was_in)
    own = np.square(found - np.where(was_in, mean_in, mean_out)).mean(axis=0)
    variance = (shadows * own + BORROWED * float(np.median(own))) / (shadows + BORROWED) + LEAST
    ratio: Floats = (np.square(signals - mean_out) - np.square(signals - mean_in)) / (2.0 * variance)
    return ratio


def _shadow(study: Study, number: int, of: int, seed: int, on_shadow: OnShadow) -> tuple[Flags, Floats]:
    """Which records a shadow model was trained on, and its signal for every record."""
    # Two in a row are trained on opposite halves, so that each record is in just half of all shadows.
    pair, turned = divmod(number, 2)
    halves, flags = [], []
    for each in study.institutions:
        rows, random = _all_rows(each), np.random.default_rng(derive_seed(seed, "shadow", pair, each.name))
        inside = (random.permutation(len(rows)) % 2 == 0) ^ bool(turned)
        halves.append(Institution(each.name, rows.take(np.flatnonzero(inside)), rows.take(np.flatnonzero(~inside))))
        flags.append(inside)
    plan = with_its_noise(study.plan).model_copy(update={"seed": derive_seed(seed, "shadow", number)})
    outcome = rerun(plan, halves, lambda round_number, rounds: None)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    found = [_signals(study.task, outcome.state.best, preprocessing, _all_rows(each)) for each in study.institutions]
    on_shadow(number + 1, of)
    return np.concatenate(flags), np.concatenate(found)


# -- records and what a model says of them ----------------------------------------------------------------------------


def _all_rows(institution: Institution) -> Records:
    """Training rows, then validation rows."""
    train, validation = institution.train, institution.validation
    if isinstance(train, Table):
        return train.joined(as_table(validation))
    assert isinstance(validation, Images)
    return train.joined(validation)


def _flags(institution: Institution) -> Flags:
    return np.arange(len(institution.train) + len(institution.validation)) < len(institution.train)


def _few(study: Study) -> list[Institution]:
    """The institutions; of images only so many of each kind that looking at them takes seconds."""
    if not isinstance(study.institutions[0].train, Images):
        return list(study.institutions)
    most = MOST_IMAGES // len(study.institutions)
    return [
        Institution(each.name, _first(each.train, most), _first(each.validation, most)) for each in study.institutions
    ]


def _first(records: Records, most: int) -> Records:
    """At most so many rows, spread over all of them."""
    return records.take(np.unique(np.linspace(0, len(records) - 1, min(most, len(records))).astype(np.int64)))


@torch.no_grad()
def _signals(task: Task, vector: Vector, preprocessing: Preprocessing, records: Records) -> Floats:
    """What a model gives away of each record, float64 ``(rows,)``.

    Classes: the log odds of the true one, which rise as the loss falls. Numbers: the error, in standardised units.
    """
    data = make_dataset(preprocessing, records, device())
    model = working_model(task, len(preprocessing.feature_names))
    load_vector(model, vector)
    model.eval()
    size = WINDOW if data.is_images else len(data)
    windows = [model(data.window(start, start + size)) for start in range(0, len(data), size)]
    outputs, targets = torch.cat(windows).double().cpu().numpy(), data.targets.cpu().numpy()
    if data.is_regression:
        return np.asarray(outputs[:, 0] - targets, dtype=np.float64)
    return _log_odds(outputs, targets)


def _log_odds(outputs: Floats, targets: npt.NDArray[np.int64]) -> Floats:
    """Log odds of the true class, from the outputs themselves, so that nothing is lost near 0 and 1."""
    true = outputs[np.arange(len(targets)), targets]
    others = outputs.copy()
    others[np.arange(len(targets)), targets] = -np.inf
    top = others.max(axis=1)
    odds: Floats = true - top - np.log(np.exp(others - top[:, None]).sum(axis=1))
    return odds
