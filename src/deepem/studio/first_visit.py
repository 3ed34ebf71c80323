"""The first address that a browser is started with: it is good once, and holds no token.

How a program was started can be seen by all users of a computer. So the browser is started with
a code, which the server takes once and soon, and answers with the address that has the token.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

_LIFETIME_S = 120.0


class FirstVisit:
    """A code that is worth the token once, for two minutes.

    Parameters
    ----------
    clock
        Tells the time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.code = secrets.token_urlsafe(24)
        self._clock = clock
        self._end_s = clock() + _LIFETIME_S
        self._is_used = False
        self._lock = threading.Lock()

    def redeem(self, code: str) -> bool:
        """Whether this is the code, for the first time and in time."""
        is_right = hmac.compare_digest(code.encode(), self.code.encode())
        with self._lock:
            is_good = is_right and not self._is_used and self._clock() < self._end_s
            self._is_used = self._is_used or is_right
        return is_good
