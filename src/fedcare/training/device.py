"""Which device trains, and on how many threads."""

from __future__ import annotations

import os

import torch

from fedcare.errors import BadSetting
from fedcare.models.spec import MLPSpec, ModelSpec

ALL_THREADS = torch.get_num_threads()
# From this many perceptrons on, two threads train them in three quarters of the time of one; below, in as much.
WORTH_SHARING = 8


def choose(setting: str) -> torch.device:
    """The device for ``auto`` (CUDA before MPS before CPU), ``cuda``, ``mps`` or ``cpu``.

    Raises ``BadSetting`` for any other word and for a device that this machine lacks. On a GPU it also asks torch for
    deterministic kernels, so that a resumed run repeats its bits.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if setting == "auto":
        setting = next(name for name, available in present.items() if available)
    if setting not in present:
        raise BadSetting(setting="device", value=setting, reason="it must be auto, cpu, cuda or mps")
    if not present[setting]:
        raise BadSetting(setting="device", value=setting, reason="this machine has none")
    if setting == "cuda":
        _ask_for_determinism()
    return torch.device(setting)


def use_threads_for(spec: ModelSpec, together: int = 1) -> None:
    """A perceptron computes on one thread; convolutions, and many perceptrons ``together``, on all that torch takes.

    One perceptron's products are too small to share out: a second thread only waits for the first, and on a busy
    machine waits long. One thread also adds up in one order, whatever machine a run is resumed on; perceptrons that
    train together keep that order, since threads share out the models and never one model's sums.
    """
    shared = not isinstance(spec, MLPSpec) or together >= WORTH_SHARING
    torch.set_num_threads(ALL_THREADS if shared else 1)


def _ask_for_determinism() -> None:
    """The CPU's kernels repeat their bits as they are; CUDA's do only when asked, and cuBLAS needs fixed workspaces."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
