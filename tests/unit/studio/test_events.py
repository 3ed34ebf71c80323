"""What is published from any thread reaches every page that listens, in order, and never blocks."""

from __future__ import annotations

import asyncio
import threading

from deepem.studio.events import Event, EventHub, Subscription


async def _collect(subscription: Subscription, n: int) -> list[Event]:
    found: list[Event] = []
    async for event in subscription.events(heartbeat_s=30):
        assert event is not None
        found.append(event)
        if len(found) == n:
            break
    return found


def test_everybody_is_told_in_order() -> None:
    async def listen() -> None:
        hub = EventHub()
        with hub.subscribe() as first, hub.subscribe() as second:
            for index in range(10):
                hub.publish({"type": "job", "index": index})
            for subscription in (first, second):
                events = await _collect(subscription, 10)
                assert [event["index"] for event in events] == list(range(10))

    asyncio.run(listen())


def test_threads_publish_without_losing_anything() -> None:
    async def listen() -> None:
        hub = EventHub()

        def publish(number: int) -> None:
            for index in range(50):
                hub.publish({"type": "job", "from": number, "index": index})

        with hub.subscribe() as subscription:
            threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            events = await _collect(subscription, 200)
            for number in range(4):
                mine = [event["index"] for event in events if event["from"] == number]
                assert mine == list(range(50))

    asyncio.run(listen())


def test_a_page_that_falls_behind_is_told_to_ask_for_everything() -> None:
    async def listen() -> None:
        hub = EventHub()
        with hub.subscribe() as slow:
            for index in range(10_000):
                hub.publish({"type": "job", "index": index})
            hub.publish({"type": "job", "index": "last"})
            hub.close()
            events = [event async for event in slow.events(heartbeat_s=30)]
            assert events[0] == {"type": "resync"}
            assert events[-1] == {"type": "job", "index": "last"}
            assert len(events) < 1000

    asyncio.run(listen())


def test_what_is_published_before_nobody_is_told() -> None:
    async def listen() -> None:
        hub = EventHub()
        hub.publish({"type": "project"})
        with hub.subscribe() as subscription:
            hub.publish({"type": "picks"})
            assert await _collect(subscription, 1) == [{"type": "picks"}]

    asyncio.run(listen())


def test_silence_is_a_heartbeat() -> None:
    async def listen() -> None:
        hub = EventHub()
        with hub.subscribe() as subscription:
            events = subscription.events(heartbeat_s=0.01)
            assert await anext(events) is None
            assert await anext(events) is None
            hub.publish({"type": "project"})
            assert await anext(events) == {"type": "project"}
            await events.aclose()

    asyncio.run(listen())


def test_closing_ends_all_after_what_is_waiting() -> None:
    async def listen() -> None:
        hub = EventHub()
        with hub.subscribe() as subscription:
            hub.publish({"type": "project"})
            hub.close()
            events = [event async for event in subscription.events(heartbeat_s=30)]
            assert events == [{"type": "project"}]
        with hub.subscribe() as late:
            assert [event async for event in late.events(heartbeat_s=30)] == []

    asyncio.run(listen())


def test_a_page_that_goes_is_forgotten_and_publishing_goes_on() -> None:
    hub = EventHub()

    async def listen() -> None:
        with hub.subscribe():
            assert hub.n_subscriptions == 1

    asyncio.run(listen())
    assert hub.n_subscriptions == 0
    hub.publish({"type": "project"})


def test_publishing_to_a_loop_that_has_ended_is_no_error() -> None:
    hub = EventHub()
    open_ones = []

    async def listen() -> None:
        context = hub.subscribe()
        context.__enter__()
        open_ones.append(context)

    asyncio.run(listen())
    hub.publish({"type": "project"})
    hub.close()
    assert hub.n_subscriptions == 1
