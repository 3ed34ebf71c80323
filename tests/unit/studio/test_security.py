"""Nobody but our own page gets in: each test tries one way."""

from __future__ import annotations

import socket
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from deepem.studio.app import make_app
from deepem.studio.first_visit import FirstVisit
from deepem.studio.project import Project


def test_every_address_of_the_api_needs_the_token(app: FastAPI, stranger: TestClient) -> None:
    paths = app.openapi()["paths"]
    assert len(paths) >= 8
    for path, operations in paths.items():
        for method in operations:
            answer = stranger.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, path
            assert "open the address that deepem studio shows" in answer.text
    for path in ("/api", "/api/openapi.json", "/docs", "/redoc", "/nowhere", "/API/project"):
        assert stranger.get(path).status_code == 401, path


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer  {token}",
        "Bearer {token},Bearer {token}",
        "Bearer {upper}",
    ],
)
def test_a_wrong_token_is_refused(stranger: TestClient, token: str, authorization: str) -> None:
    sent = authorization.format(token=token, upper=token.upper())
    answer = stranger.get("/api/project", headers={"Authorization": sent})
    assert answer.status_code == 401


def test_the_token_counts_in_the_header_only(stranger: TestClient, token: str) -> None:
    assert stranger.get(f"/api/project?token={token}").status_code == 401
    assert stranger.get("/api/project", headers={"Cookie": f"token={token}"}).status_code == 401
    assert stranger.get("/api/project", headers={"Authorization": f"bearer {token}"}).is_success


def test_a_token_sent_twice_is_refused(stranger: TestClient, token: str) -> None:
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer wrong")]
    assert stranger.get("/api/project", headers=headers).status_code == 401


def test_the_page_needs_no_token_and_holds_none(stranger: TestClient, token: str) -> None:
    for address in ("/", "/?token=abc", "/static/icon.svg"):
        answer = stranger.get(address)
        assert answer.status_code in (200, 404)  # 404 where it has not been built
        assert token not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "localhost@evil.example",
        "127.0.0.2",
        "192.168.1.7",
        "0.0.0.0",  # noqa: S104
        "[::2]",
        "localhost:80:80",
        "localhost:port",
        "localhost/",
        " localhost",
        "",
    ],
)
def test_another_name_is_refused(client: TestClient, host: str) -> None:
    # DNS rebinding: the name of a web site is made to lead to this machine.
    for path in ("/", "/static/app.js", "/api/project"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "open the address" in answer.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:65535", "LOCALHOST", "[::1]:9", "[::1]"]
)
def test_our_names_are_taken_with_any_port(client: TestClient, host: str) -> None:
    assert client.get("/api/project", headers={"Host": host}).is_success


def test_a_request_without_a_host_is_refused(client: TestClient) -> None:
    client.headers.pop("host", None)
    assert client.get("/api/project", headers=[("Host", "localhost"), ("Host", "a")]).is_error


def test_a_server_for_all_has_the_machines_name_and_addresses(project: Project, token: str) -> None:
    app = make_app(project, token=token, host="0.0.0.0")  # noqa: S104
    client = TestClient(app, headers={"Authorization": f"Bearer {token}"})
    for host in (socket.gethostname(), "192.168.1.7:8000", "[fe80::1]", "localhost"):
        assert client.get("/api/project", headers={"Host": host}).is_success
    for host in ("evil.example", "192.168.1.7.evil.example", "1.2.3"):
        assert client.get("/api/project", headers={"Host": host}).status_code == 403


def test_a_server_at_a_name_has_that_name(project: Project, token: str) -> None:
    app = make_app(project, token=token, host="Microscope.example")
    client = TestClient(app, headers={"Authorization": f"Bearer {token}"})
    assert client.get("/api/project", headers={"Host": "microscope.example:81"}).is_success
    assert client.get("/api/project", headers={"Host": "10.0.0.1"}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost:1@evil.example",
        "file://",
        "chrome-extension://localhost",
        "http://localhost/evil",
    ],
)
def test_other_sites_are_refused_even_with_the_token(client: TestClient, origin: str) -> None:
    assert client.get("/api/project", headers={"Origin": origin}).status_code == 403
    body = {"diameter_px": 10.0}
    assert client.patch("/api/project", json=body, headers={"Origin": origin}).status_code == 403
    assert client.get("/api/project").json()["diameter_px"] is None


def test_our_own_origin_is_taken(client: TestClient) -> None:
    for origin in ("http://127.0.0.1:8000", "http://localhost:9", "http://[::1]:9"):
        assert client.get("/api/project", headers={"Origin": origin}).is_success


def test_what_the_browser_calls_cross_site_is_refused(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/project", headers=headers).status_code == 403
    # A link in a mail or a notebook may open the page, which holds nothing.
    assert client.get("/", headers=headers).status_code in (200, 404)
    assert client.get("/api/project", headers={"Sec-Fetch-Site": "same-origin"}).is_success


def test_no_other_site_is_allowed_to_read(client: TestClient) -> None:
    preflight = {"Origin": "http://localhost:9", "Access-Control-Request-Method": "PATCH"}
    answer = client.options("/api/project", headers=preflight)
    assert answer.is_error
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_has_strict_headers(client: TestClient, app: FastAPI) -> None:
    @app.get("/api/bug")
    def _fail() -> None:
        raise RuntimeError("nobody has foreseen this")

    brave = TestClient(
        app,
        base_url="http://localhost",
        headers=client.headers,
        raise_server_exceptions=False,
    )
    statuses = set()
    for path in ("/", "/static/nothing", "/api/project", "/api/nowhere", "/api/bug"):
        answer = brave.get(path)
        statuses.add(answer.status_code)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert {200, 404, 500} <= statuses
    assert brave.get("/api/project").headers["cache-control"] == "no-store"
    assert "nobody has foreseen this" not in brave.get("/api/bug").text


def test_a_web_socket_is_refused(client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("ws://localhost/api/events"),
    ):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/%00",
        "/static/....//app.py",
        "/static/" + "a" * 5000,
        "//etc/passwd",
        "/static",
    ],
)
def test_no_other_file_is_served(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code in (400, 401, 404, 422), answer.text[:80]
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_a_nul_is_refused(client: TestClient) -> None:
    assert client.get("/api/micrographs/mic_0%00.mrc").status_code == 422
    assert client.get("/api/micrographs?name=%00").status_code == 422


def test_the_address_for_the_browser_is_good_once(project: Project, token: str) -> None:
    visit = FirstVisit()
    app = make_app(project, token=token, first_visit=visit)
    browser = TestClient(app, base_url="http://localhost", follow_redirects=False)
    assert browser.get("/open/guess").status_code == 404
    answer = browser.get(f"/open/{visit.code}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?token={token}")
    assert answer.headers["cache-control"] == "no-store"
    again = browser.get(f"/open/{visit.code}")
    assert again.status_code == 404
    assert token not in again.text


_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
    authorization=_TEXT,
    host=st.one_of(st.just("localhost"), _TEXT),
    origin=st.none() | _TEXT,
    site=st.none() | _TEXT,
)
def test_no_odd_request_without_the_token_gets_in(
    stranger: TestClient,
    path: str,
    method: str,
    authorization: str,
    host: str,
    origin: str | None,
    site: str | None,
) -> None:
    headers = {"Authorization": f"Bearer {authorization}", "Host": host}
    headers |= {"Origin": origin} if origin is not None else {}
    headers |= {"Sec-Fetch-Site": site} if site is not None else {}
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    url = f"/api/{quote(path)}"
    assert stranger.request(method, url, headers=raw).status_code in (401, 403)
