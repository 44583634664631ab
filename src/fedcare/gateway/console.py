"""The console's files: built into this package, read once, handed out with long caching and a strict content policy."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

BUILT = "page"
INDEX = "index.html"
# A file whose name holds a hash of its content never changes.
FOREVER, EACH_TIME = "public, max-age=31536000, immutable", "no-cache"
# Styles are made while the page runs (emotion), so only they may be inline; a patient's image is a blob of the page's.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
NOT_BUILT = "FedCare's gateway is running, but its console was not built: `make console` builds it.\n"


@dataclass(frozen=True)
class File:
    """A file as it is sent: ``packed`` is the same with gzip, where that is smaller."""

    content: bytes
    packed: bytes | None
    kind: str
    caching: str


class PageAddress(Convertor[str]):
    """Any address but the API's, whose unknown ones and wrong methods are its own to answer."""

    regex = r"(?!api(?:/|$)).*"

    def convert(self, value: str) -> str:
        """As it stands."""
        return value

    def to_string(self, value: str) -> str:
        """As it stands."""
        return value


register_url_convertor("page", PageAddress())


def add_console(app: FastAPI) -> None:
    """Serve the console at every address that is not the API's. Call it last: it takes whatever is left."""
    held = read_files(Path(str(files("fedcare.gateway"))) / BUILT)

    async def page(request: Request) -> Response:
        packed = "gzip" in request.headers.get("accept-encoding", "")
        return answer(held, request.path_params["path"], packed)

    app.add_api_route("/{path:page}", page, methods=["GET", "HEAD"], include_in_schema=False, operation_id="getConsole")


def read_files(folder: Path) -> dict[str, File]:
    """Every built file by its address without the first slash; empty where nothing was built."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".gz"]
    return {str(path.relative_to(folder)): _read(path, folder) for path in paths}


def answer(held: dict[str, File], path: str, packed: bool) -> Response:
    """The file at an address. The page itself for every other one, since the addresses of pages are its own business;
    an address that looks like a file's is not found."""
    if not held:
        return Response(NOT_BUILT, 503, media_type="text/plain")
    file = held.get(path)
    if file is None:
        if "." in path.rpartition("/")[2]:
            raise HTTPException(404)
        file = held[INDEX]
    headers = {"Cache-Control": file.caching, "Content-Security-Policy": POLICY, "Vary": "Accept-Encoding"}
    if packed and file.packed is not None:
        return Response(file.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.kind)
    return Response(file.content, headers=headers, media_type=file.kind)


def _read(path: Path, folder: Path) -> File:
    beside = path.with_name(path.name + ".gz")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    caching = FOREVER if path.relative_to(folder).parts[0] == "assets" else EACH_TIME
    return File(path.read_bytes(), beside.read_bytes() if beside.exists() else None, kind, caching)
