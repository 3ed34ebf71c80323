"""Do again and again what takes longer each time, for no more than a share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Occasionally:
    """Work that is put off while it was done a short time ago.

    Parameters
    ----------
    work
        What to do.
    share
        Largest share of the time that it may take, between 0 and 1.
    """

    def __init__(self, work: Callable[[], None], *, share: float = 0.05) -> None:
        self._work, self._share = work, share
        self._not_before = 0.0

    def do(self) -> None:
        """Do it, unless it is too early."""
        if time.monotonic() >= self._not_before:
            self.do_now()

    def do_now(self) -> None:
        """Do it."""
        begun = time.monotonic()
        self._work()
        now = time.monotonic()
        self._not_before = now + (now - begun) / self._share
