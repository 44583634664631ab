"""Write ``console/src/api-client/``: the types of the gateway's OpenAPI document, its errors, and who may do what.

``python scripts/console_api.py`` writes them anew; with ``--check`` it only says whether they are as they should be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fedcare.db.database import Database
from fedcare.gateway.app import create_app
from fedcare.gateway.config import GatewayConfig
from fedcare.gateway.permissions import PERMISSIONS

CONSOLE = Path(__file__).resolve().parents[1] / "console"
CLIENT = CONSOLE / "src" / "api-client"
GENERATOR = CONSOLE / "node_modules" / ".bin" / "openapi-typescript"
INTERNAL = "/api/internal"
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"


def main() -> int:
    """Write, or compare; the exit code."""
    full = document()
    made = {"schema.d.ts": _types(_shortened(full)), "codes.ts": _codes(full), "roles.ts": _roles()}
    if "--check" not in sys.argv:
        for name, text in made.items():
            (CLIENT / name).write_text(text, encoding="utf-8")
        return 0
    old = [name for name, text in made.items() if (CLIENT / name).read_text(encoding="utf-8") != text]
    if old:
        print(f"{', '.join(old)} in {CLIENT} do not fit the gateway: run `python scripts/console_api.py`")
    return 1 if old else 0


def document() -> dict[str, Any]:
    """The OpenAPI document without the coordinator's own routes."""
    with tempfile.TemporaryDirectory() as home:
        full = create_app(GatewayConfig(home=Path(home)), Database(NOWHERE)).openapi()
    return full | {"paths": {path: routes for path, routes in full["paths"].items() if not path.startswith(INTERNAL)}}


def _shortened(full: dict[str, Any]) -> dict[str, Any]:
    """The document with each failure told once: they all have one shape."""

    def short(route: dict[str, Any]) -> dict[str, Any]:
        told = {status: answer for status, answer in route["responses"].items() if status < "400"}
        return route | {"responses": told | {"default": _FAILURE}}

    paths = full["paths"].items()
    return full | {"paths": {path: {how: short(each) for how, each in routes.items()} for path, routes in paths}}


_FAILURE = {
    "description": "What failed, and what to do",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
}


def _types(described: dict[str, Any]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(json.dumps(described), encoding="utf-8")
        command = [
            str(GENERATOR),
            str(source),
            "--output",
            str(target),
            "--root-types",
            "--root-types-no-schema-prefix",
        ]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_text(encoding="utf-8")


def _codes(full: dict[str, Any]) -> str:
    """Every error that a route documents: each has an example under its code."""
    answers = [
        answer
        for routes in full["paths"].values()
        for route in routes.values()
        for status, answer in route["responses"].items()
        if status >= "400"
    ]
    codes = sorted({code for answer in answers for code in answer["content"]["application/json"].get("examples", ())})
    lines = [
        "/** Made by scripts/console_api.py: the code of every error that the gateway documents. */",
        "export const CODES = [",
        *(f"  {json.dumps(code)}," for code in codes),
        "] as const;",
    ]
    return "\n".join(lines) + "\n"


def _roles() -> str:
    lines = [
        "/** Made by scripts/console_api.py from the gateway's table of permissions. */",
        "export const ROLES = {",
        *(f"  {name}: {json.dumps(sorted(roles))}," for name, roles in PERMISSIONS.items()),
        "} as const;",
        "",
        "export type Operation = keyof typeof ROLES;",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
