"""A generator of insured persons with the schema and the known structure of the Medical Cost data.

The structure (Lantz, Machine Learning with R, and what regressions on that file show): charges grow with the square of
age and with every child; smoking adds a large amount that grows with the body mass index and jumps at 30; and about one
person in ten has costs that none of the columns explains. No record of the file is used, only these rules.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Loaded, Table

Floats = npt.NDArray[np.float64]

REGIONS = ("northeast", "northwest", "southeast", "southwest")
_REGION_SHARES = (0.2425, 0.2425, 0.272, 0.243)
_REGION_BMI = np.array([29.2, 29.2, 33.4, 30.6])
_CHILDREN_SHARES = (0.428, 0.242, 0.179, 0.117, 0.020, 0.014)
SMOKERS = 0.205
OBESE = 30.0  # kg/m2
LEAST, GREATEST = 1_100.0, 64_000.0  # dollars


def generate(num_samples: int, seed: int) -> Loaded:
    """That many persons: age 18 to 64, bmi 16 to 53, 0 to 5 children, a fifth smokers, charges in dollars.

    The same seed gives the same persons. The columns follow the task ``insurance-cost``; the categorical ones are
    groups as well.
    """
    rng = np.random.default_rng(seed)
    region = rng.choice(len(REGIONS), size=num_samples, p=_REGION_SHARES)
    age = rng.integers(18, 65, size=num_samples).astype(np.float64)
    bmi = np.clip(rng.normal(_REGION_BMI[region], 5.9), 16.0, 53.0).round(2)
    children = rng.choice(len(_CHILDREN_SHARES), size=num_samples, p=_CHILDREN_SHARES).astype(np.float64)
    male = rng.integers(0, 2, size=num_samples)
    smoker = (rng.random(num_samples) < SMOKERS).astype(np.int64)
    expected = expected_charges(age, bmi, children, male, smoker)
    return Loaded(
        Table(
            numeric={"age": age, "bmi": bmi, "children": children},
            categorical={"sex": male.astype(np.int64), "smoker": smoker, "region": region.astype(np.int64)},
            target=_with_chance(expected, rng),
            groups={
                "sex": np.array(["female", "male"])[male],
                "smoker": np.array(["no", "yes"])[smoker],
                "region": np.array(REGIONS)[region],
            },
        )
    )


def expected_charges(
    age: Floats, bmi: Floats, children: Floats, male: npt.NDArray[np.int64], smoker: npt.NDArray[np.int64]
) -> Floats:
    """What a person of these features costs in dollars before chance has its say."""
    everybody = 750.0 + 3.37 * age**2 + 600.0 * children - 450.0 * male
    smoking = 16_300.0 + 475.0 * (bmi - OBESE) + 14_700.0 * (bmi >= OBESE)
    result: Floats = everybody + smoker * smoking
    return result


def _with_chance(expected: Floats, rng: np.random.Generator) -> Floats:
    """Lognormal spread of a few percent for all, and an unexplained cost for one in ten."""
    spread = np.exp(rng.normal(0.0, 0.04, size=expected.shape))
    struck = rng.random(expected.shape) < 0.095
    unexplained = rng.lognormal(np.log(11_000.0), 0.55, size=expected.shape)
    return np.clip(expected * spread + struck * unexplained, LEAST, GREATEST).round(2)
