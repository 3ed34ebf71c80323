"""Where the server is: its socket, the addresses to type, the way through ssh."""

from __future__ import annotations

import errno
import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from deepem.errors import ConfigError
from deepem.studio.allowed_hosts import bracket, is_loopback

_ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104 (only compared with)


@dataclass(frozen=True)
class ServerAddress:
    """Where a server listens.

    Parameters
    ----------
    host
        As given by ``--host``.
    port
        The port that it has.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address, without a token."""
        host = socket.gethostname() if self.host in _ALL_INTERFACES else self.host
        return f"http://{bracket(host)}:{self.port}"

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def make_tunnel(self) -> str:
        """The command that makes it reachable, by the same address, from another computer."""
        # Not "localhost", which may also be ::1, where somebody else may listen at this port.
        return f"ssh -N -L {self.port}:127.0.0.1:{self.port} {_find_user()}@{socket.gethostname()}"


def open_socket(host: str, port: int) -> tuple[socket.socket, ServerAddress]:
    """Listen at a host and a port.

    Parameters
    ----------
    host
        Name or address of an interface of this machine.
    port
        0 lets the system choose a free one.

    Raises
    ------
    ConfigError
        The port is in use or not allowed, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise ConfigError(
            "host",
            f"'{host}' is not known; leave it out, or give a name or address of this machine",
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _explain(host, port, error) from error
    return listener, ServerAddress(host, listener.getsockname()[1])


def is_remote_session(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is on another computer, where nobody sees a browser of this one."""
    return "SSH_CONNECTION" in environment or "SSH_TTY" in environment


def _explain(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            "port", f"{port} is in use by another program; choose another, or leave it out"
        )
    if error.errno == errno.EACCES:
        return ConfigError("port", f"{port} is not allowed; choose one from 1024 to 65535")
    return ConfigError(
        "host", f"'{host}' cannot be listened at ({error.strerror}); leave it out for 127.0.0.1"
    )


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "USER"
