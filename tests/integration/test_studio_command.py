"""``deepem studio`` as a process of its own: it starts, answers, refuses a second, and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import numpy as np
import pytest

from deepem.io import write_mrc

_TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105
# The page of the test takes the place of the built one, which a checkout may lack.
_RUN = """
import sys
from pathlib import Path
from deepem.studio import app
app.STATIC_FOLDER = Path(sys.argv.pop(1))
from deepem.cli import main
main()
"""


@dataclass
class Studio:
    """A running ``deepem studio``."""

    process: subprocess.Popen[str]
    lines: list[str]
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, *, token: str = _TOKEN, host: str = "localhost") -> httpx2.Response:
        """Ask for an address."""
        headers = {"Authorization": f"Bearer {token}", "Host": host}
        return httpx2.get(f"{self.url}{path}", headers=headers, timeout=60)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end, and wait; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two micrographs."""
    folder = tmp_path / "micrographs"
    folder.mkdir()
    for index in range(2):
        pixels = np.random.default_rng(index).normal(size=(64, 80)).astype(np.float32)
        write_mrc(folder / f"mic_{index}.mrc", pixels, pixel_size_angstrom=2.0)
    return folder


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A page of one line."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html><title>page of the test</title>")
    return static


@pytest.fixture
def command(static: Path) -> list[str]:
    """The beginning of a command line."""
    return [sys.executable, "-c", _RUN, str(static), "studio"]


@pytest.fixture
def start(folder: Path, command: list[str]) -> Iterator[Callable[..., Studio]]:
    """Start ``deepem studio`` on the folder, and wait for its address."""
    processes = []

    def run(*options: str, token: str | None = _TOKEN) -> Studio:
        environment = {**os.environ, "DEEPEM_STUDIO_TOKEN": token or ""}
        if token is None:
            del environment["DEEPEM_STUDIO_TOKEN"]
        process = subprocess.Popen(
            [*command, str(folder), *options],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line.rstrip())
            if "Stop with Ctrl-C" in line:
                break
        (port,) = re.findall(r"http://[^/]+:(\d+)/\?token", "\n".join(lines))
        return Studio(process, lines, int(port))

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def test_it_shows_its_address_and_the_way_through_ssh(start: Callable[..., Studio]) -> None:
    studio = start()
    text = "\n".join(studio.lines)
    assert f"http://127.0.0.1:{studio.port}/?token={_TOKEN}" in text
    assert f"ssh -N -L {studio.port}:127.0.0.1:{studio.port} " in text
    assert "has 2 micrographs" in text
    page = studio.ask("/?token=x", token="none")  # noqa: S106
    assert "page of the test" in page.text
    assert studio.ask("/api/project", token="none").status_code == 401  # noqa: S106
    assert studio.ask("/api/project", host="evil.example").status_code == 403
    rows = studio.ask("/api/micrographs").json()["micrographs"]
    assert [row["name"] for row in rows] == ["mic_0", "mic_1"]


def test_only_this_computer_reaches_it(start: Callable[..., Studio]) -> None:
    studio = start()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.2:{studio.port}/")


def test_with_a_host_it_warns(start: Callable[..., Studio]) -> None:
    studio = start("--host", "0.0.0.0")  # noqa: S104
    assert "Warning: whoever reaches" in "\n".join(studio.lines)
    assert studio.ask("/api/project", host=socket.gethostname()).status_code == 200


def test_each_start_has_another_token(start: Callable[..., Studio]) -> None:
    tokens = []
    for _ in range(2):
        studio = start(token=None)
        tokens += re.findall(r"token=([0-9A-Za-z_-]{40,})$", "\n".join(studio.lines), re.MULTILINE)
        assert studio.ask("/api/project", token=tokens[-1]).status_code == 200
        studio.end()
    assert tokens[0] != tokens[1]


def test_settings_on_the_command_line_are_kept(start: Callable[..., Studio]) -> None:
    start("--diameter", "120", "--pixel-size", "3").end()
    project = start().ask("/api/project").json()
    assert (project["diameter_px"], project["pixel_size_angstrom"]) == (40.0, 3.0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_a_page_listens(
    start: Callable[..., Studio], how: signal.Signals
) -> None:
    studio = start()
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    with httpx2.stream("GET", f"{studio.url}/api/events", headers=headers, timeout=60) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        studio.process.send_signal(how)
        assert "".join(lines) == ""  # the stream ends, and not by an error
    assert studio.process.wait(timeout=60) == 0
    assert studio.process.stderr is not None
    assert studio.process.stderr.read() == ""


def test_a_second_one_is_sent_to_the_first(
    start: Callable[..., Studio], command: list[str], folder: Path
) -> None:
    studio = start()
    second = subprocess.run(
        [*command, str(folder), "--diameter", "99"], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"already at http://127.0.0.1:{studio.port} " in second.stderr
    assert _TOKEN not in second.stderr
    assert studio.ask("/api/project").json()["diameter_angstrom"] is None


def test_after_it_was_killed_the_next_one_starts(start: Callable[..., Studio]) -> None:
    first = start()
    first.process.kill()
    first.process.wait()
    assert start().ask("/api/project").status_code == 200


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--diameter", "100", "--diameter-px", "50"], 2, "in pixels or in Å"),
        (["--data", "missing"], 2, "not a folder that exists"),
        (["--host", "no-such-host.invalid"], 2, "--host"),
    ],
)
def test_what_cannot_be_is_explained(
    command: list[str], folder: Path, options: list[str], code: int, message: str
) -> None:
    ended = subprocess.run(
        [*command, str(folder), *options], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_page_that_is_not_built_is_explained(
    command: list[str], folder: Path, static: Path
) -> None:
    (static / "index.html").unlink()
    ended = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "make frontend" in ended.stderr


def test_without_the_extra_it_says_what_to_install(folder: Path) -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None; from deepem.cli import main; "
        f"sys.argv = ['deepem', 'studio', {str(folder)!r}]; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "pip install 'deepem[studio]'" in ended.stderr


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists its libraries")
def test_the_server_never_loads_torch(start: Callable[..., Studio]) -> None:
    studio = start()
    for path in (
        "project",
        "micrographs",
        "micrographs/mic_0",
        "micrographs/mic_0/labels",
        "micrographs/mic_0/thumbnail",
        "micrographs/mic_0/tiles/0/0/0",
        "jobs",
        "models",
        "picks",
        "compare?a=labels&b=labels",
        "exports",
    ):
        assert studio.ask(f"/api/{path}").status_code == 200
    libraries = Path(f"/proc/{studio.process.pid}/maps").read_text()
    assert "numpy" in libraries
    assert "libtorch" not in libraries
