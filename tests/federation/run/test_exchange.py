"""Whatever happens to nodes and to the server, a round asks again what was lost and counts each answer once."""

import threading
import time

import numpy as np
import pytest

from fedcare.errors import TooFewInstitutions
from fedcare.federation.coordinator import coordinate
from fedcare.federation.run.exchange import RunExchange
from fedcare.federation.simulation import Job, simulate

# Nobody is late by chance, however busy the machine; where somebody has to be, a round waits no longer than it must.
QUICK = {"rounds__deadline": 60, "rounds__grace": 2, "rounds__patience": 0.3}
HASTY = {"rounds__deadline": 30, "rounds__grace": 1, "rounds__patience": 0.3}


def run(study, grid, folder, watcher, **options):
    """A whole run over the grid; its last state."""
    folder.mkdir(exist_ok=True)
    exchange = RunExchange(grid, study.plan, watcher.answered, folder=folder, **options)
    return coordinate(study.plan, exchange, folder, watcher, watcher.resumed).state


@pytest.fixture
def undisturbed(study, tmp_path, watcher):
    """The weights of the same plan in one process, and the study."""
    from fedcare.aggregation.checkpoint import load

    made = study(**QUICK)
    simulate(Job(made, "inprocess", tmp_path / "simulated"), watcher)
    return made, load(tmp_path / "simulated")


def once(act):
    """``act`` at the first call, nothing at later ones."""
    done = []

    def guarded(*args):
        if not done:
            done.append(True)
            act(*args)

    return guarded


def later(seconds, act):
    threading.Timer(seconds, act).start()


def test_real_nodes_give_the_bits_of_a_simulation(undisturbed, shaky, folder, watcher):
    study, whole = undisturbed
    state = run(study, shaky(study), folder, watcher)
    assert state.vector.tobytes() == whole.vector.tobytes() and state.best.tobytes() == whole.best.tobytes()
    assert [record.metrics for record in state.history] == [record.metrics for record in whole.history]


def test_a_node_that_restarts_within_the_deadline_changes_no_bit(undisturbed, shaky, folder, watcher):
    study, whole = undisturbed
    grid = shaky(study)
    node = grid.nodes["Rural Hospital"]

    def kill(name, kind, group):
        if (name, kind, group) == ("Rural Hospital", "train", "2") and node.life == 1:
            node.kill()
            later(0.2, node.start)

    grid.on_push = kill
    state = run(study, grid, folder, watcher)
    assert node.life == 2
    assert grid.pushed.count(("Rural Hospital", "train", "2")) == 2
    assert state.vector.tobytes() == whole.vector.tobytes()


@pytest.mark.parametrize("length", [0.2, 3.0])  # Shorter and longer than a round would wait.
def test_an_outage_of_the_server_changes_no_bit(undisturbed, shaky, folder, watcher, length):
    study, whole = undisturbed
    grid = shaky(study)

    def go_away(*_):
        grid.is_away = True
        later(length, lambda: setattr(grid, "is_away", False))

    grid.on_push = lambda name, kind, group: outage() if (kind, group) == ("train", "2") else None
    outage = once(go_away)
    assert run(study, grid, folder, watcher).vector.tobytes() == whole.vector.tobytes()


def test_a_question_that_the_server_lost_is_asked_again(undisturbed, shaky, folder, watcher, monkeypatch):
    study, whole = undisturbed
    grid, work = shaky(study), []
    real = grid._work

    def lose_first(question):
        if question.metadata.message_type == "train" and not work:
            work.append(question)
            grid.lose("", question)
            return grid._replies[question.metadata.message_id]
        return real(question)

    monkeypatch.setattr(grid, "_work", lose_first)
    assert run(study, grid, folder, watcher).vector.tobytes() == whole.vector.tobytes()
    assert work


def test_a_node_that_is_gone_costs_a_round_no_more_than_its_grace_and_joins_the_next(study, shaky, folder, watcher):
    study = study(**HASTY, rounds__rounds=4)
    grid = shaky(study)
    node = grid.nodes["City General"] if "City General" in grid.nodes else grid.nodes[sorted(grid.nodes)[0]]
    name = next(each for each, held in grid.nodes.items() if held is node)

    def act(who, kind, group):
        if (who, kind, group) == (name, "train", "2") and node.life == 1:
            node.kill()
        if (kind, group) == ("train", "3") and not node.alive:
            node.start()

    grid.on_push = act
    state = run(study, grid, folder, watcher)
    second, third, fourth = state.history[1:]
    assert "no answer within" in second.dropped[name] and second.seconds < HASTY["rounds__deadline"]
    assert name not in third.participants and name in fourth.participants


