"""An address's parameters, read more strictly than Starlette does: UTF-8 alone, and no name twice."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from fedcare.errors import BadRequest, InvalidRequest


def query_of(request: Request) -> dict[str, str]:
    """The parameters by name; raises BadRequest for bytes that are not UTF-8, InvalidRequest for a name that is twice.

    Of such a name Starlette would take the last and a proxy before it perhaps the first.
    """
    sent: bytes = request.scope["query_string"]
    if not sent:
        return {}
    try:
        pairs = parse_qsl(sent.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(reason="its address holds bytes that are not text in UTF-8") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequest([{"field": name, "problem": "it stands in the address twice: keep one"} for name in twice])
    return found
