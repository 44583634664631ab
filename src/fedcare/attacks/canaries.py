"""Invented records that are put among the training rows by the throw of a coin, for somebody to guess of which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Images, Institution, Records, Table
from fedcare.data.schema import ImageSchema, NumericFeature, TableSchema, Target
from fedcare.data.table_preprocessing import as_table
from fedcare.plan import derive_seed

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Schema = TableSchema | ImageSchema

# How far canaries reach beyond the rows' mean where the schema declares no range, in deviations.
REACH = 4.0
# Images of its own that an institution trains on beside the canaries. What a plan promises does not depend on how many
# there are, and the attacker takes the gradient of each apart.
MOST_IMAGES = 100


@dataclass(frozen=True)
class Planted:
    """An institution with some canaries among its training rows, and what an attacker knows and wants to know.

    ``canaries`` are all of them and ``rows`` the institution's own training rows; ``inside`` says which canaries are
    in, ``(canaries,)``.
    """

    institution: Institution
    canaries: Records
    rows: Records
    inside: Flags


def plant(
    schema: TableSchema | ImageSchema, institutions: Sequence[Institution], canaries: int, seed: int
) -> list[Planted]:
    """Invent ``canaries`` records, the same number for each institution, and put in those whose coin says so."""
    shares = [canaries // len(institutions) + (k < canaries % len(institutions)) for k in range(len(institutions))]
    return [_planted(schema, each, share, seed) for each, share in zip(institutions, shares, strict=True)]


def _planted(schema: Schema, institution: Institution, count: int, seed: int) -> Planted:
    random = np.random.default_rng(derive_seed(seed, institution.name, "canaries"))
    if isinstance(schema, TableSchema):
        rows = as_table(institution.train)
        canaries = invent(schema, rows, count, random)
        inside = random.random(count) < 0.5
        train = rows.joined(canaries.take(np.flatnonzero(inside)))
        return Planted(replace(institution, train=train), canaries, rows, inside)
    few = replace(
        institution, train=_some(institution.train, random), validation=_some(institution.validation, random), test=None
    )
    images, noise = as_images(few.train), invent_images(schema, as_images(few.train), count, random)
    inside = random.random(count) < 0.5
    return Planted(replace(few, train=images.joined(noise.take(np.flatnonzero(inside)))), noise, images, inside)


def as_images(records: Records) -> Images:
    """The records of a task of images."""
    assert isinstance(records, Images)
    return records


def _some(records: Records, random: np.random.Generator) -> Records:
    return records.take(np.sort(random.permutation(len(records))[:MOST_IMAGES]))


def invent_images(schema: ImageSchema, like: Images, count: int, random: np.random.Generator) -> Images:
    """Images whose pixels are drawn one by one, with labels by chance.

    They look like nothing else and unlike one another, so that each has a gradient of its own: at the private recipe
    for images two thirds of its length, against less than half for a mislabelled image.
    """
    pixels = random.integers(0, 256, size=(count, *like.pixels.shape[1:]), dtype=np.uint8)
    return Images(pixels, random.integers(len(schema.target.classes), size=count).astype(np.float64))


def invent(schema: TableSchema, rows: Table, count: int, random: np.random.Generator) -> Table:
    """Records that fit the schema and no patient: every value anywhere in its range, whatever the others are.

    Their targets are drawn as blindly, so half of them are mislabelled, and their gradients are long.
    """
    numeric = {each.name: _anywhere(each, rows.numeric[each.name], count, random) for each in schema.numeric}
    categorical = {each.name: random.integers(len(each.categories), size=count) for each in schema.categorical}
    if schema.target.classes:
        target = random.integers(len(schema.target.classes), size=count).astype(np.float64)
    else:
        target = _anywhere(schema.target, rows.target, count, random)
    return Table(numeric, categorical, target)


def _anywhere(declared: NumericFeature | Target, values: Floats, count: int, random: np.random.Generator) -> Floats:
    """Values from the declared range, or from about where the rows' own are."""
    known = values[~np.isnan(values)]
    mean, spread = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)
    low, high = mean - REACH * spread, mean + REACH * spread
    low = low if declared.minimum is None else max(low, declared.minimum)
    high = high if declared.maximum is None else min(high, declared.maximum)
    drawn: Floats = random.uniform(low, high, size=count)
    return np.round(drawn) if isinstance(declared, NumericFeature) and declared.integer else drawn
