"""What must hold for the choice of device."""

import pytest
import torch

from fedcare.errors import BadSetting
from fedcare.training.device import choose


def test_auto_finds_a_device_that_works():
    assert (torch.ones(2, device=choose("auto")) + 1).sum().item() == 4.0


def test_cpu_is_always_there():
    assert choose("cpu") == torch.device("cpu")


def test_an_unknown_word_is_refused():
    with pytest.raises(BadSetting, match="auto, cpu, cuda or mps"):
        choose("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_an_absent_device_is_refused():
    with pytest.raises(BadSetting, match="this machine has none"):
        choose("cuda")
