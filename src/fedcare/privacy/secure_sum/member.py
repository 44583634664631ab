"""The institution's half: what it tells, what it checks first, and what it never does twice."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.keys import (
    AgreementKeys,
    Peers,
    Signer,
    check_keys,
    has_signed,
    pair_sign,
    seal,
    self_seed,
    tag,
    unseal,
)
from fedcare.privacy.secure_sum.masks import SEED_BYTES, Bytes, Masked
from fedcare.privacy.secure_sum.rules import require, threshold_of
from fedcare.privacy.secure_sum.shamir import SHARE_BYTES, split
from fedcare.privacy.secure_sum.wire import (
    Call,
    Decrypt,
    Decrypted,
    Delivery,
    Directory,
    Invite,
    Keys,
    Part,
    Reveal,
    Revealed,
    Shares,
    Signed,
    Step,
    Survivors,
    W,
    Wire,
)

# A run needs one at a time for each of its groups; an older one is forgotten, and its sums can no longer be formed.
MOST_AGREEMENTS = 4


@dataclass
class OwnSum:
    """One sum of an agreement: the question it answers, the masked answer, and the survivors that were signed.

    ``context`` is a hash of all that came with the question, ``about`` of what the answer is of.
    """

    context: str
    about: str
    masked: Bytes | None = None
    survivors: tuple[str, ...] = ()


@dataclass
class Membership:
    """What an institution knows of one agreement. ``shares``: opened, by sender, once the agreement stands."""

    session: str
    scope: str
    keys: AgreementKeys
    invited: Invite
    public: Keys | None = None
    directory: dict[str, Keys] = field(default_factory=dict)
    seeds: list[bytes] = field(default_factory=list)
    own_shares: bytes = b""
    shares: dict[str, bytes] = field(default_factory=dict)
    sums: dict[int, OwnSum] = field(default_factory=dict)
    replies: dict[tuple[str, int], tuple[bytes, Wire]] = field(default_factory=dict)


class Member:
    """One institution in the sums of one run.

    ``threshold``: share of an agreement's members that must stay to the end. ``least``: fewest institutions that it
    lets itself be added up with, itself included. A question that is repeated gets the same answer; asked another one
    in its place, it refuses. ``answering`` names the step in which it answers.
    """

    answering: ClassVar[Step] = "masked"

    def __init__(self, signer: Signer, peers: Peers, threshold: float, least: int) -> None:
        self.name = signer.name
        self._signer, self._peers = signer, peers
        self._threshold, self._least = threshold, max(2, least)
        self._agreements: OrderedDict[str, Membership] = OrderedDict()
        self._ended: set[str] = set()
        self._added_up: dict[str, tuple[str, ...]] = {}

    # -- the agreement ------------------------------------------------------------------------------------------------

    def invite(self, scope: str, part: Invite) -> Keys:
        """Fresh keys for an agreement under the plan ``scope``."""
        require(part.members, self.name, self._least)
        if part.session in self._ended:
            raise SecureSumFailed(reason="this agreement is over")
        if part.session not in self._agreements:
            keys = AgreementKeys(self._masking(part.sums))
            self._agreements[part.session] = Membership(part.session, scope, keys, part)
            if len(self._agreements) > MOST_AGREEMENTS:
                self._ended.add(self._agreements.popitem(last=False)[0])
        agreement = self._agreements[part.session]
        if agreement.scope != scope:
            raise SecureSumFailed(reason="the agreement was made under another plan")
        return self._once(agreement, "invite", 0, part, lambda: self._public(agreement))

    def share(self, part: Directory) -> Shares:
        """Shares of this institution's secrets, sealed for each other one, after a look at everybody's proof."""
        agreement = self._find(part)
        return self._once(agreement, "share", 0, part, lambda: self._share(agreement, part))

    def deliver(self, part: Delivery) -> Signed:
        """Open what the others shared; the answer says that the agreement stands here."""
        agreement = self._find(part)
        return self._once(agreement, "deliver", 0, part, lambda: self._open(agreement, part))

    def _public(self, agreement: Membership) -> Keys:
        agreement.public = agreement.keys.public(self._signer, agreement.session, agreement.scope)
        return agreement.public

    def _share(self, agreement: Membership, part: Directory) -> Shares:
        names, sums = [keys.name for keys in part.keys], agreement.invited.sums
        require(names, self.name, self._least)
        if not set(names) <= set(agreement.invited.members):
            raise SecureSumFailed(reason="somebody takes part who was not invited")
        for keys in part.keys:
            check_keys(keys, self._peers, part.session, agreement.scope, self._masking(sums))
        agreement.directory = {keys.name: keys for keys in sorted(part.keys, key=lambda keys: keys.name)}
        if agreement.directory[self.name] != agreement.public:
            raise SecureSumFailed(reason="other keys were handed on as this institution's")
        shares = self._split(agreement)
        agreement.own_shares = shares.pop(self.name)
        sealed = {}
        for name, plain in shares.items():
            purpose = (part.session, self.name, name)
            sealed[name] = seal(agreement.keys.sealing_key(agreement.directory[name], *purpose), plain, *purpose)
        return Shares(
            commitments=tuple(hashlib.sha256(seed).digest() for seed in agreement.seeds),
            sealed=sealed,
        )

    def _split(self, agreement: Membership) -> dict[str, bytes]:
        """Shares of all secrets by institution: for each sum one of the masking key, then one of the own mask."""
        names = list(agreement.directory)
        needed = threshold_of(self._threshold, len(names))
        agreement.seeds = [secrets.token_bytes(SEED_BYTES) for _ in range(agreement.invited.sums)]
        shares = {name: bytearray() for name in names}
        for place, seed in enumerate(agreement.seeds):
            for secret in (agreement.keys.masking_secret(place), seed):
                parts = split(secret, needed, range(1, len(names) + 1))
                for point, name in enumerate(names, 1):
                    shares[name] += parts[point]
        return {name: bytes(parts) for name, parts in shares.items()}

    def _open(self, agreement: Membership, part: Delivery) -> Signed:
        names, directory = sorted(part.shares), agreement.directory
        require(names, self.name, max(self._least, threshold_of(self._threshold, len(directory))))
        if not set(names) <= directory.keys():
            raise SecureSumFailed(reason="shares came from somebody whose keys did not")
        opened = {self.name: agreement.own_shares}
        for name in names:
            if name != self.name:
                purpose = (part.session, name, self.name)
                key = agreement.keys.sealing_key(directory[name], *purpose)
                opened[name] = unseal(key, part.shares[name].sealed.get(self.name, b""), *purpose)
        if {len(plain) for plain in opened.values()} != {self._share_size(agreement)}:
            raise SecureSumFailed(reason="shares have a length that they cannot have")
        agreement.shares = dict(sorted(opened.items()))
        return Signed(signature=agreement.keys.sign(tag("stands", part.session, *names)))

    # -- one sum ------------------------------------------------------------------------------------------------------

    def begin(self, part: Call, context: str) -> Bytes | None:
        """Before the work on a question: the masked answer if it was given before; raises where none will be given.

        ``context`` is a hash of the whole question. Masks are derived from it, so answers to different questions do
        not add up to anything (Pasquini et al., "Eluding Secure Aggregation via Model Inconsistency", CCS 2022).
        """
        agreement = self._find(part)
        if not agreement.shares or part.sum >= agreement.invited.sums:
            raise SecureSumFailed(reason="the agreement does not stand here, or not for so many sums")
        known = agreement.sums.get(part.sum)
        if known is None:
            return None
        if known.context != context or known.masked is None:
            raise SecureSumFailed(reason="this institution has taken part in this sum already")
        return known.masked

    def mask(self, part: Call, context: str, answer: Masked, about: str | None = None) -> Bytes:
        """The masked answer to a question; ``answer`` is changed on the way.

        ``about`` is a hash of what the answer is of, where ``context`` holds more: the same is added up over one set of
        institutions only, on whatever scale.
        """
        if (before := self.begin(part, context)) is not None:
            return before
        agreement = self._find(part)
        masked = self._protected(agreement, part, context, answer)
        for earlier in agreement.sums.values():  # As great as a model each; nobody asks for two at a time.
            earlier.masked = None
        agreement.sums[part.sum] = OwnSum(context, about or context, masked)
        return masked

    def _protected(self, agreement: Membership, part: Call, context: str, answer: Masked) -> Bytes:
        """The answer as it leaves."""
        purpose = (part.session, part.sum, context)
        answer.mask(self_seed(agreement.seeds[part.sum], self.name, *purpose), 1)
        for name in agreement.shares:
            if name != self.name:
                seed = agreement.keys.pair_seed(part.sum, self.name, agreement.directory[name], *purpose)
                answer.mask(seed, pair_sign(self.name, name))
        return answer.to_bytes()

    def survivors(self, part: Survivors) -> Signed:
        """A signature over who is added up, once for each sum."""
        agreement = self._find(part)
        return self._once(agreement, "survivors", part.sum, part, lambda: self._sign(agreement, part))

    def reveal(self, part: Reveal) -> Revealed:
        """Once enough members signed the same survivors: of each member one kind of share, never both."""
        agreement = self._find(part)
        return self._once(agreement, "reveal", part.sum, part, lambda: self._reveal(agreement, part))

    def decrypt(self, part: Decrypt) -> Decrypted:
        """The total of a sum under encryption, for whoever takes part in one."""
        raise SecureSumFailed(reason="this institution's answers are masked, and there is nothing to decrypt")

    def _sign(self, agreement: Membership, part: Survivors) -> Signed:
        names, own = tuple(sorted(part.members)), agreement.sums.get(part.sum)
        require(names, self.name, max(self._least, threshold_of(self._threshold, len(agreement.directory))))
        if own is None:
            raise SecureSumFailed(reason="this institution has not answered, so it cannot be added up")
        if not set(names) <= agreement.shares.keys():
            raise SecureSumFailed(reason="somebody is added up who is not part of the agreement")
        if self._added_up.setdefault(own.about, names) != names:
            before = ", ".join(self._added_up[own.about])
            reason = f"this very question was added up over {before}; the difference would show a single institution"
            raise SecureSumFailed(reason=reason)
        own.survivors = names
        return Signed(signature=agreement.keys.sign(survivors_said(part.session, part.sum, own.context, names)))

    def _vouched(self, agreement: Membership, part: Reveal) -> OwnSum:
        """This institution's part in a sum over whose members enough of them agree; raises SecureSumFailed."""
        own = agreement.sums.get(part.sum)
        if own is None or not own.survivors:
            raise SecureSumFailed(reason="this institution has signed no survivors of this sum")
        data = survivors_said(part.session, part.sum, own.context, own.survivors)
        signed = [
            name
            for name, signature in part.signatures.items()
            if name in own.survivors and has_signed(agreement.directory[name], signature, data)
        ]
        needed = threshold_of(self._threshold, len(agreement.directory))
        if len(signed) < needed:
            raise SecureSumFailed(reason=f"{len(signed)} members signed these survivors where {needed} must")
        own.masked = None
        return own

    def _reveal(self, agreement: Membership, part: Reveal) -> Revealed:
        own = self._vouched(agreement, part)
        start = 2 * SHARE_BYTES * part.sum
        keys = {name: shares[start : start + SHARE_BYTES] for name, shares in agreement.shares.items()}
        seeds = {name: shares[start + SHARE_BYTES :][:SHARE_BYTES] for name, shares in agreement.shares.items()}
        return Revealed(
            own={name: seeds[name] for name in own.survivors},
            keys={name: keys[name] for name in keys.keys() - set(own.survivors)},
        )

    # -- what sums under encryption do otherwise ----------------------------------------------------------------------

    def _masking(self, sums: int) -> int:
        """How many keys an agreement over so many sums needs for masks."""
        return sums

    def _share_size(self, agreement: Membership) -> int:
        """Bytes of what one institution shares with another."""
        return 2 * SHARE_BYTES * agreement.invited.sums

    # -- what holds for all steps -------------------------------------------------------------------------------------

    def _find(self, part: Part) -> Membership:
        agreement = self._agreements.get(part.session)
        if agreement is None:
            raise SecureSumFailed(reason="this institution was restarted since the agreement was made, or it is over")
        self._agreements.move_to_end(part.session)
        return agreement

    def _once(self, agreement: Membership, step: str, place: int, part: Part, work: Callable[[], W]) -> W:
        """The first answer to a step, and never another: whoever asks something else in its place is refused."""
        digest = hashlib.sha256(part.to_bytes()).digest()
        known = agreement.replies.get((step, place))
        if known is None:
            known = agreement.replies[step, place] = digest, work()
        if known[0] != digest:
            raise SecureSumFailed(reason=f"the step '{step}' was done already, for another question")
        return known[1]  # type: ignore[return-value]


def survivors_said(session: str, place: int, context: str, names: tuple[str, ...]) -> bytes:
    """What members sign: these were added up in answer to this question."""
    return tag("survivors", session, place, context, *names)
