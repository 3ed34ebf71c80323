"""Pictures of a micrograph: its tiles and its thumbnail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from deepem.studio.api.context import MicrographName
from deepem.studio.display.display import Display
from deepem.studio.display.look import MOST_LOWPASS_PX, Look

router = APIRouter(prefix="/micrographs", tags=["pictures"])

# Micrographs hardly ever change; where one does, the browser asks again before long.
_CACHE_HEADERS = {"Cache-Control": "private, max-age=300"}

Percentile = Annotated[float, Query(ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Path(ge=0, le=1_000_000)]


def get_display(request: Request) -> Display:
    """What makes the pictures."""
    display: Display = request.app.state.display
    return display


DisplayDep = Annotated[Display, Depends(get_display)]


class JpegResponse(Response):
    """A JPEG picture."""

    media_type = "image/jpeg"


@router.get("/{name}/tiles/{level}/{column}/{row}", response_class=JpegResponse)
def read_tile(
    name: MicrographName,
    level: Count,
    column: Count,
    row: Count,
    display: DisplayDep,
    black: Percentile = 0.5,
    white: Percentile = 99.5,
    lowpass_px: Annotated[float, Query(ge=0, le=MOST_LOWPASS_PX, allow_inf_nan=False)] = 0.0,
    denoise: bool = False,
) -> JpegResponse:
    """A tile of 512 pixels, less at the last column and row; level 0 is full size.

    Black and white are percentiles of the grey values of the level, after the filters. The
    low-pass filter is a Gaussian, its width at half its height in unbinned pixels.
    """
    look = Look(black=black, white=white, lowpass_px=lowpass_px, denoise=denoise)
    tile = display.make_tile(name, level, column, row, look)
    return JpegResponse(tile, headers=_CACHE_HEADERS)


@router.get("/{name}/thumbnail", response_class=JpegResponse)
def read_thumbnail(name: MicrographName, display: DisplayDep) -> JpegResponse:
    """A small picture whose longest side has 160 pixels."""
    return JpegResponse(display.make_thumbnail(name), headers=_CACHE_HEADERS)
