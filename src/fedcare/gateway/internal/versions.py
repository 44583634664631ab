"""Taking in the model version that a run ended in, with the coordinator's signature and the gate's decision."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from pydantic import ValidationError
from python_multipart.exceptions import FormParserError
from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Scope
from fedcare.db.runs import set_status
from fedcare.db.tables import CONSORTIUM
from fedcare.errors import BadRequest, CorruptModel, FedCareError, InvalidRequest, StorageFull, UnsupportedMedia
from fedcare.gateway.internal import repository
from fedcare.gateway.internal.schemas import Decision, Stored, VersionFields
from fedcare.gateway.internal.service import held_run
from fedcare.gateway.models import repository as models
from fedcare.gateway.models.artifact import load
from fedcare.gateway.models.importing import import_version
from fedcare.gateway.problems import problems_of
from fedcare.gateway.services import Services

MULTIPART, FIELD = "multipart/form-data", "file"
MOST_FILES, MOST_BYTES = 100, 2**31
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


async def take_version(services: Services, request: Request) -> Stored:
    """Keep the version that a request brings; brought again, nothing changes.

    Raises UnsupportedMedia, BadRequest, InvalidRequest, NotFound, CorruptModel, StorageFull.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise UnsupportedMedia(expected=f"{MULTIPART} with a field {FIELD}")
    try:
        async with request.form(max_files=1, max_fields=10, max_part_size=1_000_000) as form:
            packed, fields = _file(form), _fields(form)
            return await run_in_threadpool(_take, services, packed.file, fields)
    except (FormParserError, MultiPartException):
        raise BadRequest(reason="its form is not divided as its header says") from None


def _file(form: FormData) -> UploadFile:
    packed = form.get(FIELD)
    if not isinstance(packed, UploadFile):
        raise InvalidRequest([{"field": FIELD, "problem": "the form has no file of this name"}])
    return packed


def _fields(form: FormData) -> VersionFields:
    try:
        return VersionFields.model_validate({name: value for name, value in form.items() if isinstance(value, str)})
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from error


def _take(services: Services, packed: BinaryIO, fields: VersionFields) -> Stored:
    decision = _decision(fields)
    folder = services.shelf.folder
    with services.database.transaction(Scope(CONSORTIUM)) as tx:
        held_run(tx, fields.run_id)  # What belongs to no run is not even unpacked.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".brought-", dir=folder) as place:
            _unpack(packed, Path(place))
            found = import_version(services.database, folder, Path(place), False, Origin())
    except OSError as error:
        raise StorageFull(path="the shelf of versions", reason=error.strerror or "the disk refused it") from error
    with services.database.transaction(Scope(CONSORTIUM)) as tx:
        models.lock(tx, found.task)
        held, row = held_run(tx, fields.run_id), models.one(tx, found.id)
        assert row is not None
        if held.version != found.version or held.decision != decision:
            _settle(tx, services, held, row, fields.signature, decision)
    with suppress(FedCareError):  # Should the database be away now, the news bring it.
        services.shelf.reload()
    return Stored(version=found.version)


def _settle(
    tx: Connection, services: Services, held: Row[Any], row: Any, signature: str | None, decision: dict[str, Any]
) -> None:
    """Do once what a version's arrival brings about: an administrator may have changed who answers since."""
    repository.vouch(tx, row.id, signature, decision)
    set_status(tx, held, held.status, version=row.version, decision=decision)
    if decision["activate"] and not row.is_active:
        load(services.shelf.folder, row)
        models.activate(tx, row.task, row.id)
        audit.record(tx, Origin(), "models.activate", "model_version", row.id)


def _decision(fields: VersionFields) -> dict[str, Any]:
    try:
        reasons = json.loads(fields.reasons)
        return Decision.model_validate({"activate": fields.activate, "reasons": reasons}).model_dump()
    except (ValueError, RecursionError):
        raise InvalidRequest([{"field": "reasons", "problem": "it must be a JSON list of texts"}]) from None


def _unpack(packed: BinaryIO, place: Path) -> None:
    """Write a zip's files, which lie side by side in it or in one folder; raises CorruptModel for any other."""
    try:
        with zipfile.ZipFile(packed) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
                raise _damaged("it unpacks to more than a version can be")
            for member in members:
                name = member.filename.rpartition("/")[2]
                if not _FILE.fullmatch(name) or (place / name).exists():
                    raise _damaged("it holds a file whose name no version has")
                with archive.open(member) as source, (place / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise _damaged("it is not a zip that can be read") from None


def _damaged(reason: str) -> CorruptModel:
    return CorruptModel(path="the one that was brought", reason=reason)
