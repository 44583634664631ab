"""What must hold for the choice of device."""

import pytest
import torch

from fedcare.errors import BadSetting
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.training.device import ALL_THREADS, choose, use_threads_for


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


def test_only_what_is_large_enough_shares_out_its_work():
    for spec, together, expected in ((ResNetSpec(), 1, ALL_THREADS), (MLPSpec(), 1, 1), (MLPSpec(), 100, ALL_THREADS)):
        use_threads_for(spec, together)
        assert torch.get_num_threads() == expected
