"""Write ``console/src/api-client/``: the types of the gateway's OpenAPI document, and which role may do what.

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
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"


def main() -> int:
    """Write, or compare; the exit code."""
    made = {"schema.d.ts": _types(document()), "roles.ts": _roles()}
    if "--check" not in sys.argv:
        for name, text in made.items():
            (CLIENT / name).write_text(text, encoding="utf-8")
        return 0
    old = [name for name, text in made.items() if (CLIENT / name).read_text(encoding="utf-8") != text]
    if old:
        print(f"{', '.join(old)} in {CLIENT} do not fit the gateway: run `python scripts/console_api.py`")
    return 1 if old else 0


def document() -> dict[str, Any]:
    """The OpenAPI document without the coordinator's own routes, each failure told once: they all have one shape."""
    with tempfile.TemporaryDirectory() as home:
        full = create_app(GatewayConfig(home=Path(home)), Database(NOWHERE)).openapi()
    paths = {path: routes for path, routes in full["paths"].items() if not path.startswith("/api/internal")}
    for routes in paths.values():
        for route in routes.values():
            told = {status: answer for status, answer in route["responses"].items() if status < "400"}
            route["responses"] = told | {"default": _FAILURE}
    return full | {"paths": paths}


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
