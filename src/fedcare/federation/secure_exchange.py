"""The coordinator's end of secure aggregation, over any exchange: the round loop gets one answer for each group."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flwr.app import MessageType

from fedcare.aggregation.exchange import Answer, Traffic
from fedcare.errors import SecureSumFailed
from fedcare.federation.messages import Instruction
from fedcare.federation.questions import MessageExchange, OnAnswer
from fedcare.federation.scaled_sums import (
    added_levels,
    blocks_of,
    is_scaled,
    learned_size,
    on_scale,
    scale_of,
    with_scale,
)
from fedcare.federation.summands import added_up, context_of
from fedcare.plan import TrainingPlan
from fedcare.privacy.homomorphic import require_installed
from fedcare.privacy.secure_sum.collector import Agreement, Sum
from fedcare.privacy.secure_sum.encrypted_collector import EncryptedAgreement
from fedcare.privacy.secure_sum.levels import Scale, require_room
from fedcare.privacy.secure_sum.wire import Keys, Part, Shares, Signed, Step, read, together
from fedcare.update import Vector

# Three messages make keys for so many sums: more would save little.
SUMS = 16
# An institution remembers as many of its own.
MOST_AGREEMENTS, MOST_KEPT = 4, 512

KINDS = {MessageType.QUERY: "statistics", MessageType.TRAIN: "train", MessageType.EVALUATE: "evaluate"}


def exchange_for(
    plan: TrainingPlan, on_answer: OnAnswer, opened: Callable[[OnAnswer], MessageExchange]
) -> MessageExchange:
    """The exchange that a plan asks for, over the one that ``opened`` makes for whoever is to hear of answers.

    Raises BadSetting for encryption that is not installed here.
    """
    if not plan.privacy.secure.enabled:
        return opened(on_answer)
    if plan.privacy.secure.method == "ckks":
        require_installed()
    return SecureExchange(opened(lambda answer: None), plan, on_answer)


@dataclass
class _Group:
    """Institutions that are added up together, and how far they have got; ``failure`` says why they get no further.

    ``scale``: of the next sum, where they answer with eight bits a weight, over the ``members`` that are left.
    """

    name: str
    names: tuple[str, ...]
    agreement: Agreement
    members: tuple[str, ...] = ()
    sum: Sum | None = None
    scale: Scale | None = None
    failure: str | None = None

    @property
    def running(self) -> Sum:
        """The sum that is being formed."""
        assert self.sum is not None
        return self.sum

    def attempt(self, step: Callable[[_Group], None]) -> None:
        """Go a step on, unless an earlier one failed; ``failure`` says where this one does."""
        try:
            if self.failure is None:
                step(self)
        except SecureSumFailed as error:
            self.failure = str(error)

    def take_scale(self, instruction: Instruction) -> None:
        """From the sum that was formed, the scale of the next one. Raises SecureSumFailed."""
        self.members = self.running.survivors
        self.scale = scale_of(self.running.total(), len(self.members), instruction)


class SecureExchange(MessageExchange):
    """Asks over another exchange, in the steps of ``privacy.secure_sum``.

    Training is asked in the plan's number of groups, dealt in the order of the names; all else over everybody at
    once. What was evaluated before is not asked again: a second sum of the same over other institutions would tell the
    difference, and they would refuse.
    """

    def __init__(self, inner: MessageExchange, plan: TrainingPlan, on_answer: OnAnswer) -> None:
        super().__init__(plan, on_answer)
        self.traffic: Traffic = inner.traffic
        self._inner, self._secure = inner, plan.privacy.secure
        self._kind = EncryptedAgreement if self._secure.method == "ckks" else Agreement
        self._agreements: OrderedDict[tuple[str, ...], Agreement] = OrderedDict()
        self._known: OrderedDict[str, list[Answer]] = OrderedDict()
        self._dropped: dict[str, str] = {}
        self._rows, self._round = 0, 0

    def institutions(self) -> Sequence[str]:
        """Names of the institutions that can be asked now, sorted."""
        return self._inner.institutions()

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """The preprocessing that goes with every later question, and the rows that weights are a share of."""
        super().prepare(preprocessing)
        self._rows = rows or self._rows

    def ask(
        self, kind: str, instruction: Instruction, vector: Vector | None, institutions: Sequence[str]
    ) -> list[Answer]:
        """An answer for each group, which names its members, and one with an error for each institution left out."""
        instruction = replace(instruction, rows=self._rows)
        context = context_of(KINDS[kind], instruction, vector)
        if (known := self._known.get(context)) is not None:
            return known
        answers = self._add_up(kind, instruction, vector, institutions, context)
        if kind != MessageType.TRAIN and all(answer.error is None for answer in answers):
            self._known[context] = answers
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return answers

    def _add_up(
        self, kind: str, instruction: Instruction, vector: Vector | None, institutions: Sequence[str], context: str
    ) -> list[Answer]:
        self._dropped, self._round = {}, instruction.round
        # 1. Who is added up with whom, and with which keys.
        groups = self._groups(kind, institutions)
        # 2. How far blocks of weights moved, where weights travel in eight bits.
        levels = 0
        if vector is not None and is_scaled(self._plan, KINDS[kind]):
            levels = learned_size(instruction)
            self._find_scales(groups, kind, instruction, vector, context)
        # 3. The question itself, answered under masks.
        parameters = 0 if vector is None or kind != MessageType.TRAIN else len(vector) - levels
        question = replace(instruction, step=self._kind.answering)
        self._ask_masked(groups, kind, question, vector, context, parameters, levels)
        # 4. What takes the masks off.
        self._unmask(groups)
        answers = [answer for group in groups if (answer := self._total(group, instruction, vector)) is not None]
        # 5. Whoever dropped out may come back with other keys.
        self._forget(groups)
        return [*answers, *(Answer(name, error=reason) for name, reason in sorted(self._dropped.items()))]

    # -- 1 ------------------------------------------------------------------------------------------------------------

    def _groups(self, kind: str, names: Sequence[str]) -> list[_Group]:
        wanted = self._secure.groups if kind == MessageType.TRAIN else 1
        divided = self._divided(names, wanted)
        needed = 2 if is_scaled(self._plan, KINDS[kind]) else 1
        groups = []
        for place, each in enumerate(divided, 1):
            agreement = self._agreements.get(each)
            if agreement is None or agreement.left < needed:
                # Groups that are drawn anew for each round need keys for one question.
                agreement = self._kind(each, SUMS if len(divided) == 1 else needed, self._secure.threshold)
            groups.append(_Group(f"group {place}", each, agreement))
        self._agree([group for group in groups if group.agreement is not self._agreements.get(group.names)])
        return groups

    def _divided(self, names: Sequence[str], wanted: int) -> list[tuple[str, ...]]:
        """The institutions, dealt in their order into as many groups as wanted, or fewer where one would have too few
        members."""
        count = max(1, min(wanted, len(names) // self._secure.least))
        return [tuple(sorted(names[place::count])) for place in range(count)]

    def _agree(self, groups: Sequence[_Group]) -> None:
        """Keys, shares of secrets, and their delivery."""
        self._step(
            groups,
            "invite",
            lambda group: group.agreement.invite(),
            lambda group, name, said: group.agreement.take_keys(name, read(Keys, said)),
        )
        self._step(
            groups,
            "share",
            lambda group: group.agreement.directory(),
            lambda group, name, said: group.agreement.take_shares(name, read(Shares, said)),
        )
        self._step(
            groups,
            "deliver",
            lambda group: group.agreement.delivery(),
            lambda group, name, said: group.agreement.take_stand(name),
        )
        self._agreements |= {group.names: group.agreement for group in groups}
        while len(self._agreements) > MOST_AGREEMENTS:
            self._agreements.popitem(last=False)

    # -- 2 ------------------------------------------------------------------------------------------------------------

    def _find_scales(
        self, groups: Sequence[_Group], kind: str, instruction: Instruction, vector: Vector, context: str
    ) -> None:
        """A sum of its own in each group, and the scale for the next one, over those who were in this."""
        for group in groups:
            group.attempt(lambda each: require_room(len(each.names)))
        self._ask_masked(groups, kind, replace(instruction, step="scales"), vector, context, blocks_of(instruction))
        self._unmask(groups)
        for group in groups:
            group.attempt(lambda each: each.take_scale(instruction))

    # -- 3 ------------------------------------------------------------------------------------------------------------

    def _ask_masked(
        self,
        groups: Sequence[_Group],
        kind: str,
        instruction: Instruction,
        vector: Vector | None,
        context: str,
        parameters: int,
        levels: int = 0,
    ) -> None:
        def call(group: _Group) -> Part:
            scale = group.scale
            asked = context if scale is None else on_scale(context, scale)
            group.sum = group.agreement.next_sum(asked, parameters, levels, group.members)
            return group.running.call() if scale is None else with_scale(group.running.call(), scale)

        def take(group: _Group, answer: Answer) -> None:
            assert answer.payload is not None
            group.running.take_masked(answer.institution, answer.payload)
            if instruction.step != "scales":
                trained = np.empty(0, np.float32) if kind == MessageType.TRAIN else None
                self._on_answer(Answer(answer.institution, vector=trained))

        # Of the weights that the first of two questions brought, only the scale is asked in the second.
        sent = None if any(group.scale is not None for group in groups) else vector
        self._ask_all(groups, call, kind, instruction, sent, take)

    # -- 4 ------------------------------------------------------------------------------------------------------------

    def _unmask(self, groups: Sequence[_Group]) -> None:
        """Everybody signs who is left; enough signatures bring what takes the masks off, or the total."""
        self._step(
            groups,
            "survivors",
            lambda group: group.running.ask_survivors(),
            lambda group, name, said: group.running.take_signature(name, read(Signed, said)),
        )
        while left := [group for group in groups if group.failure is None and not group.running.is_asked]:
            self._step(
                left,
                self._kind.opening,
                lambda group: group.running.ask_opening(),
                lambda group, name, said: group.running.take_opening(name, said),
            )

    # -- any step -----------------------------------------------------------------------------------------------------

    def _step(
        self,
        groups: Sequence[_Group],
        step: Step,
        part_of: Callable[[_Group], Part],
        take: Callable[[_Group, str, bytes], None],
    ) -> None:
        """Ask a step of the groups that are still running, and let ``take`` see what each of their members said."""

        def taken(group: _Group, answer: Answer) -> None:
            assert answer.payload is not None
            take(group, answer.institution, answer.payload.tobytes())

        self._ask_all(groups, part_of, MessageType.QUERY, Instruction(self._text, self._round, step=step), None, taken)

    def _ask_all(
        self,
        groups: Sequence[_Group],
        part_of: Callable[[_Group], Part],
        kind: str,
        instruction: Instruction,
        vector: Vector | None,
        take: Callable[[_Group, Answer], None],
    ) -> None:
        asked: dict[str, _Group] = {}
        parts = []
        for group in groups:
            try:
                if group.failure is None:
                    parts.append(part_of(group))
                    asked |= dict.fromkeys(parts[-1].members, group)
            except SecureSumFailed as error:
                group.failure = str(error)
        if not asked:
            return
        instruction = replace(instruction, payload=together(parts))
        for answer in self._inner.ask(kind, instruction, vector, sorted(asked)):
            name = answer.institution
            if answer.error is not None or answer.payload is None:
                self._drop(name, answer.error or "it answered in the open")
                continue
            try:
                take(asked[name], answer)
            except SecureSumFailed as error:
                self._drop(name, str(error))

    def _drop(self, name: str, reason: str) -> None:
        if name not in self._dropped:
            self._dropped[name] = reason
            self._on_answer(Answer(name, error=reason))

    # -- the end ------------------------------------------------------------------------------------------------------

    def _total(self, group: _Group, instruction: Instruction, vector: Vector | None) -> Answer | None:
        try:
            if group.failure is None:
                survivors = group.running.survivors
                total, scale = group.running.total(), group.scale
                if scale is None or vector is None:
                    answer = added_up(total, group.name, survivors, instruction, vector)
                else:
                    answer = added_levels(total, group.name, survivors, instruction, vector, scale)
                # Who answered and failed in a later step is in the sum all the same.
                self._dropped = {name: why for name, why in self._dropped.items() if name not in survivors}
                return answer
        except SecureSumFailed as error:
            group.failure = str(error)
        for name in group.names:
            self._drop(name, str(group.failure))
        return None

    def _forget(self, groups: Sequence[_Group]) -> None:
        for group in groups:
            whole = group.failure is None and group.running.survivors == group.names
            if not whole or not group.agreement.left:
                self._agreements.pop(group.names, None)
