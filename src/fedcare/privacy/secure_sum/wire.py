"""What the coordinator and the institutions say to one another, step by step; bytes travel as base64 in JSON.

An agreement takes three steps (``invite``, ``share``, ``deliver``) and gives keys for several sums; each sum takes
three more (``masked``, ``survivors``, ``reveal``). Every question names the institutions that it is meant for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from fedcare.errors import SecureSumFailed
from fedcare.frozen import Frozen
from fedcare.privacy.secure_sum.fixed_point import MOST_MEMBERS

Step = Literal["", "invite", "share", "deliver", "scales", "masked", "encrypted", "survivors", "reveal", "decrypt"]
"""The steps in their order; the empty one is a question in the open, which a plan with secure aggregation forbids.
``scales`` comes before ``masked`` where an update takes eight bits a weight, as a sum of its own; ``encrypted`` and
``decrypt`` stand where ``masked`` and ``reveal`` do in a sum under encryption."""

MOST_SUMS = 64
Name = Annotated[str, Field(min_length=1, max_length=200)]
Session = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Place = Annotated[int, Field(ge=0, lt=MOST_SUMS)]


class Wire(Frozen):
    """Bytes are base64 in JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, ser_json_bytes="base64", val_json_bytes="base64"
    )

    def to_bytes(self) -> bytes:
        """As JSON."""
        return self.model_dump_json().encode()


class Part(Wire):
    """A question within an agreement, for the institutions ``members``."""

    session: Session
    members: Annotated[tuple[Name, ...], Field(max_length=MOST_MEMBERS)]


class Invite(Part):
    """Who wants to add up ``sums`` numbers with these others?"""

    sums: Annotated[int, Field(ge=1, le=MOST_SUMS)]


class Keys(Wire):
    """The public keys of ``name``: for sealing, for signing, one for the masks of each sum; and the proof of them."""

    name: Name
    sealing: bytes
    signing: bytes
    masking: tuple[bytes, ...]
    certificate: bytes = Field(max_length=20_000)
    signature: bytes = b""


class Directory(Part):
    """Everybody's keys; share your secrets with their owners."""

    keys: tuple[Keys, ...]


class Shares(Wire):
    """Shares of an institution's secrets, sealed for each other one, and SHA-256 of its own masks' secrets.

    ``key``: for sums under encryption, the key that it made, sealed with the secret that it shares.
    """

    commitments: tuple[bytes, ...]
    sealed: dict[Name, bytes]
    key: bytes = b""


class Delivery(Part):
    """The shares of all, by sender; each opens what was sealed for it. From now on the agreement stands."""

    shares: dict[Name, Shares]


class Call(Part):
    """Answer the question that comes with this, masked for the sum of this number."""

    sum: Place


class Scaled(Call):
    """Answer with eight bits a weight, on this scale (``secure_sum.levels``).

    ``rows``: training rows that the sum has room for. ``steps``: float32 of each block of weights, little-endian.
    """

    rows: Annotated[int, Field(ge=1)]
    steps: bytes


class Survivors(Call):
    """Of these members a masked answer came: sign it."""


class Signed(Wire):
    """A signature over the survivors of a sum."""

    signature: bytes


class Reveal(Call):
    """The survivors' signatures; in return, what takes the masks off the sum."""

    signatures: dict[Name, bytes]


class Decrypt(Reveal):
    """The survivors' signatures, and the sum of their encrypted answers: what is it?"""

    total: bytes


class Decrypted(Wire):
    """The total of a sum as ``Masked`` travels, without masks."""

    numbers: bytes


class Revealed(Wire):
    """Shares of the own masks' secrets of the survivors, and of the masking keys of those who dropped out."""

    own: dict[Name, bytes]
    keys: dict[Name, bytes]


W = TypeVar("W", bound=Wire)
P = TypeVar("P", bound=Part)


def read(kind: type[W], data: bytes) -> W:
    """What was sent; raises SecureSumFailed where it is none of this kind."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise SecureSumFailed(reason=f"what came is no {kind.__name__.lower()}") from error


def together(parts: Iterable[Part]) -> bytes:
    """The content of one message to the institutions of several agreements."""
    return b"[" + b",".join(part.to_bytes() for part in parts) + b"]"


def meant_for(name: str, kind: type[P], data: bytes) -> P:
    """The one part that names an institution; raises SecureSumFailed."""
    try:
        parts: tuple[P, ...] = TypeAdapter(tuple[kind, ...]).validate_json(data)  # type: ignore[valid-type]
    except ValidationError as error:
        raise SecureSumFailed(reason=f"what came is no {kind.__name__.lower()}") from error
    own = [part for part in parts if name in part.members]
    if len(own) != 1:
        raise SecureSumFailed(reason="this institution is meant by none of the groups, or by several")
    return own[0]
