"""A real server on a real socket: what no well-behaved client sends, and the stream of events."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from deepem.studio.addresses import open_socket
from deepem.studio.events import EventHub
from deepem.studio.server import make_config


@dataclass(frozen=True)
class Running:
    """A server that runs in a thread."""

    port: int
    token: str
    events: EventHub

    def send(self, *lines: str, body: bytes = b"") -> str:
        """Send a request as it is, and read until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            parts = []
            with suppress(ConnectionResetError):  # it hung up on what it did not read
                while part := connection.recv(65536):
                    parts.append(part)
        return b"".join(parts).decode("latin-1")


@pytest.fixture
def running(app: FastAPI, token: str) -> Iterator[Running]:
    """The application, served as ``deepem studio`` serves it."""
    listener, address = open_socket("127.0.0.1", 0)
    server = uvicorn.Server(make_config(app))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield Running(address.port, token, app.state.events)
    app.state.events.close()
    server.should_exit = True
    thread.join()
    listener.close()


def _find_status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def test_a_plain_request_is_answered(running: Running) -> None:
    authorization = f"Authorization: Bearer {running.token}"
    lines = ("GET /api/project HTTP/1.1", "Host: localhost", authorization, "Connection: close")
    answer = running.send(*lines)
    assert _find_status(answer) == 200
    assert "\r\nserver:" not in answer.lower()


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /api/project HTTP/1.0",),
        ("GET /api/project HTTP/1.1",),
        ("GET /api/project HTTP/1.1", "Host: localhost", "Host: evil.example"),
        ("GET /api/project HTTP/1.1", "Host:"),
        ("GET http://evil.example/api/project HTTP/1.1", "Host: localhost"),
        ("GET //evil.example/api/project HTTP/1.1", "Host: localhost"),
        ("GET /static/../api/project HTTP/1.1", "Host: localhost"),
        ("GET /api/../../../../etc/passwd HTTP/1.1", "Host: localhost"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "Host: localhost"),
        ("GET /api/project\x00 HTTP/1.1", "Host: localhost"),
        ("CONNECT localhost:22 HTTP/1.1", "Host: localhost"),
        ("GET /api/project HTTP/1.1", "Host: localhost", "Content-Length: -5"),
        ("PATCH /api/project HTTP/1.1", "Host: localhost", "Content-Length: 5" + "0" * 30),
        ("nonsense",),
    ],
)
def test_what_is_odd_is_refused_even_with_the_token(
    running: Running, lines: tuple[str, ...]
) -> None:
    authorization = f"Authorization: Bearer {running.token}"
    answer = running.send(*lines, authorization, "Connection: close")
    assert 400 <= _find_status(answer) < 500, answer
    assert "root:" not in answer
    assert '"n_micrographs"' not in answer


def test_endless_headers_are_refused(running: Running) -> None:
    answer = running.send("GET / HTTP/1.1", "Host: localhost", f"X: {'a' * 200_000}")
    assert answer == "" or 400 <= _find_status(answer) < 500


def test_two_sizes_of_a_body_are_refused(running: Running) -> None:
    body = b"0\r\n\r\nGET /api/project HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = running.send(
        "PATCH /api/project HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {running.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Transfer-Encoding: chunked",
        "Connection: close",
        body=body,
    )
    assert 400 <= _find_status(answer) < 500
    assert answer.count("HTTP/1.1") == 1  # what follows the body is not taken for a request


def test_a_body_in_chunks_is_read_no_further_than_the_limit(running: Running) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        head = [
            "PATCH /api/project HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {running.token}",
            "Transfer-Encoding: chunked",
        ]
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        try:
            for _ in range(2000):  # 131 MB
                connection.sendall(chunk)
                sent += len(chunk)
            answer = connection.recv(65536)
        except OSError:  # the server has hung up, and said so before
            answer = b"HTTP/1.1 413 "
    assert sent < 100_000_000
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_while_it_sends_is_no_bug(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/api/uploads?file_name=a&batch=b", "/api/labels/import"):
        head = [
            f"POST {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {running.token}",
            "Content-Type: application/json",
            "Content-Length: 1000",
        ]
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*head, "", "{"]).encode())
    plain = ("GET /api/project HTTP/1.0", "Host: localhost")
    assert _find_status(running.send(*plain)) == 401  # it lives
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_pages_are_told_and_forgotten_when_they_go(running: Running) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    url = f"http://127.0.0.1:{running.port}"
    with (
        httpx2.stream("GET", f"{url}/api/events", headers=headers, timeout=30) as first,
        httpx2.stream("GET", f"{url}/api/events", headers=headers, timeout=30) as second,
    ):
        assert first.headers["content-type"].startswith("text/event-stream")
        streams = [first.iter_lines(), second.iter_lines()]
        for stream in streams:
            assert next(stream).startswith(":")
        httpx2.patch(f"{url}/api/project", json={"diameter_px": 30}, headers=headers)
        for stream in streams:
            told = next(line for line in stream if line.startswith("data: "))
            assert json.loads(told.removeprefix("data: ")) == {"type": "project"}
        assert running.events.n_subscriptions == 2
    until_s = time.monotonic() + 30
    while running.events.n_subscriptions and time.monotonic() < until_s:
        time.sleep(0.01)
    assert running.events.n_subscriptions == 0
