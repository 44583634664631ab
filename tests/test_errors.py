"""The catalogue is complete, distinct, and says what to do."""

import inspect
import re

import pytest

from fedcare.errors import BadSetting, FedCareError, InvalidRequest, catalogue


def test_codes_are_distinct():
    codes = [error.code for error in catalogue()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.code)
def test_each_error_has_a_code_a_status_and_a_documented_meaning(kind):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert 400 <= kind.status < 600
    assert 1 <= kind.exit_code <= 255
    assert inspect.getdoc(kind)
    if kind is InvalidRequest:
        filled = kind([{"field": "age", "problem": "it must be 0 to 130"}])
    else:
        filled = kind(**dict.fromkeys(re.findall(r"{(\w+)", kind.text), 1))
    assert str(filled)
    assert "\n" not in str(filled)
    assert "(s)" not in str(filled)


def test_json_has_one_shape():
    error = BadSetting(setting="lr", value="x", reason="it must be a number")
    assert error.to_json() == {
        "error": {
            "code": "bad_setting",
            "message": "lr cannot be 'x': it must be a number",
            "details": {"setting": "lr", "value": "x", "reason": "it must be a number"},
        }
    }
    assert isinstance(error, FedCareError)
