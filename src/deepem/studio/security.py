"""Lets in only requests of our own page: token, ``Host``, ``Origin``; and strict answers.

There are no cookies: a page of another site can make a browser send a request, and cannot make
it send the token.
"""

from __future__ import annotations

import hmac

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deepem.studio.allowed_hosts import AllowedHosts
from deepem.studio.answers import make_error_answer

#: Of every answer. Nothing is loaded from elsewhere, and no text becomes a script or a style.
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
#: The page, its files, and where a browser is sent first; all other paths need the token.
PAGE_PATH = "/"
STATIC_PATH = "/static"
OPEN_PATH = "/open/"

_TOO_OLD = "the token is missing or of an earlier start; open the address that deepem studio shows"


class SecurityMiddleware:
    """Refuses what does not come from our own page, before anything else sees it.

    Parameters
    ----------
    app
        The application behind it.
    token
        The secret of this start.
    hosts
        The names that the server may be called by.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: AllowedHosts) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_public = _is_public(scope["path"])
        may_be_kept = is_public and not scope["path"].startswith(OPEN_PATH)
        cache_control = "no-cache" if may_be_kept else "no-store"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, cache_control=cache_control)
            await send(message)

        refusal = self._refuse(scope, is_public)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refuse(self, scope: Scope, is_public: bool) -> Response | None:
        """The answer to a request that is not let in; None for one that is."""
        host = _find_header(scope, b"host")
        if host is None or not self._hosts.allow(host):
            return make_error_answer(
                403,
                "the server is not known by this name; open the address that deepem studio "
                "shows, or start it with --host and this name",
            )
        origin = _find_header(scope, b"origin")
        if origin is not None and not self._hosts.allow_origin(origin):
            return make_error_answer(403, "another web site may not use the studio")
        if is_public:
            return None
        if _find_header(scope, b"sec-fetch-site") == "cross-site":
            return make_error_answer(403, "another web site may not use the studio")
        if not self._has_token(scope):
            headers = {"www-authenticate": "Bearer"}
            return make_error_answer(401, _TOO_OLD, headers=headers)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return make_error_answer(422, "an address cannot have a NUL character")
        return None

    def _has_token(self, scope: Scope) -> bool:
        scheme, _, token = (_find_header(scope, b"authorization") or "").partition(" ")
        is_right = hmac.compare_digest(token.encode("latin-1"), self._token)
        return scheme.lower() == "bearer" and is_right


def _is_public(path: str) -> bool:
    """Whether a path is of those that hold no secret; all others need the token."""
    return path == PAGE_PATH or (
        path.startswith((f"{STATIC_PATH}/", OPEN_PATH)) and "\0" not in path
    )


def _find_header(scope: Scope, name: bytes) -> str | None:
    """A header that is there once; several are as bad as an empty one."""
    values: list[bytes] = [value for key, value in scope["headers"] if key.lower() == name]
    if not values:
        return None
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _add_headers(message: Message, *, cache_control: str) -> None:
    headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
    known = {key.lower() for key, _ in headers}
    for key, value in {**SECURITY_HEADERS, "cache-control": cache_control}.items():
        if key.encode() not in known:
            headers.append((key.encode(), value.encode()))
    message["headers"] = headers
