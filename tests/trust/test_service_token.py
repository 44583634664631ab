"""The secret between the coordinator's processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fedcare.errors import BadSetting
from fedcare.settings import settings
from fedcare.trust.service_token import is_service, service_token


def test_all_who_ask_at_once_get_one_token_that_only_its_owner_may_read(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: service_token(tmp_path), range(16)))
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 32
    assert (tmp_path / "keys" / "service-token").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def fresh_settings():
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_named_file_holds_the_token_of_two_machines(tmp_path, monkeypatch, fresh_settings):
    monkeypatch.setenv("FEDCARE_SERVICE_TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(BadSetting):
        service_token(tmp_path)
    (tmp_path / "secret").write_text("x" * 31)
    with pytest.raises(BadSetting):
        service_token(tmp_path)
    (tmp_path / "secret").write_text("x" * 32 + "\n")
    assert service_token(tmp_path) == "x" * 32
    assert not (tmp_path / "keys").exists()


def test_only_the_token_itself_is_the_service(tmp_path):
    token = service_token(tmp_path)
    assert is_service(token, token)
    for other in ("", token[:-1], token + "x", "\u00e4"):
        assert not is_service(other, token)
