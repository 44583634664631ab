"""How large a task's model is, from its declaration alone: a gateway makes plans without loading torch."""

from __future__ import annotations

from itertools import pairwise

from fedcare.data.schema import ImageSchema
from fedcare.models.spec import MLPSpec, ResNetSpec, ScatteringSpec
from fedcare.tasks.spec import Task


def feature_count(task: Task) -> int:
    """Width of a table's input vector: a task's schema fixes it before any record is seen; 1 for images."""
    if isinstance(task.records, ImageSchema):
        return 1
    own = sum(feature.impute == "own-category" for feature in task.records.categorical)
    return len(task.records.numeric) + own + sum(len(feature.categories) for feature in task.records.categorical)


def weight_count(task: Task) -> int:
    """Numbers in the model's flat vector, batch norm's running statistics included."""
    outputs = max(1, len(task.records.target.classes))
    if isinstance(task.model, MLPSpec):
        widths = (feature_count(task), *task.model.hidden, outputs)
        return sum((before + 1) * after for before, after in pairwise(widths))
    if isinstance(task.model, ScatteringSpec):
        return (task.model.channels * task.model.places**2 + 1) * outputs
    return _resnet(task.model, outputs)


def _resnet(spec: ResNetSpec, outputs: int) -> int:
    stages = [spec.width << stage for stage in range(4)]
    convolutions, normed = 7 * 7 * spec.width, spec.width
    for stage, channels in enumerate(stages):
        before = stages[stage - 1] if stage else channels
        # Two blocks of two 3x3 convolutions; the first of a later stage has a 1x1 one beside them.
        convolutions += 9 * before * channels + 3 * 9 * channels**2 + (before * channels if stage else 0)
        normed += (5 if stage else 4) * channels
    return convolutions + (4 if spec.norm == "batch" else 2) * normed + (stages[-1] + 1) * outputs
