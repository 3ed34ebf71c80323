"""What the server does before it answers: token, port, lock, the lines for the user."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deepem.errors import ConfigError, NotFoundError, OutputError
from deepem.studio import app as app_module
from deepem.studio.addresses import ServerAddress, is_remote_session, open_socket
from deepem.studio.first_visit import FirstVisit
from deepem.studio.project import Project
from deepem.studio.server import TOKEN_VARIABLE, serve
from deepem.studio.server_lock import hold_server_lock


def test_the_system_finds_a_free_port() -> None:
    listener, address = open_socket("127.0.0.1", 0)
    with listener:
        assert address.port > 0
        assert address.url == f"http://127.0.0.1:{address.port}"
        assert address.is_private
        socket.create_connection(("127.0.0.1", address.port)).close()


def test_a_port_in_use_is_named() -> None:
    listener, address = open_socket("127.0.0.1", 0)
    with listener, pytest.raises(ConfigError, match=f"{address.port} is in use") as refused:
        open_socket("127.0.0.1", address.port)
    assert refused.value.field == "port"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a" * 300, "\ud800"])
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="leave it out") as refused:
        open_socket(host, 0)
    assert refused.value.field == "host"


def test_the_tunnel_leads_to_the_same_port() -> None:
    tunnel = ServerAddress("127.0.0.1", 8123).make_tunnel()
    assert tunnel.startswith("ssh -N -L 8123:127.0.0.1:8123 ")
    assert tunnel.endswith(f"@{socket.gethostname()}")


def test_addresses_that_others_reach_are_not_private() -> None:
    everywhere = ServerAddress("0.0.0.0", 8123)  # noqa: S104
    assert not everywhere.is_private
    assert everywhere.url == f"http://{socket.gethostname()}:8123"
    assert ServerAddress("::1", 8123).url == "http://[::1]:8123"


def test_a_session_over_ssh_is_remote() -> None:
    assert is_remote_session({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
    assert not is_remote_session({"DISPLAY": ":0"})


def test_the_first_visit_is_good_once_and_for_two_minutes() -> None:
    now_s = 0.0
    visit = FirstVisit(clock=lambda: now_s)
    assert not visit.redeem("")
    assert not visit.redeem("é")
    assert visit.redeem(visit.code)
    assert not visit.redeem(visit.code)
    late = FirstVisit(clock=lambda: now_s)
    now_s = 121.0
    assert not late.redeem(late.code)


_LOCK = """
import sys
from pathlib import Path
from deepem.errors import ConflictError
from deepem.studio.server_lock import hold_server_lock
try:
    with hold_server_lock(Path(sys.argv[1])):
        print("free")
except ConflictError as error:
    print(error)
"""


def _lock_elsewhere(home: Path) -> str:
    """What another process says that tries to have the folder."""
    command = [sys.executable, "-c", _LOCK, str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_second_server_is_told_where_the_first_is(tmp_path: Path) -> None:
    with hold_server_lock(tmp_path) as lock:
        lock.say_address("http://127.0.0.1:8123")
        refusal = _lock_elsewhere(tmp_path)
        assert "http://127.0.0.1:8123" in refusal
        assert "stop it with Ctrl-C" in refusal
    assert _lock_elsewhere(tmp_path) == "free"


def test_a_lock_that_cannot_be_taken_says_so(tmp_path: Path) -> None:
    (tmp_path / "server.lock").mkdir()
    with pytest.raises(OutputError, match="cannot be locked"), hold_server_lock(tmp_path):
        pass


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that has been built."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html>")
    monkeypatch.setattr(app_module, "STATIC_FOLDER", static)


def _fail_to_tell(line: str) -> None:
    raise AssertionError(line)


def test_a_page_that_is_not_built_comes_with_its_cure(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "STATIC_FOLDER", tmp_path)
    with pytest.raises(NotFoundError, match="make frontend"):
        serve(project, tell=_fail_to_tell)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("token", ["", "short", "with space and more", "a" * 300, "é" * 20])
def test_a_token_that_is_easily_guessed_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    with pytest.raises(ConfigError, match="give 16 to 256 letters"):
        serve(project, tell=_fail_to_tell)


@pytest.mark.usefixtures("page")
def test_a_server_that_cannot_start_leaves_the_folder_free(project: Project) -> None:
    listener, address = open_socket("127.0.0.1", 0)
    with listener, pytest.raises(ConfigError, match="in use"):
        serve(project, port=address.port, tell=_fail_to_tell)
    with pytest.raises(ConfigError, match="diameter"):
        serve(project, changes={"diameter_px": -1.0}, tell=_fail_to_tell)
    assert _lock_elsewhere(project.home) == "free"
