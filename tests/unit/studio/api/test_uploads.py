"""Files that are dropped on the page: kept in the project, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient


def test_a_file_is_kept_as_it_is(client: TestClient, folder: Path) -> None:
    content = bytes(range(256)) * 10
    for kind in ("application/octet-stream", "application/json", "text/plain", ""):
        answer = client.post(
            "/api/uploads?file_name=mic 1.box&batch=b-1",
            content=content,
            headers={"Content-Type": kind},
        )
        assert answer.status_code == 201
        assert answer.json() == {"path": "DeepEM/uploads/b-1/mic 1.box"}
        assert (folder / answer.json()["path"]).read_bytes() == content


def test_a_file_sent_again_is_replaced(client: TestClient, folder: Path) -> None:
    for content in (b"first", b"second", b""):
        answer = client.post("/api/uploads?file_name=a.box&batch=b", content=content)
        assert (folder / answer.json()["path"]).read_bytes() == content
    assert [path.name for path in (folder / "DeepEM/uploads/b").iterdir()] == ["a.box"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "../a.box",
        "/etc/passwd",
        "a/b.box",
        "a\\b.box",
        "..\\a.box",
        "a\0.box",
        "a\n.box",
        "a" * 201,
        "é" * 150,
        "\x7f",
        "\u202ea.box",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    client: TestClient, folder: Path, name: str
) -> None:
    before = sorted(folder.rglob("*"))
    answer = client.post("/api/uploads", params={"file_name": name, "batch": "b"}, content=b"x")
    assert answer.status_code == 422
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("batch", ["", "..", "a/b", "a\\b", ".", "a" * 65, "a b", "a\n"])
def test_a_batch_that_leads_elsewhere_is_refused(
    client: TestClient, folder: Path, batch: str
) -> None:
    before = sorted(folder.rglob("*"))
    answer = client.post("/api/uploads", params={"file_name": "a", "batch": batch}, content=b"x")
    assert answer.status_code == 422
    assert sorted(folder.rglob("*")) == before


def test_a_batch_that_is_a_link_to_elsewhere_is_refused(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    uploads = folder / "DeepEM" / "uploads"
    uploads.mkdir()
    (uploads / "b").symlink_to(outside)
    answer = client.post("/api/uploads?file_name=a.box&batch=b", content=b"x")
    assert answer.status_code == 422
    assert "leads to" in answer.json()["error"]["message"]
    assert not list(outside.iterdir())


def test_a_file_of_more_than_50_mb_is_refused(client: TestClient, folder: Path) -> None:
    def send() -> Iterator[bytes]:
        for _ in range(51):
            yield b"a" * 1_000_000

    for content in (send(), b"a" * 50_000_001):
        answer = client.post("/api/uploads?file_name=a.box&batch=b", content=content)
        assert answer.status_code == 413
        assert "larger than 50 MB" in answer.json()["error"]["message"]
    assert not (folder / "DeepEM" / "uploads").exists()


def test_a_file_of_50_mb_is_taken(client: TestClient, folder: Path) -> None:
    content = b"a" * 50_000_000
    answer = client.post("/api/uploads?file_name=a.box&batch=b", content=content)
    assert answer.status_code == 201
    assert (folder / answer.json()["path"]).stat().st_size == len(content)
