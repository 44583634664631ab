"""What ``--private`` trains on images: a linear layer on fixed features, as noise spoils a network of many weights.

The settings were chosen on the validation images of PneumoniaMNIST; ``docs/privacy.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping

PRIVATE_IMAGES: Mapping[str, str] = {
    "model.kind": "scattering",
    "local.full_batch": "true",
    "local.optimizer": "sgd",
    "local.epochs": "6",
    "local.lr": "10.0",
    "local.lr_schedule": "constant",
    "local.weight_decay": "0",
    "local.augment": "none",
    "rounds.rounds": "10",
    "privacy.dp.clip": "1.0",
}
