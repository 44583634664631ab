"""Photograph the console for README and docs: ``make screenshots``.

A whole consortium is started in a folder of its own, as ``make demo`` does it; when its models answer, a hospital's
administrator goes through the pages in Chromium, and the pictures are kept in ``docs/images``.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
USUAL, TALL = 860, 1100
PATIENCE_MS = 60_000
DRAWN_MS = 1_500  # Charts are drawn with care.


def main() -> int:
    """Take every picture; the exit code."""
    with tempfile.TemporaryDirectory(prefix="fedcare-pictures-") as home, consortium(Path(home)) as said:
        address = re.search(r"FedCare is at (\S+)", said)
        login = re.search(r"Sign in as (\S+) with the password (\S+)", said)
        assert address and login, said
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(locale="en-US", reduced_motion="reduce")
            page.set_default_timeout(PATIENCE_MS)
            sign_in(page, address[1], login[1], login[2])
            for name, go in PICTURES.items():
                page.set_viewport_size({"width": 1280, "height": TALL if name in {"prediction", "image"} else USUAL})
                go(page)
                page.mouse.move(0, 0)
                page.wait_for_timeout(DRAWN_MS)
                page.screenshot(path=IMAGES / f"console-{name}.png")
                print(f"docs/images/console-{name}.png")
            browser.close()
    return 0


@contextmanager
def consortium(home: Path) -> Iterator[str]:
    """``fedcare up --demo`` until its models answer; what it said so far."""
    home.chmod(0o711)
    command = [sys.executable, "-m", "fedcare", "up", "--demo", "--port", "0"]
    environment = os.environ | {"FEDCARE_HOME": str(home / "home")}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    assert process.stderr
    for line in process.stderr:
        said.append(line)
        print(line, end="", file=sys.stderr)
        if "Everything is up" in line:
            break
    else:
        raise SystemExit("the consortium did not come up")
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield "".join(said)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    """As people do; whoever comes for the first time is shown around."""
    page.goto(address)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("dialog").get_by_role("button", name="Skip").click()
    page.get_by_role("heading", name="Welcome").wait_for()


def choose(page: Page, place: str) -> None:
    """Go to one of the menu's places."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place, exact=True).click()


def training(page: Page) -> None:
    """The run that began when somebody came, as it goes on."""
    choose(page, "Training")
    # The newest; the list learns of it by itself.
    page.get_by_role("row").filter(has_text="In progress").get_by_role("link").first.click()
    page.get_by_text(re.compile(r"Round (1[5-9]|[23]\d) of 40")).wait_for()


def overview(page: Page) -> None:
    """Where one begins."""
    choose(page, "Overview")
    page.get_by_text("Models that answer").wait_for()


def patients(page: Page) -> None:
    """The hospital's patients."""
    choose(page, "Patients")
    page.get_by_role("row").nth(3).wait_for()


def prediction(page: Page) -> None:
    """What the model says of a patient, and why."""
    patients(page)
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.get_by_role("main").get_by_role("link", name="Predict").first.click()
    page.get_by_role("heading", name="What drove it").wait_for()


def image(page: Page) -> None:
    """What it says of an image, and which places speak for that."""
    choose(page, "Predict")
    page.get_by_label("What to predict").click()
    page.get_by_role("option", name="Cancer on a medical image").click()
    page.get_by_role("button", name="Example 2").click()
    page.get_by_alt_text("Heat map").wait_for()


def model(page: Page) -> None:
    """A version: how good it is at each hospital, and where it comes from."""
    choose(page, "Models")
    page.get_by_role("table").get_by_role("link", name="insurance-cost").first.click()
    page.get_by_text("All hospitals together").wait_for()


def hospital(page: Page) -> None:
    """What left the hospital."""
    choose(page, "This hospital")
    page.get_by_role("row").nth(3).wait_for()


PICTURES = {
    "training": training,
    "overview": overview,
    "patients": patients,
    "prediction": prediction,
    "image": image,
    "model": model,
    "hospital": hospital,
}

if __name__ == "__main__":
    sys.exit(main())
