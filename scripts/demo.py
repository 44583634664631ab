"""What ``make demo`` runs: both built-in tasks over five simulated hospitals, then where to look."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

STUDIES = {
    "insurance-cost": ["--compare"],
    "cancer-imaging": [],
}


def main() -> int:
    """Run the studies one after the other; ends with the first failure's exit code."""
    screen = Console()
    summaries = []
    for task, options in STUDIES.items():
        screen.rule(f"[bold]{task}")
        done = subprocess.run(
            [sys.executable, "-m", "fedcare", "simulate", task, *options, "--json"],
            stdout=subprocess.PIPE,
            check=False,
            text=True,
        )
        if done.returncode:
            return done.returncode
        summaries.append(json.loads(done.stdout))
    screen.rule("[bold]Done")
    screen.print(overview(summaries))
    for summary in summaries:
        screen.print(f"Report: {Path(summary['report']).resolve().as_uri()}", soft_wrap=True)
    screen.print("Next: fedcare predict --model " + summaries[0]["model_dir"] + " --row 'age=40,bmi=31,...'")
    return 0


def overview(summaries: list[dict[str, object]]) -> Table:
    """One line for each study."""
    table = Table("task", "institutions", "rounds", "figures", "seconds")
    for summary in summaries:
        figures = summary["metrics"]
        shown = ", ".join(f"{name} {value:,.3f}" for name, value in figures.items() if name != "loss")
        table.add_row(
            str(summary["task"]),
            str(len(summary["institutions"])),
            str(summary["rounds"]),
            shown,
            f"{summary['seconds']:.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
