"""How a process that does the same again and again keeps its memory."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt(3)
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have large blocks of memory used again instead of given back to the system and asked for.

    Getting them anew costs the system as much as some of our computing: it fills every page with
    zeros. The memory of the process stays at what it once was at most.

    Returns
    -------
    is_done
        False where the system is no Linux with the GNU library; memory is then as it was.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST))
    return all(library.mallopt(name, value) for name, value in settings)
