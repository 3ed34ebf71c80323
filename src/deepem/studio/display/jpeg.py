"""Grey pictures as JPEG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Noise is what costs bytes in micrographs; more than this changes nothing to the eye.
_QUALITY = 88


def encode_jpeg(grey: NDArray[np.uint8], *, comment: str = "") -> bytes:
    """Encode a picture ``(ny, nx)``, row 0 at the top, as JPEG, with a comment inside."""
    file = BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=_QUALITY, comment=comment or None)
    return file.getvalue()
