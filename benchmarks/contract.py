"""Does the gateway keep to its OpenAPI document, whatever it is sent? ``python -m benchmarks.contract``.

schemathesis makes examples for every operation, good and bad, and sends them as each role to a real gateway. A 5xx, a
status that the document does not name, or an answer that is not of the documented shape is a failure.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.api import import_model
from benchmarks.output import emit, parser, progress
from benchmarks.served import Served, serve

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PHASES = "examples,coverage,fuzzing"
ANONYMOUS = "anonymous"
ROLES = (ANONYMOUS, "nurse", "doctor", "admin", "consortium")
# The coordinator's processes, which have a token of their own and only their own addresses.
SERVICE = "service"
# They end the session that the other operations are asked with, so they are asked last.
ENDING = ("logout", "changePassword")


def main() -> None:
    """Run as every role; exit 1 where one finds a failure."""
    line = parser(__doc__)
    line.add_argument("--examples", type=int, default=100, help="per operation and role")
    line.add_argument("--role", action="append", choices=(*ROLES, SERVICE))
    options = line.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), fast=True) as served:
        import_model(served, Path(folder))
        for role in options.role or (*ROLES, SERVICE):
            progress(f"as {role} ...")
            found[role] = check(served, role, options.examples, options.seed)
    lines = [
        f"{role}: {outcome['cases']} cases, {'passed' if outcome['passed'] else 'FAILED'}"
        for role, outcome in found.items()
    ]
    lines += [str(outcome["report"]) for outcome in found.values() if not outcome["passed"]]
    emit({"benchmark": "contract", "examples": options.examples, "roles": found}, "\n".join(lines), options.json)
    if not all(outcome["passed"] for outcome in found.values()):
        raise SystemExit(1)


def check(
    served: Served, role: str, examples: int, seed: int, phases: str = PHASES, leave_out: tuple[str, ...] = ()
) -> dict[str, object]:
    """Every operation but ``leave_out`` as one role."""
    common = [f"--phases={phases}", f"--max-examples={examples}", f"--seed={seed}"]
    # Who has no session ends none.
    last = () if role == ANONYMOUS else ENDING
    runs = [_run(served, role, [*common, *(f"--exclude-operation-id={name}" for name in (*last, *leave_out))])]
    if last:
        runs.append(_run(served, role, [*common, *(f"--include-operation-id={name}" for name in last)]))
    reports = [run.stdout + run.stderr for run in runs]
    cases = sum(int(number) for report in reports for number in re.findall(r"(\d+) generated", report))
    return {"passed": not any(run.returncode for run in runs), "cases": cases, "report": "\n".join(reports)[-20_000:]}


def _run(served: Served, role: str, options: list[str]) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("schemathesis"))
    address = f"http://127.0.0.1:{served.port}/api/openapi.json"
    command = [program, "run", address, f"--checks={','.join(CHECKS)}", "--no-color", "--continue-on-failure", *options]
    command += ["--suppress-health-check=all", "--request-timeout=60"]  # A busy machine is no fault of the gateway's.
    if role == SERVICE:
        token = (served.home / "keys" / "service-token").read_text()
        command += ["--header", f"Authorization: Bearer {token}", "--include-tag=internal"]
    elif role != ANONYMOUS:
        header = served.bearer(role, None if role == "consortium" else 1)["Authorization"]
        command += ["--header", f"Authorization: {header}"]
    # It keeps a database of examples where it runs.
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=served.home)


if __name__ == "__main__":
    main()
