"""Transactions of the SuperLink's state wait for one another rather than sleep."""

import subprocess
import sys

# In a process of its own: from ``take_turns`` on, every pool of a process takes part.
PROGRAM = """
import sys, threading, time
from sqlalchemy import create_engine, text
from fedcare.federation.superlink.turns import take_turns

take_turns()
engine = create_engine(f"sqlite:///{sys.argv[1]}")
with engine.begin() as first:
    first.execute(text("create table t (n integer)"))

order, inside = [], threading.Event()

def write(name, hold):
    with engine.begin() as connection:
        order.append(f"{name} begins")
        inside.set()
        connection.execute(text("insert into t values (1)"))
        time.sleep(hold)
        order.append(f"{name} ends")

one = threading.Thread(target=write, args=("one", 0.5))
two = threading.Thread(target=write, args=("two", 0.0))
one.start()
inside.wait()
two.start()
one.join(), two.join()
print(", ".join(order))
"""


def test_the_second_transaction_begins_when_the_first_has_given_its_connection_back(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "state.db")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "one begins, one ends, two begins, two ends"
