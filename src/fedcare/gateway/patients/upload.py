"""A file as it comes in a request: alone, or as the field ``file`` of a form."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile

from fedcare.errors import BadRequest, InvalidRequest, UnsupportedMedia

FORM = "multipart/form-data"
ALONE = ("text/csv", "application/gzip", "application/octet-stream")

# For the OpenAPI document: the body is read here and not by FastAPI, so that who may not send one is refused before.
DOCUMENTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "age,sex,bmi,children,smoker,region,charges\n19,female,27.9,0,yes,southwest,16884.92\n",
            },
            "application/gzip": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


async def _content(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ALONE:
        return await request.body()
    if kind != FORM:
        raise UnsupportedMedia(expected=f"{ALONE[0]}, {ALONE[1]} or {FORM} with a field file")
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise InvalidRequest([{"field": "file", "problem": "the form has no file of this name"}])
            return await file.read()
    except FormParserError:
        raise BadRequest(reason="its form is not divided as its header says") from None


CurrentFile = Annotated[bytes, Depends(_content)]
