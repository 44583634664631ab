"""The round loop's questions carried by a Flower grid, whichever it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from flwr.app import Message, MessageType
from flwr.serverapp import Grid

from fedcare.aggregation.exchange import Answer
from fedcare.federation.messages import Instruction, answered, ask, name_in, size_of
from fedcare.federation.questions import MessageExchange, OnAnswer
from fedcare.plan import TrainingPlan
from fedcare.update import Vector

POLL_SECONDS = 0.05
# How long a run waits for its nodes to connect before it says how many are missing.
CONNECT_SECONDS = 60.0


class GridExchange(MessageExchange):
    """Asks nodes over a grid and waits for their answers until the plan's deadline.

    Making one waits until ``expected`` nodes are connected, or a minute has passed: then the run goes on with those
    that are there, if the plan allows it.
    """

    def __init__(self, grid: Grid, plan: TrainingPlan, expected: int, on_answer: OnAnswer) -> None:
        super().__init__(plan, on_answer)
        self._grid, self._deadline = grid, plan.rounds.deadline
        self._names: dict[int, str] = {}
        self._await_nodes(expected)

    def institutions(self) -> Sequence[str]:
        """Names of the connected nodes, sorted. Nodes that the grid gives no name are asked for theirs."""
        nodes = {node.node_id: node.name for node in self._grid.get_nodes()}
        self._names |= {node: name for node, name in nodes.items() if name}
        if unnamed := [node for node in nodes if node not in self._names]:
            self._learn_names(unnamed)
        return sorted(self._names[node] for node in nodes if node in self._names)

    def ask(
        self, kind: str, instruction: Instruction, vector: Vector | None, institutions: Sequence[str]
    ) -> list[Answer]:
        """One answer for each institution; one with an error where none came in time."""
        nodes = {name: node for node, name in self._names.items()}
        content = ask(instruction, vector)
        self.traffic.sent += size_of(content) * len(institutions)
        group = str(instruction.round)
        questions = [Message(content, nodes[name], kind, group_id=group) for name in institutions]
        asked = dict(zip(self._grid.push_messages(questions), institutions, strict=True))
        answers = []
        for name, message in self._collect(asked):
            if message.has_content():
                self.traffic.received += size_of(message.content)
            answers.append(answered(message, name))
            self._on_answer(answers[-1])
        answered_names = {answer.institution for answer in answers}
        late = f"no answer within {self._deadline:g} s"
        return answers + [Answer(name, error=late) for name in institutions if name not in answered_names]

    def _collect(self, waiting: dict[str, str]) -> Iterator[tuple[str, Message]]:
        """Pairs of institution and reply as they come, until all are there or the deadline has passed."""
        end = time.monotonic() + self._deadline
        while waiting and time.monotonic() < end:
            replies = list(self._grid.pull_messages(list(waiting)))
            for message in replies:
                # An error reply may not name its node, but always the question it answers.
                name = waiting.pop(message.metadata.reply_to_message_id, None)
                if name is not None:
                    yield name, message
            if not replies:
                time.sleep(POLL_SECONDS)

    def _await_nodes(self, expected: int) -> None:
        end = time.monotonic() + CONNECT_SECONDS
        while len(list(self._grid.get_node_ids())) < expected and time.monotonic() < end:
            time.sleep(POLL_SECONDS)

    def _learn_names(self, nodes: Sequence[int]) -> None:
        content = ask(Instruction(self._text))
        questions = [Message(content, node, MessageType.QUERY) for node in nodes]
        asked = {message: str(node) for message, node in zip(self._grid.push_messages(questions), nodes, strict=True)}
        for node, message in self._collect(asked):
            if name := name_in(message):
                self._names[int(node)] = name
