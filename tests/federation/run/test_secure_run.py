"""Secure sums over nodes that die, come back, lose messages and are asked twice."""

import pytest

from fedcare.errors import QuorumLost
from fedcare.federation.coordinator import coordinate
from fedcare.federation.masked_site import MaskedSite, member_of
from fedcare.federation.run.exchange import RunExchange
from fedcare.federation.secure_exchange import SecureExchange
from fedcare.federation.site import Site
from fedcare.trust.peers import made_up

SECURE = {"privacy__secure__enabled": "true", "deadline": 60, "grace": 1, "patience": 1}


class Nodes:
    """Masked sites on a shaky grid, whose processes can be replaced while their keys stay."""

    def __init__(self, study, shaky) -> None:
        self.study, self.grid = study, shaky(study)
        self.names = [each.name for each in study.institutions]
        self.keys, self.peers = made_up(self.names)
        for name in self.names:
            self.begin(name)

    def begin(self, name: str) -> None:
        """A process that knows nothing but its records and its key."""
        plan = self.study.plan
        records = next(each for each in self.study.institutions if each.name == name)
        self.grid.sites[name] = MaskedSite(Site(records), member_of(plan, self.keys[name], self.peers, 3))

    def restart(self, name: str) -> None:
        self.grid.nodes[name].kill()
        self.begin(name)
        self.grid.nodes[name].start()

    def run(self, folder, watcher):
        folder.mkdir(exist_ok=True)
        plan = self.study.plan
        inner = RunExchange(self.grid, plan, lambda answer: None, folder=folder)
        return coordinate(plan, SecureExchange(inner, plan, watcher.answered), folder, watcher, watcher.resumed)


@pytest.mark.parametrize("method", ["masks", "ckks"])
def test_a_node_that_is_restarted_misses_the_sum_and_joins_the_next(study, folder, watcher, shaky, method):
    if method == "ckks":
        pytest.importorskip("tenseal")
    made = study(**SECURE, rounds__rounds=3, privacy__secure__method=method, model__hidden="[8]")
    nodes = Nodes(made, shaky)
    gone, restarts = nodes.names[0], []

    def on_push(name, kind, group):
        if (name, kind, group) == (gone, "train", "2") and not restarts:
            restarts.append(group)
            nodes.restart(gone)

    nodes.grid.on_push = on_push
    history = nodes.run(folder, watcher).state.history
    assert restarts
    assert [gone in record.participants for record in history] == [True, False, True]
    assert "was restarted" in history[1].dropped[gone]


def test_the_weights_are_those_of_one_process_bit_for_bit(study, tmp_path, watcher, shaky):
    made = study(**SECURE)
    one, other = (Nodes(made, shaky).run(tmp_path / str(place), watcher) for place in range(2))
    assert one.state.vector.tobytes() == other.state.vector.tobytes()


@pytest.mark.parametrize("method", ["none", "int8"])
def test_a_coordinator_that_starts_again_goes_on_to_the_same_bits(study, tmp_path, watcher, shaky, method):
    made = study(**SECURE, compression__method=method, rounds__rounds=4)
    whole = Nodes(made, shaky).run(tmp_path / "whole", watcher)
    nodes = Nodes(made, shaky)
    nodes.grid.on_push = lambda name, kind, group: _stop() if (kind, group) == ("evaluate", "3") else None
    with pytest.raises(KeyboardInterrupt):
        nodes.run(tmp_path / "killed", watcher)
    nodes.grid.on_push = lambda name, kind, group: None
    again = nodes.run(tmp_path / "killed", watcher)
    assert watcher.resumed_after == 2
    assert again.state.vector.tobytes() == whole.state.vector.tobytes()


def test_after_a_restart_of_the_coordinator_nobody_adds_up_the_same_round_over_others(study, folder, watcher, shaky):
    """Otherwise a coordinator would 'crash' after a round and learn, from its repetition, what one institution said."""
    nodes = Nodes(study(**SECURE, rounds__rounds=2), shaky)
    nodes.grid.on_push = lambda name, kind, group: _stop() if (kind, group) == ("evaluate", "1") else None
    with pytest.raises(KeyboardInterrupt):
        nodes.run(folder, watcher)
    nodes.grid.on_push = lambda name, kind, group: None
    nodes.grid.nodes[nodes.names[0]].kill()
    with pytest.raises(QuorumLost, match="would show a single institution"):
        nodes.run(folder, watcher)


def _stop() -> None:
    raise KeyboardInterrupt
