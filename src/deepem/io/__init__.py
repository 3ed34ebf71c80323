"""Files ↔ values: one file a format, a registry of coordinate formats, atomic writes.

The origin, corner or row order that a format prefers is converted in its own file; outside this
room every position is a centre in unbinned pixels of the stored MRC rows.
"""

from deepem.io.atomic import write_atomically
from deepem.io.collection import PicksCollection, collect_picks
from deepem.io.conversion import Conversion, convert_picks
from deepem.io.micrograph_file import MicrographFile
from deepem.io.micrograph_lists import is_micrograph_list
from deepem.io.micrographs import find_micrographs, open_micrograph
from deepem.io.mrc import write_mrc
from deepem.io.pairing import Pairing, pair_picks
from deepem.io.pick_format import PickFormat
from deepem.io.picks import read_picks, write_picks
from deepem.io.placement import place_picks
from deepem.io.registry import PICK_FORMATS, pick_format

__all__ = [
    "PICK_FORMATS",
    "Conversion",
    "MicrographFile",
    "Pairing",
    "PickFormat",
    "PicksCollection",
    "collect_picks",
    "convert_picks",
    "find_micrographs",
    "is_micrograph_list",
    "open_micrograph",
    "pair_picks",
    "pick_format",
    "place_picks",
    "read_picks",
    "write_atomically",
    "write_mrc",
    "write_picks",
]
