"""What must hold for models as they are built."""

import pytest
import torch

from fedcare.models.build import build
from fedcare.models.layers import Conv2d, initialise
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.models.vector import manifest_of, vector_of


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def test_resnet_has_about_eleven_million_parameters():
    learned = manifest_of(build(ResNetSpec(), 0, 2, seed=1)).learned_size
    assert learned == 11_171_266


def test_mlp_has_the_declared_layers():
    manifest = manifest_of(build(MLPSpec(), 11, 1, seed=1))
    shapes = [entry.shape for entry in manifest.entries]
    assert shapes == [(128, 11), (128,), (64, 128), (64,), (32, 64), (32,), (1, 32), (1,)]


@pytest.mark.parametrize("norm", ["batch", "group"])
@pytest.mark.parametrize("side", [28, 64, 65])
def test_resnet_takes_any_side_and_gives_one_logit_per_class(norm, side):
    model = build(ResNetSpec(norm=norm), 0, 3, seed=1)
    outputs = model(drawn(2, 1, side, side))
    assert outputs.shape == (2, 3)
    assert torch.isfinite(outputs).all()


def test_group_norm_leaves_no_state_and_treats_rows_alone():
    model = build(ResNetSpec(norm="group"), 0, 2, seed=1)
    assert manifest_of(model).size == manifest_of(model).learned_size == 11_171_266
    images = drawn(3, 1, 28, 28)
    model.train()
    torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-4, atol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    for spec in (MLPSpec(), ResNetSpec()):
        first, second, third = (vector_of(build(spec, 5, 2, seed)) for seed in (7, 7, 8))
        assert (first == second).all()
        assert (first != third).any()


def test_building_neither_reads_nor_moves_the_process_random_state():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = vector_of(build(MLPSpec(dropout=0.5), 5, 2, seed=7))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert (first == vector_of(build(MLPSpec(dropout=0.5), 5, 2, seed=7))).all()


def test_weights_have_kaiming_spread():
    model = build(ResNetSpec(), 0, 2, seed=3)
    weight = model.blocks[2].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    assert model.linear.weight.abs().max().item() <= 512**-0.5


def test_dropout_masks_follow_their_seed_and_rest_in_evaluation():
    model = build(MLPSpec(hidden=(64,), dropout=0.5), 4, 2, seed=1)
    rows = drawn(8, 4)

    def outputs(seed):
        model.dropouts[0].reseed(seed)
        return model(rows)

    model.train()
    assert torch.equal(outputs(5), outputs(5))
    assert not torch.equal(outputs(5), outputs(6))
    model.eval()
    assert torch.equal(outputs(5), outputs(6))


@pytest.mark.parametrize(("kernel", "padding", "stride"), [(3, 1, 1), (3, 1, 2), (1, 0, 1), (7, 3, 2)])
def test_a_convolution_on_one_pixel_is_the_ordinary_one(kernel, padding, stride):
    quick = Conv2d(5, 4, kernel, stride=stride, padding=padding, bias=False)
    initialise(quick, torch.Generator().manual_seed(1))
    pixel = torch.randn(6, 5, 1, 1, generator=torch.Generator().manual_seed(2))
    ordinary = torch.nn.functional.conv2d(pixel, quick.weight, stride=stride, padding=padding)
    torch.testing.assert_close(quick(pixel), ordinary, atol=1e-5, rtol=1e-5)
    gradients = [torch.autograd.grad(out.square().sum(), quick.weight)[0] for out in (quick(pixel), ordinary)]
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-4)
