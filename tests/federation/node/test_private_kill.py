"""A node that is killed in the middle of private training has paid for it: budget is wasted, never overspent."""

import signal

from tests.federation.node.consortium import wait_for

from fedcare.data.declared import declared
from fedcare.db import privacy
from fedcare.plan import canonical_json
from fedcare.tasks.registry import get


def test_a_killed_node_has_paid_for_what_it_had_begun_and_never_spends_more_than_its_budget(
    process, run_of, plan, start_vector
):
    # A thousand steps of training are not over before the test has seen them begin.
    steps = {"local__epochs": 50, "privacy__dp__sample_rate": 0.05, "privacy__dp__noise_multiplier": 9.55}
    noise = {"privacy__dp__count_noise": 60.0, "privacy__dp__evaluation_noise": 50.0}
    made = plan(privacy__dp__enabled=True, **steps, **noise)
    more = {"vector": start_vector, "preprocessing": canonical_json(declared(get("insurance-cost").records).to_json())}
    process.connected()
    run = run_of(made)
    assert run.pull(run.push(process.name), process.name).error is None

    run.push(process.name, "train", 1, **more)
    wait_for(lambda: ("update", 1) in begun(process), pause=0.01)
    process.stop(signal.SIGKILL)
    assert [row["kind"] for row in process.egress() if row["run"] == "run-1"] == ["statistics"]  # No update left.
    assert begun(process) == [("record count", 0), ("update", 1)]
    reserved = spent(process)
    assert 0.85 < reserved < 0.95

    process.start()
    process.connected(2)
    run = run_of(made)  # Flower's; for the node it is the same run, by its name.
    assert ask(run, process, 1, **more).error is None
    assert begun(process).count(("update", 1)) == 2  # Fresh noise is paid for anew.
    assert spent(process) == reserved  # Which two updates use up.

    last = ask(run, process, 2, **more)
    assert "privacy budget" in last.error
    assert begun(process).count(("update", 2)) == 0
    assert begun(process).count(("record count", 0)) == 1  # Kept with its charge, and so not told anew.
    assert spent(process) <= 1.0


def ask(run, process, number, **more):
    pushed = run.push(process.name, "train", number, **more)
    return run.pull(pushed, process.name)


def begun(process) -> list[tuple[str, int]]:
    with process.store.transaction() as tx:
        rows = privacy.page(tx, None, None, 100)
    return [(row.what, row.round) for row in reversed(rows) if row.kind == "begun"]


def spent(process) -> float:
    with process.store.transaction() as tx:
        return privacy.newest(tx).epsilon
