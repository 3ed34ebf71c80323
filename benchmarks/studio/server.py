"""The studio's server in a process of its own, as the command starts it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

_PATIENCE_S = 120
_TOKEN_VARIABLE = "DEEPEM_STUDIO_TOKEN"  # noqa: S105 (its name)


class StudioServer:
    """``deepem studio FOLDER`` while a block runs, and a client that has its token.

    Attributes
    ----------
    client
        Sends requests.
    start_seconds
        From the command to the first answer.
    """

    def __init__(self, folder: Path) -> None:
        self._token = secrets.token_urlsafe(32)
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("deepem")), "studio", str(folder), "--no-browser"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {_TOKEN_VARIABLE: self._token, "COLUMNS": "500"},
        )
        self.client = httpx.Client(
            base_url=self._wait_for_address(),
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=_PATIENCE_S,
        )
        self.get("/api/project")
        self.start_seconds = time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.close()
        self._process.terminate()
        self._process.communicate(timeout=_PATIENCE_S)

    @property
    def page_address(self) -> str:
        """What a browser opens."""
        return f"{self.client.base_url}/?token={self._token}"

    def get(self, address: str, **params: object) -> httpx.Response:
        """The answer to a GET request, which must succeed."""
        return self.client.get(address, params=params).raise_for_status()

    def time_get(self, address: str, **params: object) -> float:
        """Seconds of a GET request."""
        began = time.perf_counter()
        self.get(address, **params)
        return time.perf_counter() - began

    def time_post(self, address: str, question: dict[str, Any]) -> float:
        """Seconds of a POST request of JSON, which must succeed."""
        began = time.perf_counter()
        self.client.post(address, json=question).raise_for_status()
        return time.perf_counter() - began

    def read_memory_mb(self) -> dict[str, float]:
        """Memory of the server now and at its highest, in MB of a million bytes.

        Pages of files that are mapped count, though the system can take them back.
        """
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in text.splitlines())
        return {
            name: float(fields[field].split()[0]) * 1024 / 1e6
            for name, field in (("now", "VmRSS"), ("highest", "VmHWM"))
        }

    def read_processor_s(self) -> float:
        """Processor time that the server has taken, which others on the machine hardly change."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def _wait_for_address(self) -> str:
        stream = self._process.stderr
        lines = []
        for line in stream or ():
            lines.append(line)
            before, _, address = line.partition("http://")
            if before.startswith("Open in a browser"):
                return "http://" + address.partition("/")[0]
        sys.exit("the server did not start:\n" + "".join(lines))
