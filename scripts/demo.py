"""What ``make demo`` runs: both built-in tasks over five simulated hospitals, then where to look."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fedcare.federation.run_folder import RUN, name_for
from fedcare.settings import settings

STUDIES: dict[str, list[str]] = {
    "insurance-cost": ["--compare"],
    "cancer-imaging": [],
}
SHOWN = ("accuracy", "auc", "r2", "mae")


def main() -> int:
    """Run the studies one after the other; ends with the first failure's exit code."""
    screen, summaries = Console(), []
    for task, options in STUDIES.items():
        screen.rule(f"[bold]{task}")
        folder = settings().runs / name_for(task)
        command = [sys.executable, "-m", "fedcare", "simulate", task, *options, "--out", str(folder)]
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
        summaries.append(json.loads((folder / RUN).read_text(encoding="utf-8")))
    screen.rule("[bold]Done")
    screen.print(overview(summaries))
    for summary in summaries:
        screen.print(f"Open {Path(summary['report']).resolve().as_uri()}", soft_wrap=True)
    example = "age=45,sex=female,bmi=31.5,children=2,smoker=no,region=southeast"
    screen.print(
        f"Predict: .venv/bin/fedcare predict --model {summaries[0]['model_dir']} --row '{example}'", soft_wrap=True
    )
    return 0


def overview(summaries: list[dict[str, Any]]) -> Table:
    """One line for each study."""
    table = Table("task", "institutions", "rounds", "figures", "seconds")
    for summary in summaries:
        figures = ", ".join(f"{name} {summary['metrics'][name]:,.3f}" for name in SHOWN if name in summary["metrics"])
        hospitals, rounds = len(summary["institutions"]), summary["rounds"]
        table.add_row(summary["task"], str(hospitals), str(rounds), figures, f"{summary['seconds']:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
