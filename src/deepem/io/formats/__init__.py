"""The coordinate formats, one file each: what it reads and writes, and nothing else.

A reader is ``read_x(path) -> list[Picks]``, one for each micrograph in the file; where the file
does not name its micrograph, it has the name of the file. A writer is
``write_x(picks, path, *, overwrite)``. Both are entered in ``deepem.io.registry``.
"""
