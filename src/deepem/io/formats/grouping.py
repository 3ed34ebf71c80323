"""Which rows of a table belong to which micrograph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepem.errors import FileFormatError
from deepem.io.naming import find_name

if TYPE_CHECKING:
    import pandas as pd


def split_by_micrograph(path: Path, column: pd.Series) -> list[tuple[str, NDArray[np.intp]]]:
    """Find the rows of each micrograph.

    Parameters
    ----------
    path
        The file, for messages.
    column
        What each row calls its micrograph, as categories.

    Returns
    -------
    list of (str, array)
        What the file calls a micrograph and the indices of its rows, in the order of the file.

    Raises
    ------
    FileFormatError
        Two micrographs have the same name but for their folder or extension.
    """
    names, codes = _number_by_appearance(column)
    check_names(path, names)
    # One stable sort of all rows: a search for each name would take time as their square.
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    return list(zip(names, np.split(order, ends[:-1]), strict=True))


def check_names(path: Path, names: Iterable[str]) -> None:
    """Refuse a file in which two micrographs cannot be told apart.

    Raises
    ------
    FileFormatError
        Two have the same name but for their folder or extension.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(find_name(name), name)
        if other != name:
            raise FileFormatError(
                path, f"names two micrographs alike: {other} and {name}; rename one or split it"
            )


def _number_by_appearance(column: pd.Series) -> tuple[list[str], NDArray[np.intp]]:
    """Distinct texts in order of their first appearance, and which of them each row has."""
    codes = np.asarray(column.cat.codes, dtype=np.intp)
    present, first = np.unique(codes, return_index=True)
    order = present[np.argsort(first)]
    rank = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.intp)
    rank[order] = np.arange(order.size)
    names = [str(name) for name in np.asarray(column.cat.categories)[order]]
    return names, rank[codes]
