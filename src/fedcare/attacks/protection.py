"""What stands between a gradient and whoever sees it: clipping and noise, as the plan has them or would have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fedcare.plan import TrainingPlan
from fedcare.privacy.planned import noise_multiplier


@dataclass(frozen=True)
class Protection:
    """``clip``: the greatest norm of one row's gradient; ``noise``: the noise's deviation as a multiple of it."""

    clip: float
    noise: float

    def noisy(self, gradients: list[Tensor], random: np.random.Generator) -> list[Tensor]:
        """A sum of clipped gradients with the noise on it."""
        deviation = self.clip * self.noise
        return [each + torch.from_numpy(random.normal(0.0, deviation, each.shape)).to(each.dtype) for each in gradients]


def protection_of(plan: TrainingPlan) -> Protection:
    """The plan's own protection; of a plan without any, what it would have if it were only turned on."""
    dp = plan.privacy.dp
    return Protection(dp.clip, noise_multiplier(plan) if dp.enabled else dp.noise_multiplier)
