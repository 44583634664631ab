"""Preprocessing from what is declared of the features alone, without a look at any record: what private runs use.

A feature is scaled by where its values usually lie (``usual``), else by its whole declared range: the middle counts as
mean and a quarter of the width as deviation, as if nineteen of twenty values lay inside. Missing numbers become the
middle, missing categories the first that is declared.
"""

from __future__ import annotations

from fedcare.data.image_preprocessing import ImagePreprocessing
from fedcare.data.preprocessing import Preprocessing
from fedcare.data.schema import ImageSchema, NumericFeature, TableSchema, Target
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.errors import BadSetting

# Half a byte's range, and the deviation of pixels between nearly black and nearly white.
IMAGE_MEAN, IMAGE_SCALE = 0.5, 0.25


def declared(schema: TableSchema | ImageSchema) -> Preprocessing:
    """The preprocessing that the schema gives; raises ``BadSetting`` naming what has no range."""
    if isinstance(schema, ImageSchema):
        return ImagePreprocessing(schema.image_size, schema.target.classes, IMAGE_MEAN, IMAGE_SCALE)
    require_ranges(schema)
    numbers = [_mean_and_scale(feature) for feature in schema.numeric]
    target = _mean_and_scale(schema.target) if schema.target.kind == "regression" else (0.0, 1.0)
    return TablePreprocessing(
        schema,
        means=tuple(mean for mean, _ in numbers),
        scales=tuple(scale for _, scale in numbers),
        frequent=(0,) * len(schema.categorical),
        target_mean=target[0],
        target_scale=target[1],
    )


def require_ranges(schema: TableSchema | ImageSchema) -> None:
    """Raise ``BadSetting`` naming the features, and a numeric target, of which no range is declared."""
    if isinstance(schema, ImageSchema):
        return
    numbers: list[NumericFeature | Target] = [*schema.numeric]
    if schema.target.kind == "regression":
        numbers.append(schema.target)
    if without := [each.name for each in numbers if _range(each) is None]:
        reason = (
            f"no range is declared for {', '.join(without)}, and to ask the records would cost privacy: declare"
            " `usual = [low, high]`, from public knowledge, or both minimum and maximum"
        )
        raise BadSetting(setting="privacy.dp.enabled", value=True, reason=reason)


def _mean_and_scale(each: NumericFeature | Target) -> tuple[float, float]:
    low, high = _range(each) or (-2.0, 2.0)
    return (low + high) / 2.0, (high - low) / 4.0


def _range(each: NumericFeature | Target) -> tuple[float, float] | None:
    if each.usual is not None:
        return each.usual
    return None if each.minimum is None or each.maximum is None else (each.minimum, each.maximum)
