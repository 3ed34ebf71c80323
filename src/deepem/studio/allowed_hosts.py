"""By which names a browser may call the server, so that no other web site can."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ALL_INTERFACES = frozenset({"0.0.0.0", "::", "[::]", ""})  # noqa: S104 (only compared with)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")
_ORIGIN = re.compile(rf"https?://({_HOST.pattern})")


@dataclass(frozen=True)
class AllowedHosts:
    """Names that the header ``Host`` may have, with any port: a tunnel may have another.

    A web site whose name is made to lead to this machine (DNS rebinding) calls the server by that
    name, and is refused.

    Parameters
    ----------
    names
        Lower case; IPv6 addresses in brackets.
    has_addresses
        Whether numerical addresses are allowed too: no web site can be called by one of ours.
    """

    names: frozenset[str]
    has_addresses: bool = False

    @classmethod
    def of(cls, host: str) -> AllowedHosts:
        """The names of a server that listens at ``host`` (``--host``)."""
        name = bracket(host.lower())
        if name in LOOPBACK_NAMES:
            return cls(LOOPBACK_NAMES)
        machine = {socket.gethostname().lower(), socket.getfqdn().lower()}
        short = {one.partition(".")[0] for one in machine}
        is_everywhere = name in _ALL_INTERFACES
        given = frozenset() if is_everywhere else frozenset({name})
        return cls(LOOPBACK_NAMES | machine | short | given, has_addresses=is_everywhere)

    def allow(self, host: str) -> bool:
        """Whether a ``Host`` header is one of ours."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].lower()
        return name in self.names or (self.has_addresses and _is_address(name))

    def allow_origin(self, origin: str) -> bool:
        """Whether an ``Origin`` header is a page of ours; ``null`` is not."""
        match = _ORIGIN.fullmatch(origin.lower())
        return match is not None and self.allow(match[1])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens at ``host``."""
    return bracket(host.lower()) in LOOPBACK_NAMES


def bracket(host: str) -> str:
    """A host as addresses have it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
