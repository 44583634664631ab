"""The files of signing keys, and tokens while keys change."""

import multiprocessing
import os
import stat
import time
from uuid import uuid4

import pytest

from fedcare.errors import Unauthenticated
from fedcare.gateway.auth import tokens
from fedcare.gateway.auth.keys import SigningKeys, rotate
from fedcare.gateway.auth.tokens import ACCESS_SECONDS, SESSION_SECONDS, CsrfTokens, Tokens
from fedcare.gateway.caller import Role


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "keys"


def token_of(keys, session_id=None):
    return Tokens(keys).make(uuid4(), 1, Role.NURSE, session_id or uuid4())


def pass_time(monkeypatch, seconds):
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "time_ns", lambda: int(now * 1e9))


def test_the_first_start_makes_a_key_that_only_its_owner_reads(folder):
    SigningKeys(folder)
    (key,) = folder.glob("*.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(key.read_bytes()) == 32


def test_a_folder_that_was_open_to_others_is_closed(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    SigningKeys(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def first_key(folder):
    return SigningKeys(folder).current().id


def test_processes_that_start_at_once_agree_on_one_key(folder):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = pool.map(first_key, [folder] * 8)
    assert len(set(made)) == 1


def test_a_new_key_signs_at_once_and_what_the_old_one_signed_still_counts(folder):
    keys = SigningKeys(folder)
    reader, session_id = Tokens(keys), uuid4()
    old, csrf = token_of(keys, session_id), CsrfTokens(keys).make(session_id)
    made = rotate(folder, SESSION_SECONDS)
    assert keys.current().id == made
    assert reader.read(old).session_id == session_id
    assert reader.read(token_of(keys)).role is Role.NURSE
    assert CsrfTokens(keys).fits(csrf, session_id)


def test_another_process_reads_what_was_signed_with_a_key_that_it_has_not_seen_yet(folder):
    other = Tokens(SigningKeys(folder))
    rotate(folder, SESSION_SECONDS)
    assert other.read(token_of(SigningKeys(folder))).role is Role.NURSE


def test_a_replaced_key_can_forge_nothing_once_its_tokens_have_expired(folder, monkeypatch):
    keys = SigningKeys(folder)
    stolen, session_id = keys.current(), uuid4()
    csrf = CsrfTokens(keys).make(session_id)
    rotate(folder, SESSION_SECONDS)
    pass_time(monkeypatch, ACCESS_SECONDS + 1)
    monkeypatch.setattr(keys, "current", lambda: stolen)
    forged = token_of(keys)
    with pytest.raises(Unauthenticated):
        Tokens(SigningKeys(folder)).read(forged)
    # A page that slept through the change still refreshes its session.
    assert CsrfTokens(SigningKeys(folder)).fits(csrf, session_id)


def test_keys_go_when_nothing_they_signed_can_count(folder, monkeypatch):
    SigningKeys(folder)
    rotate(folder, SESSION_SECONDS)
    assert len(list(folder.glob("*.key"))) == 2
    pass_time(monkeypatch, SESSION_SECONDS + 1)
    rotate(folder, SESSION_SECONDS)
    assert len(list(folder.glob("*.key"))) == 2


def test_a_token_expires_even_where_it_was_read_before(folder, monkeypatch):
    keys = SigningKeys(folder)
    reader, token = Tokens(keys), token_of(keys)
    reader.read(token)
    pass_time(monkeypatch, ACCESS_SECONDS + 1)
    with pytest.raises(Unauthenticated, match="expired"):
        reader.read(token)


def test_an_expired_token_is_refused(folder, monkeypatch):
    keys = SigningKeys(folder)
    with monkeypatch.context() as earlier:
        pass_time(earlier, -ACCESS_SECONDS - 1)
        token = token_of(keys)
    with pytest.raises(Unauthenticated, match="expired"):
        Tokens(keys).read(token)


def test_what_is_remembered_of_tokens_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(tokens, "_CACHED", 3)
    keys = SigningKeys(folder)
    reader = Tokens(keys)
    for _ in range(5):
        reader.read(token_of(keys))
    assert len(reader._seen) == 3


@pytest.mark.parametrize("change", ["none", "other key", "other audience", "cut"])
def test_a_token_that_we_did_not_sign_is_refused(folder, change, tmp_path):
    import jwt

    keys = SigningKeys(folder)
    good = token_of(keys)
    claims = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": keys.current().id}
    bad = {
        "none": lambda: jwt.encode(claims, None, "none", headers=header),
        "other key": lambda: jwt.encode(claims, os.urandom(32), "HS256", headers=header),
        "other audience": lambda: jwt.encode(claims | {"aud": "x"}, keys.current().secret, "HS256", headers=header),
        "cut": lambda: good[:-3],
    }[change]()
    with pytest.raises(Unauthenticated):
        Tokens(keys).read(bad)
