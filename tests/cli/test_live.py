from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from fedcare.cli.live import LiveView
from fedcare.cli.live_picture import Progress, Row, line_of, picture, sparkline

NAMES = ["Urban Hospital", "Rural Clinic"]


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=110, height=30, _environ={"TERM": "xterm"})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def record(number: int, dropped: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "round": number,
        "metrics": {"auc": 0.7 + 0.05 * number, "loss": 0.5 / number},
        "institutions": {name: {"auc": 0.8} for name in NAMES},
        "participants": {name: 1200 for name in NAMES if name not in (dropped or {})},
        "dropped": dropped or {},
        "seconds": 2.0,
    }


def play(view: LiveView) -> None:
    with view:
        view.started("Cancer in grey images", NAMES, 3, "auc")
        for number in (1, 2):
            for name in NAMES:
                view.institution_started(number, name)
                view.institution_finished(number, name, 1.0, 0.25)
            view.round_finished(record(number, {"Rural Clinic": "NaN in its weights"} if number == 2 else None))
        view.note("threshold 0.41")


def test_a_pipe_gets_one_line_a_round() -> None:
    console = Console(file=io.StringIO(), width=40)
    play(LiveView(console=console))
    assert written(console).splitlines() == [
        "Cancer in grey images: 2 institutions, 3 rounds",
        "round 1/3: AUC 0.750, loss 0.500, 2.0 s, 4.0 s left",
        "round 2/3: AUC 0.800, loss 0.250, 2.0 s, 2.0 s left, Rural Clinic dropped (NaN in its weights)",
        "threshold 0.41",
    ]


def test_one_is_no_plural() -> None:
    console = Console(file=io.StringIO(), width=40)
    with LiveView(console=console) as view:
        view.started("Cancer in grey images", NAMES[:1], 1, "auc")
    assert written(console).splitlines() == ["Cancer in grey images: 1 institution, 1 round"]


def test_a_dumb_terminal_gets_lines_without_escape_sequences() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, _environ={"TERM": "dumb"})
    play(LiveView(console=console))
    assert "\x1b" not in written(console)
    assert "round 2/3" in written(console)


def test_quiet_prints_nothing_at_all() -> None:
    for console in (terminal(), Console(file=io.StringIO())):
        play(LiveView(quiet=True, console=console))
        assert written(console) == ""


def test_a_terminal_gets_the_picture_and_its_cursor_back() -> None:
    console = terminal()
    play(LiveView(console=console))
    text = written(console)
    for part in ("Cancer in grey images", "round 2 of 3", "1,200", "0.2500", "dropped: NaN in its weights"):
        assert part in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_an_error_inside_the_run_leaves_the_terminal_in_order() -> None:
    console = terminal()
    with pytest.raises(ValueError, match="broken"), LiveView(console=console) as view:
        view.started("t", NAMES, 3, "auc")
        raise ValueError("broken")
    assert written(console).rstrip().endswith("\x1b[?25h")


def test_events_draw_nothing_by_themselves() -> None:
    console = terminal()
    with LiveView(console=console) as view:
        view.started("t", NAMES, 1000, "auc")
        before = len(written(console))
        for number in range(1, 500):
            view.round_finished(record(number))
        # A redraw for each event would write a megabyte; the clock thread has had time for a few pictures at most.
        assert len(written(console)) - before < 50_000


def test_names_cannot_command_the_terminal_or_the_markup() -> None:
    name = "[bold]Clinic\x1b[2J"
    for console in (terminal(), Console(file=io.StringIO(), width=80)):
        with LiveView(console=console) as view:
            view.started("t", [name], 1, "auc")
            view.round_finished({"round": 1, "metrics": {}, "dropped": {name: "x\ny"}, "seconds": 1.0})
        assert "[bold]Clinic?[2J" in written(console)
        assert "\x1b[2J" not in written(console)


def test_who_is_not_asked_in_a_round_is_shown_so() -> None:
    console = terminal()
    with LiveView(console=console) as view:
        view.started("t", NAMES, 2, "auc")
        view.round_finished(record(1))
        view.institution_started(2, "Urban Hospital")
        view.institution_finished(2, "Urban Hospital", 1.0, float("nan"))
    assert "not asked" in written(console)


def test_many_institutions_do_not_outgrow_the_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=20)
    console.print(picture(Progress("t", 3, "auc", table={f"Clinic {n}": Row() for n in range(100)}), 0.0, console))
    assert len(written(console).splitlines()) < 20
    assert "and 89 more" in written(console)


def test_the_sparkline_goes_from_lowest_to_highest() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert sparkline([0.3]) == "▁"
    assert sparkline([0.0, 1.0], ascii_only=True) == "_%"
    assert len(sparkline([float(n) for n in range(500)])) == 40


def test_time_left_follows_the_last_rounds() -> None:
    progress = Progress("t", 10, "auc", done=4, seconds=[100.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    assert progress.seconds_left() == 12.0
    assert progress.seconds_left(since_last=1.5) == 10.5
    assert Progress("t", 10, "auc").seconds_left() is None


def test_an_undefined_metric_is_left_out_of_the_line() -> None:
    progress = Progress("t", 2, "auc", done=2, seconds=[1.0, 1.0])
    assert line_of(progress, {"round": 2, "metrics": {}, "seconds": 1.0}) == "round 2/2: 1.0 s"
