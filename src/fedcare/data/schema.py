"""What a task's records look like: features, their units and ranges, and the target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from fedcare.frozen import Frozen

Kind = Literal["regression", "binary", "multiclass"]


def _rising(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    if ends is not None and not ends[0] < ends[1]:
        raise ValueError("the lower end comes first")
    return ends


Ends = Annotated[tuple[float, float] | None, AfterValidator(_rising)]


class NumericFeature(Frozen):
    """A number with its unit and the range outside which a value is a mistake.

    ``impute`` answers a missing value: ``mean`` takes the federation's mean, a number is taken as it stands, and
    ``refuse`` makes the row (or the prediction) invalid. ``integer`` refuses fractions. ``usual`` is where most values
    lie, from public knowledge: private training scales with it, since to ask the records would cost privacy.
    """

    name: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    usual: Ends = None
    integer: bool = False
    impute: Literal["mean", "refuse"] | float = "refuse"


class CategoricalFeature(Frozen):
    """One of a closed list of categories, compared without regard to case and outer spaces.

    ``impute`` answers a missing value: ``most-frequent`` over the federation, ``own-category`` (missing is a category
    of its own), one of the categories, or ``refuse``. ``unknown`` answers a category that is not in the list:
    ``refuse``, or ``missing`` to treat it like a missing value.
    """

    name: str
    categories: Annotated[tuple[str, ...], Field(min_length=2)]
    impute: str = "refuse"
    unknown: Literal["refuse", "missing"] = "refuse"

    @model_validator(mode="after")
    def _impute_is_known(self) -> CategoricalFeature:
        allowed = ("most-frequent", "own-category", "refuse", *self.categories)
        if self.impute not in allowed:
            raise ValueError(f"{self.name}: impute must be one of {', '.join(allowed)}")
        if len({category.casefold() for category in self.categories}) != len(self.categories):
            raise ValueError(f"{self.name}: two categories differ only in case")
        return self


class Target(Frozen):
    """What is predicted.

    ``name`` is the column; ``aliases`` are other names under which institutions keep it. ``classes`` are the classes in
    order, for ``binary`` the negative one first. ``unit``, ``minimum``, ``maximum`` and ``usual``, as of a feature,
    belong to ``regression``.
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    usual: Ends = None

    @model_validator(mode="after")
    def _classes_fit(self) -> Target:
        count = len(self.classes)
        if self.kind == "regression" and count:
            raise ValueError("a regression target has no classes")
        if self.kind == "binary" and count != 2:
            raise ValueError("a binary target has exactly two classes, the negative one first")
        if self.kind == "multiclass" and count < 3:
            raise ValueError("a multiclass target has at least three classes")
        return self


class TableSchema(Frozen):
    """Features and target of a table; every column that is not named here is ignored.

    ``missing`` are the texts that count as missing, after outer spaces are cut. ``leave_out`` names columns that must
    never become features (recorded after the outcome, or identifying): naming one in both places is refused.
    """

    kind: Literal["table"] = "table"
    target: Target
    numeric: tuple[NumericFeature, ...] = ()
    categorical: tuple[CategoricalFeature, ...] = ()
    missing: tuple[str, ...] = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None", ".")
    leave_out: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that are features: numeric ones first, each in its declared order."""
        return (*(f.name for f in self.numeric), *(f.name for f in self.categorical))

    @model_validator(mode="after")
    def _names_are_distinct(self) -> TableSchema:
        names = list(self.feature_names)
        if not names:
            raise ValueError("a table needs at least one feature")
        if len(set(names)) != len(names) or self.target.name in names:
            raise ValueError("a column is named twice among the features and the target")
        if forbidden := sorted(set(names) & set(self.leave_out)):
            raise ValueError(f"left out and yet a feature: {', '.join(forbidden)}")
        return self


class ImageSchema(Frozen):
    """Grey images of ``image_size`` x ``image_size`` pixels, 28 to 512, and the classes in label order."""

    kind: Literal["image"] = "image"
    target: Target
    image_size: int = Field(default=64, ge=28, le=512)

    @model_validator(mode="after")
    def _has_classes(self) -> ImageSchema:
        if self.target.kind == "regression":
            raise ValueError("an image task predicts a class")
        return self


Schema = Annotated[TableSchema | ImageSchema, Field(discriminator="kind")]
