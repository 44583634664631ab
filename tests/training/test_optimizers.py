"""What must hold for the optimisers."""

import subprocess
import sys

import pytest
import torch

from fedcare.plan import LocalTraining
from fedcare.training.optimizers import learning_rate, make_optimizer


def after_steps(step, parameters, steps=20):
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        step([torch.randn(parameter.shape, generator=generator) for parameter in parameters])
    return parameters


def with_torch(make, shapes):
    parameters = [torch.ones(shape, requires_grad=True) for shape in shapes]
    optimizer = make(parameters)

    def step(gradients):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()

    return after_steps(step, parameters)


def with_ours(local, shapes):
    parameters = [torch.ones(shape, requires_grad=True) for shape in shapes]
    optimizer = make_optimizer(parameters, local)
    return after_steps(lambda gradients: optimizer.step(gradients, local.lr), parameters)


SHAPES = [(7, 3), (7,), (1, 7)]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_equals_the_one_of_torch(decay):
    local = LocalTraining(lr=0.01, weight_decay=decay)
    expected = with_torch(lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=decay), SHAPES)
    torch.testing.assert_close(with_ours(local, SHAPES), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_equals_the_one_of_torch(momentum):
    local = LocalTraining(optimizer="sgd", lr=0.05, momentum=momentum)
    expected = with_torch(lambda p: torch.optim.SGD(p, lr=0.05, momentum=momentum), SHAPES)
    torch.testing.assert_close(with_ours(local, SHAPES), expected, rtol=1e-6, atol=1e-6)


def test_weight_decay_of_sgd_shrinks_the_weights_beside_the_velocity():
    local = LocalTraining(optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=0.5)
    weight = torch.ones(3)
    optimizer = make_optimizer([weight], local)
    for _ in range(4):
        optimizer.step([torch.zeros(3)], 0.1)
    torch.testing.assert_close(weight, torch.full((3,), 0.95**4))


@pytest.mark.parametrize("local", [LocalTraining(), LocalTraining(optimizer="sgd", momentum=0.9)])
def test_first_rows_go_on_where_the_whole_stopped_and_leave_the_rest(local):
    whole, part = torch.ones(4, 3), torch.ones(4, 3)
    reference, narrowed = make_optimizer([whole], local), make_optimizer([part], local)
    gradient = torch.randn(4, 3)
    for optimizer in (reference, narrowed):
        optimizer.step([gradient], 0.1)
    rest = part[2:].clone()
    reference.step([gradient], 0.1)
    narrowed.first_rows(2).step([gradient[:2]], 0.1)
    torch.testing.assert_close(part[:2], whole[:2])
    assert torch.equal(part[2:], rest)


def test_the_cosine_schedule_falls_to_a_hundredth():
    local = LocalTraining(lr=0.1, lr_schedule="cosine")
    rates = [learning_rate(local, number, 11) for number in range(1, 12)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.1)
    assert rates[5] == pytest.approx(0.0505)
    assert rates[-1] == pytest.approx(0.001)
    assert learning_rate(local, 1, 1) == 0.1
    assert learning_rate(LocalTraining(lr=0.1), 7, 10) == 0.1


def test_a_step_does_not_import_the_compiler():
    code = (
        "import sys, torch\n"
        "from fedcare.plan import LocalTraining\n"
        "from fedcare.training.optimizers import make_optimizer\n"
        "for name in ('adam', 'sgd'):\n"
        "    weight = torch.ones(3)\n"
        "    make_optimizer([weight], LocalTraining(optimizer=name, momentum=.5)).step([weight.clone()], .1)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
