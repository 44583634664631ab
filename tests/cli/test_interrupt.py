"""Ctrl-C counts between two steps, and at once when it is pressed again."""

import os
import signal

import pytest

from fedcare.cli.interrupt import Interrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_press_waits_for_the_end_of_a_step_and_the_second_does_not(capfd):
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(quiet=False) as interrupt:
        interrupt.check()
        press()
        assert "Ctrl-C once more" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_quiet_run_says_nothing_of_it(capfd):
    with Interrupt(quiet=True) as interrupt:
        press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
    assert capfd.readouterr() == ("", "")
