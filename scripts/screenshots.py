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
PATIENCE_MS = 60_000


def main() -> int:
    """Take every picture; the exit code."""
    with tempfile.TemporaryDirectory(prefix="fedcare-pictures-") as home, consortium(Path(home)) as said:
        address = re.search(r"FedCare is at (\S+)", said)
        login = re.search(r"Sign in as (\S+) with the password (\S+)", said)
        assert address and login, said
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US", reduced_motion="reduce")
            page.set_default_timeout(PATIENCE_MS)
            sign_in(page, address[1], login[1], login[2])
            for name, go in PICTURES.items():
                go(page, address[1])
                page.wait_for_load_state("networkidle")
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
    """As people do."""
    page.goto(address)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Welcome").wait_for()


def overview(page: Page, address: str) -> None:
    """Where one begins."""
    page.goto(f"{address}/")
    page.get_by_role("heading", level=1).wait_for()


def patients(page: Page, address: str) -> None:
    """The hospital's patients."""
    page.goto(f"{address}/patients")
    page.get_by_role("row").nth(3).wait_for()


def prediction(page: Page, address: str) -> None:
    """A prediction for the first patient."""
    patients(page, address)
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.wait_for_url(re.compile("/patients/[0-9a-f-]{36}$"))
    page.get_by_role("main").get_by_role("link", name="Predict").first.click()
    page.get_by_text("What drove it").first.wait_for()


def training(page: Page, address: str) -> None:
    """A run that has ended, round by round."""
    page.goto(f"{address}/training")
    page.get_by_role("main").get_by_role("link", name=re.compile("insurance-cost")).first.click()
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(1500)  # Charts are drawn with care.


def model(page: Page, address: str) -> None:
    """A version: how good it is at each hospital, and where it comes from."""
    page.goto(f"{address}/models")
    page.get_by_role("main").get_by_role("link").first.click()
    page.get_by_text("All hospitals together").wait_for()


def hospital(page: Page, address: str) -> None:
    """What left the hospital."""
    page.goto(f"{address}/hospital")
    page.get_by_role("row").nth(3).wait_for()


PICTURES = {
    "overview": overview,
    "patients": patients,
    "prediction": prediction,
    "training": training,
    "model": model,
    "hospital": hospital,
}

if __name__ == "__main__":
    sys.exit(main())
