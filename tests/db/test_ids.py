"""Keys: UUIDs of version 7, in the order in which they were made."""

import time
from uuid import RFC_4122, UUID

from fedcare.db.ids import new_id


def test_a_key_is_a_uuid_of_version_7_with_its_time():
    before = time.time_ns() // 1_000_000
    key = new_id()
    after = time.time_ns() // 1_000_000
    assert (key.version, key.variant) == (7, RFC_4122)
    assert before <= key.int >> 80 <= after
    assert UUID(str(key)) == key


def test_later_keys_sort_after_earlier_ones():
    keys = []
    for _ in range(5):
        keys.append(new_id())
        time.sleep(0.002)
    assert keys == sorted(keys)


def test_keys_made_at_once_differ_and_every_random_bit_is_used():
    keys = [new_id() for _ in range(5000)]
    assert len(set(keys)) == len(keys)
    random = (1 << 62) - 1 | 0xFFF << 64
    ever, always = 0, random
    for key in keys:
        ever, always = ever | key.int & random, always & key.int
    assert (ever, always) == (random, 0)
