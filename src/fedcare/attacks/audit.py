"""All attacks on one run, and what they found as one JSON object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fedcare.attacks import inverted_images, inverted_rows, membership, one_run
from fedcare.attacks.inverted_images import InvertedImages
from fedcare.attacks.inverted_rows import InvertedRows
from fedcare.attacks.membership import Membership
from fedcare.attacks.one_run import OneRun
from fedcare.attacks.target import Target
from fedcare.attacks.telling import Telling
from fedcare.errors import BadSetting
from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import epsilon
from fedcare.privacy.planned import planned_uses

# Digits that figures are told with; more would be noise.
DIGITS = 4


class Watch(Protocol):
    """Whoever shows an audit to its user."""

    def part(self, what: str) -> Callable[[int, int], None]:
        """An attack begins; what comes back hears how many of how many parts of it are done."""
        ...


@dataclass(frozen=True)
class Effort:
    """``shadows``: models trained for the attack on membership, even; ``canaries``: records planted in all.

    ``confidence``: with which a lower bound on epsilon is told, 0 to 1.
    """

    shadows: int = membership.SHADOWS
    canaries: int = one_run.CANARIES
    confidence: float = one_run.CONFIDENCE


@dataclass(frozen=True)
class Found:
    """What every attack found. ``one_run`` is None under batch norm, where no row has a gradient of its own.

    ``claimed`` is the epsilon of the plan at ``delta``, None where it promises none.
    """

    claimed: float | None
    delta: float
    membership: Membership
    one_run: OneRun | None
    inversion: InvertedRows | InvertedImages

    @property
    def measured(self) -> float | None:
        """The epsilon that the run has at least, as far as it could be measured.

        Where the plan promises Gaussian noise, what so much noise would let be guessed counts as well.
        """
        if self.one_run is None:
            return None
        either = (self.one_run.any_mechanism, self.one_run.gaussian if self.claimed is not None else 0.0)
        return max(either)

    @property
    def broken(self) -> bool:
        """Whether the run has a greater epsilon than it claims."""
        return self.claimed is not None and self.measured is not None and self.measured > self.claimed


def audit(target: Target, effort: Effort, seed: int, watch: Watch) -> Found:
    """Attack a run; the same seed gives the same figures. Raises BadSetting for an effort that proves nothing."""
    _check(effort)
    study, version = target.study, target.version
    claimed, delta = claim(study.plan)
    _, vector = version.weights()
    images = study.task.records.kind == "image"
    telling = watch.part("membership" if images else "membership, with shadow models")
    members = membership.attack(study, vector, version.preprocessing, effort.shadows, seed, telling)
    planted = None
    if one_run.is_possible(study.task):
        planted = one_run.audit(
            study, effort.canaries, delta, effort.confidence, seed, watch.part("one training with canaries")
        )
    inversion: InvertedRows | InvertedImages
    if images:
        inversion = inverted_images.attack(study, version.preprocessing, seed, watch.part("images from gradients"))
    else:
        inversion = inverted_rows.attack(study, version.preprocessing, seed)
    return Found(claimed, delta, members, planted, inversion)


def claim(plan: TrainingPlan) -> tuple[float | None, float]:
    """The epsilon that a plan promises to every patient, None for none, and at which delta."""
    dp = plan.privacy.dp
    return (epsilon(planned_uses(plan), dp.delta) if dp.enabled else None), dp.delta


def _check(effort: Effort) -> None:
    if effort.shadows < membership.FEWEST or effort.shadows % 2:
        reason = f"it must be an even number from {membership.FEWEST} on"
        raise BadSetting(setting="--shadows", value=effort.shadows, reason=reason)
    if effort.canaries < one_run.FEWEST:
        raise BadSetting(
            setting="--canaries", value=effort.canaries, reason=f"fewer than {one_run.FEWEST} prove nothing"
        )


# -- as JSON ----------------------------------------------------------------------------------------------------------


def to_json(found: Found, run: str, effort: Effort, seed: int) -> dict[str, Any]:
    """What ``--json`` prints, what is stored beside the run, and what its version's card tells: figures, no records."""
    planted = found.one_run
    return {
        "run": run,
        "seed": seed,
        "epsilon_claimed": _short(found.claimed),
        "epsilon_measured": _short(found.measured),
        "delta": found.delta,
        "confidence": effort.confidence,
        "broken": found.broken,
        "membership": _membership(found.membership),
        "canaries": None if planted is None else _canaries(planted),
        "inversion": _inversion(found.inversion),
    }


def _membership(found: Membership) -> dict[str, Any]:
    counts = {"method": found.method, "shadows": found.shadows, "members": found.members, "others": found.others}
    return counts | _telling(found.telling)


def _canaries(found: OneRun) -> dict[str, Any]:
    guesses = [{"guessed": guess.guessed, "right": guess.right} for guess in found.guesses]
    bounds = {"any_mechanism": _short(found.any_mechanism), "gaussian": _short(found.gaussian)}
    return {"canaries": found.canaries, "guesses": guesses, "epsilon_at_least": bounds} | _telling(found.telling)


def _telling(telling: Telling) -> dict[str, Any]:
    curve = {"fpr": [_short(x) for x in telling.curve[0]], "tpr": [_short(y) for y in telling.curve[1]]}
    return {"auc": _short(telling.auc), "error": _short(telling.error), "tpr_at_1_percent": _short(telling.tpr)} | {
        "curve": curve
    }


def _inversion(found: InvertedRows | InvertedImages) -> dict[str, Any]:
    protection = {"clip": found.protection.clip, "noise_multiplier": _short(found.protection.noise)}
    if isinstance(found, InvertedRows):
        shares = {"plain": _short(found.plain), "protected": _short(found.protected)}
        return {"of": "rows", "rows": found.rows, "batch": found.batch, "recovered": shares, "protection": protection}
    return {
        "of": "images",
        "images": len(found.originals),
        "ssim": {"plain": _short(found.plain), "protected": _short(found.protected)},
        "psnr": {"plain": _short(found.plain_noise), "protected": _short(found.protected_noise)},
        "protection": protection,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(float(value), DIGITS)
