"""What trains, what chooses and what judges, within one institution."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from fedcare.data.apportion import Integers, apportion, strata
from fedcare.data.records import Institution, Records, Rows, Table
from fedcare.data.schema import Kind
from fedcare.errors import OneClassOnly, TooFewRecords
from fedcare.plan import derive_seed

VALIDATION_SHARE = 0.2
LEAST_RECORDS = 5
PARTS = ("train", "validation", "test")


def institution(name: str, records: Records, kind: Kind, seed: int, alone: bool = False) -> Institution:
    """An institution's records in parts: the file's own, else a fifth of the training rows for validation.

    The fifth is drawn in proportion to the classes (or to the target's deciles); a class with a single row stays in
    training. Raises TooFewRecords, and OneClassOnly where the training rows of a classification hold one class.

    ``alone`` decides each record by what it holds itself, with a chance of one fifth. Differential privacy needs it:
    a record more must change no other record's part. Then nothing is refused for holding one class, which would tell
    of single records.
    """
    train, validation, test = (_rows_of(records, part) for part in PARTS)
    if len(train) + len(validation) < LEAST_RECORDS or not len(train):
        hint = "Divide the records into fewer institutions, or leave this one out."
        raise TooFewRecords(who=name, found=len(train), needed=LEAST_RECORDS, hint=hint)
    if not len(validation):
        if alone:
            validation = train[_drawn_alone(records.take(train), derive_seed(seed, name, "split"))]
        else:
            validation = train[_drawn_for_validation(strata(records.target[train], kind), _generator(seed, name))]
        train = np.setdiff1d(train, validation, assume_unique=True)
    if kind != "regression" and not alone and len(np.unique(records.target[train])) < 2:
        raise OneClassOnly(who=name, found=len(train))
    return Institution(
        name=name,
        train=records.take(train),
        validation=records.take(validation),
        test=records.take(test) if len(test) else None,
    )


def _rows_of(records: Records, part: str) -> Rows:
    if records.split is None:
        return np.arange(len(records) if part == "train" else 0, dtype=np.int64)
    return np.flatnonzero(records.split == part).astype(np.int64)


def _drawn_alone(records: Records, seed: int) -> Rows:
    """Places of the validation rows, sorted, decided by a record's own bytes and the seed: equal records go one way."""
    parts = (
        [*records.numeric.values(), *records.categorical.values()] if isinstance(records, Table) else [records.pixels]
    )
    columns = [np.ascontiguousarray(part) for part in (*parts, records.target)]
    key, limit = seed.to_bytes(8, "big"), int(VALIDATION_SHARE * 2**64)
    digests = (
        blake2b(b"".join(column[row].tobytes() for column in columns), digest_size=8, key=key).digest()
        for row in range(len(records))
    )
    return np.flatnonzero([int.from_bytes(digest, "big") < limit for digest in digests]).astype(np.int64)


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, name, "split"))


def _drawn_for_validation(labels: Integers, rng: np.random.Generator) -> Rows:
    """Places of the validation rows, sorted: a fifth of all, each stratum in proportion, none taken whole."""
    values, counts = np.unique(labels, return_counts=True)
    wanted = max(1, round(VALIDATION_SHARE * len(labels)))
    taken = np.minimum(apportion(counts, wanted), counts - 1)
    if not taken.any():  # Every stratum has a single row: there is nothing to keep in proportion.
        return np.sort(rng.permutation(len(labels))[:wanted])
    drawn = [
        rng.permutation(np.flatnonzero(labels == value))[:count] for value, count in zip(values, taken, strict=True)
    ]
    return np.sort(np.concatenate(drawn))
