"""Boxes of many micrographs in one picture, for the gallery."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from deepem.studio.api.context import Question
from deepem.studio.api.tiles import DisplayDep, JpegResponse
from deepem.studio.display.boxes import Box, Sprite
from deepem.studio.display.look import MOST_LOWPASS_PX, Look

router = APIRouter(tags=["pictures"])

_Position = Annotated[float, Field(ge=-1e6, le=1e6)]


class BoxQuestion(Question):
    """A box."""

    name: Annotated[str, Field(description="Of the micrograph.", min_length=1, max_length=1024)]
    x_px: Annotated[_Position, Field(description="Its centre, in unbinned pixels.")]
    y_px: _Position


class BoxesQuestion(Question):
    """Boxes, and how they are to be shown."""

    boxes: Annotated[list[BoxQuestion], Field(min_length=1, max_length=200)]
    box_px: Annotated[float, Field(ge=1, le=1e5, description="Side, in unbinned pixels.")]
    side: Annotated[int, Field(ge=8, le=256, description="Side, in pixels of the picture.")] = 96
    columns: Annotated[int, Field(ge=1, le=50, description="Boxes in a row.")] = 10
    black: Annotated[float, Field(ge=0, le=100)] = 0.5
    white: Annotated[float, Field(ge=0, le=100)] = 99.5
    lowpass_px: Annotated[float, Field(ge=0, le=MOST_LOWPASS_PX)] = 0.0


@router.post("/boxes", response_class=JpegResponse)
def draw_boxes(question: BoxesQuestion, display: DisplayDep) -> JpegResponse:
    """Boxes side by side; box i is in column i % columns, row i // columns.

    Black and white are percentiles of the grey values of a box's whole micrograph, so that boxes
    can be compared. What lies outside is mid-grey.
    """
    sprite = Sprite(
        box_px=question.box_px,
        side=question.side,
        n_columns=question.columns,
        look=Look(black=question.black, white=question.white, lowpass_px=question.lowpass_px),
    )
    boxes = [Box(box.name, box.x_px, box.y_px) for box in question.boxes]
    picture = display.make_boxes(boxes, sprite)
    return JpegResponse(picture, headers={"Cache-Control": "no-store"})
