"""A studio that runs, and a browser that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

_DEEPEM = Path(sys.executable).with_name("deepem")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_SCREEN = {"width": 1280, "height": 800}
# Tests share the machine with others, of which some train: what takes a moment can take long.
_PATIENCE_MS = 60_000
expect.set_options(timeout=_PATIENCE_MS)


@dataclass
class Studio:
    """A server of a folder, as ``deepem studio`` starts it."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_studio(
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[Callable[[Path], Studio]]:
    """Starts the studio of a folder; ends it after the test, which fails if it reported a bug."""
    started: list[Studio] = []
    logs = tmp_path_factory.mktemp("studio")

    def start(folder: Path) -> Studio:
        log = logs / f"{len(started)}.txt"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [_DEEPEM, "studio", folder, "--no-browser"],
                stderr=file,
                env={**os.environ, "COLUMNS": "500"},
            )
        while not (found := re.search(r"http://\S+token=\S+", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        started.append(Studio(folder, process, found.group()))
        return started[-1]

    yield start
    for studio in started:
        for job in studio.folder.glob("DeepEM/jobs/*"):
            (job / "cancel").touch()  # it would outlive the studio, as it should
        studio.process.terminate()
        try:
            studio.process.wait(20)
        except subprocess.TimeoutExpired:
            studio.kill()
            raise
    for log in logs.iterdir():
        assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def playwright() -> Generator[Playwright]:
    """The driver of browsers."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Generator[Browser]:
    """Chromium without a screen; skips where there is none."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("needs Chromium")
    # Chromium has no sandbox of its own for root, as whom CI runs.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=program, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Generator[Callable[[str], Page]]:
    """Opens pages of 1280 x 800; fails if one of them has reported an error by the end."""
    problems: list[str] = []
    contexts = []

    def open_one(url: str) -> Page:
        context = browser.new_context(viewport=_SCREEN, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []
