"""What a plan promises about privacy, and how it holds against a member that errs or lies: frozen parts of the plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fedcare.frozen import Count, Fraction, Frozen

Positive = Annotated[float, Field(gt=0.0)]


class DifferentialPrivacy(Frozen):
    """Record-level differential privacy at every institution: DP-SGD (Abadi et al., CCS 2016), two data sets being
    neighbours when one has a record more.

    ``enabled`` turns it on; everything that then leaves an institution is charged to its privacy budget.
    ``epsilon`` is what the whole run may cost each patient, at ``delta``; the noise is found from it. Without it
    ``noise_multiplier`` counts: the noise's deviation as a multiple of ``clip``, the greatest norm of one record's
    gradient. ``sample_rate`` is the chance of each record to be in a step's batch (Poisson), in place of a batch size;
    a pass over the rows is 1 / ``sample_rate`` steps, whatever the number of rows. ``count_noise`` is the deviation of
    the noise, in rows, on the number of rows that an institution tells; None lets it take a fiftieth of what training
    costs. ``evaluation``: whether the last model is judged on held-out rows, with ``evaluation_noise`` times the
    greatest share of one row as deviation, None for a twentieth of the cost; there is no judgement between rounds.
    ``seeded_noise`` draws noise from the plan's seed: for tests alone, as whoever knows the plan can take it off again.
    """

    enabled: bool = False
    epsilon: Positive | None = None
    delta: float = Field(default=1e-5, gt=0.0, lt=0.1)
    noise_multiplier: Positive = 1.1
    clip: Positive = 1.0
    sample_rate: Fraction = 0.1
    count_noise: Positive | None = None
    evaluation: Literal["final", "none"] = "final"
    evaluation_noise: Positive | None = None
    seeded_noise: bool = False


class SecureAggregation(Frozen):
    """The coordinator learns the sum over institutions and nothing of a single one.

    ``enabled`` turns it on. ``method``: ``masks`` (Bonawitz et al., CCS 2017), or for small models homomorphic
    encryption, ``ckks`` (Cheon et al., ASIACRYPT 2017), whose key the institutions share; then one that helps the
    coordinator opens the answers of all. ``threshold``: share of those asked that must stay to the end
    of a sum, above one half; where ``c`` of n institutions help the coordinator, that takes more than (n + c) / 2.
    ``bound``: greatest absolute entry of what goes into the sum, a movement of the weights (batch norm's variances
    move by 12 in a first round on X-rays); a greater one is refused before anything is masked.
    ``stochastic_rounding`` rounds up or down by chance, so that the mean is kept.
    ``groups``: institutions are divided anew each round into as many masked groups, whose sums the coordinator sees, so
    that it can compare them and leave one out; 1 shows it one sum. ``least``: fewest institutions in a sum; a node may
    ask for more.
    """

    enabled: bool = False
    method: Literal["masks", "ckks"] = "masks"
    threshold: float = Field(default=0.6, gt=0.5, le=1.0)
    bound: Positive = 64.0
    stochastic_rounding: bool = False
    groups: Count = 1
    least: Annotated[int, Field(ge=2)] = 3


class Privacy(Frozen):
    """Who learns what: ``dp`` protects a patient from whoever sees the model, ``secure`` an institution from the
    coordinator."""

    dp: DifferentialPrivacy = DifferentialPrivacy()
    secure: SecureAggregation = SecureAggregation()


class Defence(Frozen):
    """Against a poisoning or broken member, beside what the strategy does.

    ``norm_bound``: greatest Euclidean norm of one institution's movement of the weights; a longer one is shortened at
    the node, and a coordinator that sees it, or the mean of a masked group, drops it. ``acceptance``: after each round
    the institutions judge the new weights on their validation rows, with all updates and without each, or each fifth,
    of them. Whose absence makes the deciding metric of the median institution better by more than this (errors and
    losses: by more than this share), or takes a quarter of its loss away, is left out of the round. A round that is
    still worse than the best one by more than this is rolled back. None accepts every round.
    """

    norm_bound: Positive | None = None
    acceptance: Annotated[float, Field(ge=0.0)] | None = None


class Compression(Frozen):
    """How a movement of the weights is made small on its way to the coordinator; what is lost is kept back and added to
    the next one (error feedback: Karimireddy et al., ICML 2019).

    ``method``: ``int8``, blocks of ``block`` numbers with a scale each, or ``topk``, the share ``keep`` of the greatest
    absolute entries, eight bytes each. Batch norm's running statistics travel as they are. Under secure aggregation
    ``int8`` takes a scale that all institutions share, from a sum of its own; ``topk`` is refused.
    """

    method: Literal["none", "int8", "topk"] = "none"
    block: Count = 256
    keep: float = Field(default=0.05, gt=0.0, le=0.5)