def test_a_slow_node_is_left_out_and_its_late_answer_is_counted_and_thrown_away(study, shaky, folder, watcher):
    study = study(**HASTY, rounds__rounds=6)
    grid = shaky(study)
    slow = sorted(grid.nodes)[0]

    def act(name, kind, group):
        grid.nodes[slow].seconds = 1.5 if (kind, group) == ("train", "2") else 0.0
        for other in sorted(grid.nodes)[1:]:
            grid.nodes[other].seconds = 0.15

    grid.on_push = act
    state = run(study, grid, folder, watcher)
    assert "no answer within" in state.history[1].dropped[slow]
    assert slow not in state.history[1].participants
    late = [record.late_answers for record in state.history]
    assert sum(late) == 1 and late[0] == 0
    back = next(record.round for record in state.history[2:] if slow in record.participants)
    assert all(np.isfinite(record.train_loss) for record in state.history) and back > 2


def test_whoever_refuses_is_named_and_not_asked_again(study, shaky, folder, watcher, monkeypatch):
    study = study(**QUICK)
    grid = shaky(study)
    refuser, real = sorted(grid.nodes)[0], grid._work

    def refuse(question):
        from flwr.app import Error, Message

        if grid._by_id[question.metadata.dst_node_id] != refuser:
            return real(question)
        return Message(Error(2, "refused: the plan is not approved"), reply_to=question)

    monkeypatch.setattr(grid, "_work", refuse)
    state = run(study, grid, folder, watcher)
    assert state.round == 3 and refuser not in state.announced
    assert [kind for name, kind, _ in grid.pushed if name == refuser] == ["query"]


def test_a_run_says_who_is_missing_when_too_few_connect(study, shaky, folder, watcher):
    study = study(**QUICK)
    grid = shaky(study)
    names = sorted(grid.nodes)
    for name in names[1:]:
        grid.nodes[name].kill()
    started = time.monotonic()
    with pytest.raises(TooFewInstitutions, match=f"Not connected: {', '.join(names[1:])}"):
        run(study, grid, folder, watcher, registered=lambda: names)
    assert time.monotonic() - started < QUICK["rounds__deadline"]


def test_a_run_waits_for_those_who_are_registered(study, shaky, folder, watcher):
    study = study(**QUICK | {"rounds__patience": 5})
    grid = shaky(study)
    names = sorted(grid.nodes)
    grid.nodes[names[0]].kill()
    later(0.3, grid.nodes[names[0]].start)
    assert set(run(study, grid, folder, watcher, registered=lambda: names).announced) == set(names)


def test_a_run_says_who_it_waits_for(study, shaky, folder, watcher):
    study = study(**QUICK | {"rounds__patience": 5})
    grid, told = shaky(study), []
    names = sorted(grid.nodes)
    grid.nodes[names[0]].kill()
    later(0.3, grid.nodes[names[0]].start)
    run(study, grid, folder, watcher, registered=lambda: names, waiting=told.append)
    assert told[-1] == [names[0]]


def test_who_has_been_away_for_long_is_waited_for_only_where_too_few_others_are_there(study, shaky, folder, watcher):
    made = study(**QUICK | {"rounds__patience": 60, "rounds__min_available": 2})
    grid, told = shaky(made), []
    names = sorted(grid.nodes)
    grid.nodes[names[0]].kill()
    options = {"registered": lambda: names, "long_gone": lambda: names[:1], "waiting": told.append}
    RunExchange(grid, made.plan, watcher.answered, folder=folder, **options)
    assert told == []
    made = study(**QUICK | {"rounds__patience": 0.3, "rounds__min_available": len(names)})
    with pytest.raises(TooFewInstitutions, match=f"Not connected: {names[0]}"):
        RunExchange(grid, made.plan, watcher.answered, **options)
    assert told == [[names[0]]]


def test_another_process_of_the_run_asks_the_same_members_while_a_node_restarts(undisturbed, shaky, folder, watcher):
    study, whole = undisturbed

    class Killed(Exception):
        pass

    def die(record):
        if record.round == 2:
            raise Killed

    watcher.round_finished = die
    with pytest.raises(Killed):
        run(study, shaky(study), folder, watcher)
    del watcher.round_finished
    grid = shaky(study)
    lost = sorted(grid.nodes)[0]
    grid.nodes[lost].kill()
    later(0.45, grid.nodes[lost].start)
    state = run(study, grid, folder, watcher)
    assert watcher.resumed_after == 1
    assert state.vector.tobytes() == whole.vector.tobytes()


def test_a_stop_ends_the_question_that_is_under_way(study, shaky, folder, watcher):
    study = study(**QUICK)
    grid = shaky(study)

    class Stopped(Exception):
        pass

    def check():
        if any(kind == "train" for _, kind, _ in grid.pushed):
            raise Stopped

    for node in grid.nodes.values():
        node.seconds = 0.2
    with pytest.raises(Stopped):
        run(study, grid, folder, watcher, check=check)
