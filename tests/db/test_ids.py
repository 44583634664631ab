"""Keys: UUIDs of version 7, in the order in which they were made."""

import itertools
import threading
import time
from uuid import RFC_4122, UUID

from fedcare.db import ids
from fedcare.db.ids import new_id


def test_a_key_is_a_uuid_of_version_7_with_its_time():
    before = time.time_ns() // 1_000_000
    key = new_id()
    after = time.time_ns() // 1_000_000
    assert (key.version, key.variant) == (7, RFC_4122)
    assert before <= key.int >> 80 <= after
    assert UUID(str(key)) == key


def test_keys_rise_also_within_a_millisecond():
    keys = [new_id() for _ in range(5000)]
    assert len({key.int >> 80 for key in keys}) < len(keys)
    assert all(earlier < later for earlier, later in itertools.pairwise(keys))


def test_keys_rise_when_the_clock_is_set_back(monkeypatch):
    before = new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 10**18)
    after = [new_id() for _ in range(100)]
    assert before < after[0]
    assert after == sorted(set(after))
    assert {key.int >> 80 for key in after} == {before.int >> 80}


def test_random_bits_that_run_over_go_on_in_the_next_millisecond(monkeypatch):
    last = (4 * 10**12 << 74) - 1
    monkeypatch.setattr(ids, "_last", [last])
    key = new_id()
    assert (key.version, key.variant) == (7, RFC_4122)
    assert key.int >> 80 == 4 * 10**12


def test_threads_get_different_keys_each_in_order():
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(into: list[UUID]) -> None:
        into.extend(new_id() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key for each in made for key in each}) == 8000
    assert all(each == sorted(each) for each in made)


def test_every_random_bit_is_used():
    random = (1 << 62) - 1 | 0xFFF << 64
    ever, always = 0, random
    for _ in range(60):
        time.sleep(0.0015)  # in a millisecond of its own, where all bits are drawn anew
        key = new_id()
        ever, always = ever | key.int & random, always & key.int
    assert (ever, always) == (random, 0)
