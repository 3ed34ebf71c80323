"""Values: what a micrograph, a set of picks and a frame are. numpy only: no files, no torch."""

from deepem.core.diameter import BOX_OVER_DIAMETER, choose_box_size_px, find_diameter_px
from deepem.core.frame import Frame
from deepem.core.listing import Listing
from deepem.core.micrograph import Micrograph
from deepem.core.orientation import Orientation
from deepem.core.picks import Picks

__all__ = [
    "BOX_OVER_DIAMETER",
    "Frame",
    "Listing",
    "Micrograph",
    "Orientation",
    "Picks",
    "choose_box_size_px",
    "find_diameter_px",
]
