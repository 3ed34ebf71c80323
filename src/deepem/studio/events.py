"""Tells every open page what has changed: the thread that changes it publishes, pages listen."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

#: Something that happened: ``type`` says what, the other keys what the page needs to know of it.
Event = Mapping[str, object]
#: How stores tell of their changes: `EventHub.publish`, from any thread.
Publish = Callable[[Event], None]

# A page that is so far behind asks for everything anew.
_MOST_WAITING = 256
_RESYNC: Event = {"type": "resync"}


class Subscription:
    """What one page has not been told yet."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: deque[Event] = deque()
        self._is_closed = False

    async def events(self, *, heartbeat_s: float) -> AsyncIterator[Event | None]:
        """Events in their order, and None after each ``heartbeat_s`` without one.

        Ends when the hub is closed.
        """
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), timeout=heartbeat_s)
            except TimeoutError:
                yield None
                continue
            with self._lock:
                self._news.clear()
                news = list(self._waiting)
                self._waiting.clear()
                is_closed = self._is_closed
            for event in news:
                yield event
            if is_closed:
                return

    def _put(self, event: Event) -> None:
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.clear()
                event = _RESYNC
            self._waiting.append(event)
        self._wake()

    def _close(self) -> None:
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the page with it
            self._loop.call_soon_threadsafe(self._news.set)


class EventHub:
    """Hands events to all who listen.

    Examples
    --------
    >>> hub = EventHub()
    >>> hub.publish({"type": "project"})  # nobody listens yet: nothing happens
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._is_closed = False

    def publish(self, event: Event) -> None:
        """Tell everybody; from any thread, and without waiting for anybody.

        Parameters
        ----------
        event
            Plain values that JSON has, with a ``type``.
        """
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription._put(event)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen, in a coroutine, for as long as the block lasts."""
        subscription = Subscription()
        with self._lock:
            self._subscriptions.add(subscription)
            is_closed = self._is_closed
        if is_closed:
            subscription._close()
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription, also those to come: the server stops."""
        with self._lock:
            self._is_closed = True
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription._close()

    @property
    def n_subscriptions(self) -> int:
        """How many pages listen."""
        return len(self._subscriptions)
