"""The stream of what changes, which every page listens to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from deepem.studio.api.context import EventsDep
from deepem.studio.events import EventHub

router = APIRouter(tags=["events"])

# Often enough that no proxy takes the connection for dead.
_HEARTBEAT_S = 15.0
_HEARTBEAT = ": nothing new\n\n"


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(events: EventsDep) -> StreamingResponse:
    """Everything that changes, as server-sent events; a page that fell behind gets a resync."""
    return StreamingResponse(_stream(events), media_type="text/event-stream")


async def _stream(hub: EventHub) -> AsyncIterator[str]:
    with hub.subscribe() as subscription:
        yield _HEARTBEAT  # so that the page knows that it is connected
        async for event in subscription.events(heartbeat_s=_HEARTBEAT_S):
            yield _HEARTBEAT if event is None else f"data: {json.dumps(event)}\n\n"
