"""Federated averaging as one would write it by hand in PyTorch: what FedCare's overhead is measured against.

Plain ``torch.nn`` modules, ``torch.optim.AdamW`` with its fused kernel (the quickest of its kinds here), tensors that
are preprocessed beforehand, no DataLoader, no messages, no checkpoint, no check of what comes back, and torch's own
choice of threads and of how they wait. The institutions train one after the other from the global weights; their
weights are averaged by rows and judged on everybody's validation rows. Batches come in the order that FedCare uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fedcare.data.preprocessing import add_up, fit, statistics
from fedcare.data.records import Records
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study
from fedcare.models.build import build, mlp_widths
from fedcare.models.layers import Conv2d
from fedcare.models.spec import MLPSpec
from fedcare.models.vector import load_vector, vector_of
from fedcare.plan import derive_seed
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task
from fedcare.training.batches import edges, shuffler

Rows = tuple[Tensor, Tensor]
State = Mapping[str, Tensor]
EVALUATION_ROWS = 256


class BareLoop:
    """A study's rounds without FedCare."""

    def __init__(self, study: Study) -> None:
        self._plan, self._task = study.plan, study.task
        schema = self._task.records
        self._preprocessing = fit(schema, add_up(statistics(schema, each.train) for each in study.institutions))
        self._train = {each.name: self._rows(each.train) for each in study.institutions}
        validation = [self._rows(each.validation) for each in study.institutions]
        self._validation = tuple(torch.cat(parts) for parts in zip(*validation, strict=True))
        self.model = _model(self._task)
        _, initial = initial_weights(self._task, self._plan.seed, feature_count(self._task))
        load_vector(self.model, initial)

    def round(self, number: int) -> dict[str, float]:
        """Train everywhere, average, evaluate."""
        origin = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        total = sum(len(targets) for _, targets in self._train.values())
        updates: list[tuple[float, State]] = []
        for name, rows in self._train.items():
            self.model.load_state_dict(origin)
            self._fit(rows, derive_seed(self._plan.seed, number, name, "train"))
            state = {key: tensor.clone() for key, tensor in self.model.state_dict().items()}
            updates.append((len(rows[1]) / total, state))
        self.model.load_state_dict(_mean(updates))
        return self._evaluate()

    def vector(self) -> npt.NDArray[np.float32]:
        """The global weights in FedCare's order."""
        return vector_of(self.model)

    def _rows(self, records: Records) -> Rows:
        inputs = torch.from_numpy(np.ascontiguousarray(self._preprocessing.inputs(records)))
        if inputs.dtype == torch.uint8:
            inputs = (inputs.float() / 255.0 - self._preprocessing.input_mean) / self._preprocessing.input_scale
        return inputs, torch.from_numpy(self._preprocessing.targets(records))

    def _fit(self, rows: Rows, seed: int) -> None:
        inputs, targets = rows
        local, order = self._plan.local, shuffler(seed)
        adam = torch.optim.AdamW(self.model.parameters(), lr=local.lr, weight_decay=local.weight_decay, fused=True)
        self.model.train()
        for _ in range(local.epochs):
            places = torch.from_numpy(order.permutation(len(targets)))
            for start, stop in edges(len(targets), local):
                batch = places[start:stop]
                adam.zero_grad(set_to_none=True)
                self._loss(self.model(inputs[batch]), targets[batch]).backward()  # type: ignore[no-untyped-call]
                adam.step()

    def _loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self._task.kind == "regression":
            lossy = functional.mse_loss if self._plan.local.loss == "mse" else functional.huber_loss
            return lossy(outputs[:, 0], targets)
        return functional.cross_entropy(outputs, targets)

    @torch.no_grad()
    def _evaluate(self) -> dict[str, float]:
        inputs, targets = self._validation
        self.model.eval()
        size = len(inputs) if isinstance(self._task.model, MLPSpec) else EVALUATION_ROWS
        outputs = torch.cat([self.model(part) for part in torch.split(inputs, size)]).double()
        if self._task.kind == "regression":
            error = (outputs[:, 0] - targets) * self._preprocessing.target_scale
            value = targets.double() * self._preprocessing.target_scale
            squares, spread = error.square().sum(), (value - value.mean()).square().sum()
            return {"mae": float(error.abs().mean()), "r2": float(1.0 - squares / spread)}
        accuracy = (outputs.argmax(1) == targets).double().mean()
        loss = functional.cross_entropy(outputs, targets)
        return {"loss": float(loss), "accuracy": float(accuracy)}


def _mean(updates: list[tuple[float, State]]) -> State:
    first = updates[0][1]
    return {
        name: sum((share * state[name] for share, state in updates), start=torch.zeros_like(first[name]))
        if first[name].is_floating_point()
        else first[name]
        for name in first
    }


def _model(task: Task) -> nn.Module:
    """The plain perceptron in ``nn.Sequential``; the ResNet of torch's own convolutions, without FedCare's shortcut."""
    outputs = max(1, len(task.records.target.classes))
    if not isinstance(task.model, MLPSpec):
        model = build(task.model, feature_count(task), outputs, seed=0)
        for layer in model.modules():
            if isinstance(layer, Conv2d):
                layer.__class__ = nn.Conv2d
        return model
    layers: list[nn.Module] = []
    for before, after in pairwise(mlp_widths(task.model, feature_count(task), outputs)):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
