"""An institution that answers nonsense over real messages is dropped by name, and the round goes on."""

from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from fedcare.errors import QuorumLost
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.inprocess_grid import InProcessGrid
from fedcare.federation.server_app import server_app
from fedcare.federation.site import Site


class Spoiler(Site):
    """A site whose training answers are spoiled on their way out."""

    spoil = staticmethod(lambda answer: answer)

    def train(self, instruction, vector):
        return self.spoil(super().train(instruction, vector))


def nan(answer):
    vector = answer.vector.copy()
    vector[7] = np.nan
    return replace(answer, vector=vector)


def raises(answer):
    raise RuntimeError("patient Jane Doe is not in the index")


SPOILS = {
    "NaN": nan,
    "infinity": lambda answer: replace(answer, vector=answer.vector * np.float32(np.inf)),
    "shape": lambda answer: replace(answer, vector=answer.vector[:-1]),
    "0 training rows": lambda answer: replace(answer, examples=0),
    "were announced": lambda answer: replace(answer, examples=10**7),
    "median": lambda answer: replace(answer, vector=answer.vector + np.float32(1000.0)),
    "no weights": lambda answer: replace(answer, vector=None),
    "local failure (RuntimeError)": raises,
}


def run(study, folder, watcher, spoilers: dict[str, object]):
    sites = {each.name: Site(each) for each in study.institutions}
    for name, spoil in spoilers.items():
        sites[name] = Spoiler(sites[name]._institution)
        sites[name].spoil = spoil
    outcomes = []

    def drive(exchange):
        return coordinate(study.plan, exchange, folder, watcher, watcher.resumed)

    folder.mkdir()
    grid = InProcessGrid(client_app(lambda context: sites[context.node_config["institution"]]), [*sites])

    def open_exchange(grid):
        return GridExchange(grid, study.plan, len(sites), watcher.answered)

    server_app(open_exchange, drive, outcomes.append)(grid, grid.server_context())
    return outcomes[0]


@pytest.mark.parametrize("reason", SPOILS)
def test_a_spoiled_answer_is_dropped_and_named_and_the_rest_go_on(study, folder, watcher, reason):
    outcome = run(study(rounds__rounds=2), folder, watcher, {"Rural Hospital": SPOILS[reason]})
    for record in outcome.state.history:
        assert list(record.dropped) == ["Rural Hospital"]
        assert reason in record.dropped["Rural Hospital"]
        assert "Jane" not in record.dropped["Rural Hospital"]
        assert len(record.participants) == 4
    assert np.isfinite(outcome.state.vector).all()


def test_below_the_quorum_the_run_ends_and_says_who_was_missing(study, folder, watcher):
    spoilers = dict.fromkeys(["Rural Hospital", "Urban Hospital"], nan)
    with pytest.raises(QuorumLost, match=r"3 usable answers where the plan asks for 4.*Rural.*Urban"):
        run(study(min_per_round=4, min_available=5), folder, watcher, spoilers)


def garbage() -> list[RecordDict]:
    told = {"institution": "Rural Hospital", "num-examples": 3, "loss": 0.1, "seconds": 0.1}
    junk = Array("f4", (3,), "numpy.ndarray", b"junk")
    vector = Array(np.zeros(3, dtype=np.float32))

    def content(told: dict, arrays: dict) -> RecordDict:
        return RecordDict({"answer": ConfigRecord(told), "weights": ArrayRecord(arrays)})

    return [
        RecordDict({"other": ConfigRecord({"x": 1})}),
        content(told, {"gradients": vector}),
        content({"loss": 0.1}, {"vector": vector}),
        content(told, {"vector": Array(np.zeros(3))}),
        content(told, {"vector": junk}),
        content({**told, "num-examples": 2.5}, {"vector": vector}),
        content({**told, "sums": b"odd"}, {"vector": vector}),
        content({**told, "sums": 1.5}, {"vector": vector}),
    ]


@pytest.mark.parametrize("place", range(8))
def test_a_reply_with_wrong_keys_or_bytes_is_an_answer_with_an_error(study, place):
    from flwr.app import Message, MessageType

    from fedcare.federation.messages import answered

    InProcessGrid(client_app(lambda context: None), [])
    question = Message(RecordDict(), 7, MessageType.TRAIN)
    answer = answered(Message(garbage()[place], reply_to=question), "Rural Hospital")
    assert answer.institution == "Rural Hospital"
    assert answer.error
    assert answer.vector is None
