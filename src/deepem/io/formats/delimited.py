"""Plain tables with a header, separated by commas, tabs or semicolons: CSV, TSV, Topaz."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from deepem.errors import FileFormatError
from deepem.io.inputs import describe_content, explain_read_error, read_head

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.parsers import TextFileReader

_DELIMITERS = ",\t;"
# What programs write where they do not know a number.
_MISSING = ("", "nan", "NaN", "NA", "N/A", "<NA>", "None", "null")
_HEAD_BYTES = 4096
_ROWS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class DelimitedTable:
    """A table whose header is known; its rows are read when they are asked for.

    Parameters
    ----------
    path
        The file.
    delimiter
        What separates its values.
    columns
        Names of the columns as they stand in the header.
    line
        Number of the header's line.
    """

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    line: int

    def find(self, aliases: Sequence[str]) -> int | None:
        """Index of the column with one of these names, the first of them that there is.

        Case, a leading underscore, and blanks or hyphens for underscores make no difference.
        """
        names = [normalise_column(column) for column in self.columns]
        return next((names.index(alias) for alias in aliases if alias in names), None)

    def read(
        self, *, numbers: Sequence[int], optional: Sequence[int] = (), texts: Sequence[int] = ()
    ) -> pd.DataFrame:
        """Read columns by their indices, which also name the columns of the result.

        Parameters
        ----------
        numbers
            Columns of finite numbers.
        optional
            Columns of numbers that may be missing in a row: NaN there.
        texts
            Columns of text, kept as categories (repeated names take no room).

        Raises
        ------
        FileFormatError
            A row has too many or too few values, or a value is not a number or is missing, with
            its line and column.
        """
        self._check_widths()
        kinds = dict.fromkeys([*numbers, *optional], "float64") | dict.fromkeys(texts, "category")
        try:
            frame = self._parse(kinds, texts)
        except ValueError:  # a text among the numbers
            self._raise_for_value(numbers, optional, texts)
            raise
        is_wrong = any(not np.isfinite(frame[index].to_numpy()).all() for index in numbers)
        is_wrong |= any(np.isinf(frame[index].to_numpy()).any() for index in optional)
        is_wrong |= any(
            not str(name).strip() for index in texts for name in frame[index].cat.categories
        )
        if is_wrong:
            self._raise_for_value(numbers, optional, texts)
        return frame

    def _parse(self, kinds: dict[int, str], texts: Sequence[int]) -> pd.DataFrame:
        try:
            frame = self._read_csv(kinds)
            types = [frame[index].cat.categories.inferred_type for index in texts]
        except TypeError:  # names are numbers in one piece of a long file, and texts in another
            types = ["mixed"]
        if not set(types) <= {"string", "empty"}:
            # Names such as 0001 have become numbers: read them again as they stand.
            frame = self._read_csv(kinds | dict.fromkeys(texts, "str"))
            frame = frame.astype(dict.fromkeys(texts, "category"))
        return frame

    def _read_csv(self, kinds: dict[int, str]) -> pd.DataFrame:
        with self._open_csv(kinds) as reader:
            return reader.read()

    def _open_csv(self, kinds: dict[int, str], chunk_rows: int | None = None) -> TextFileReader:
        import pandas as pd  # slow to load

        return pd.read_csv(
            self.path,
            sep=self.delimiter,
            header=None,
            names=range(len(self.columns)),
            index_col=False,
            usecols=list(kinds),
            dtype=kinds,
            skiprows=self.line,
            skipinitialspace=True,
            keep_default_na=False,
            na_values={index: _MISSING for index in kinds if kinds[index] == "float64"},
            encoding="utf-8-sig",
            engine="c",
            iterator=True,
            chunksize=chunk_rows,
        )

    def _rows(self) -> Iterator[tuple[int, str]]:
        """Line number and text of each row; pandas skips blank lines too."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            for line, text in enumerate(file, start=1):
                if line > self.line and text.strip(" \r\n"):
                    yield line, text

    def _check_widths(self) -> None:
        n_delimiters = len(self.columns) - 1
        try:
            for line, text in self._rows():
                if text.count(self.delimiter) == n_delimiters and '"' not in text:
                    continue
                values = next(_split(text, self.delimiter))
                surplus = values[len(self.columns) :]
                if len(values) < len(self.columns) or any(surplus):
                    raise FileFormatError(
                        self.path,
                        f"line {line}: '{text.strip()[:80]}' has {len(values)} values, but the "
                        f"header has {len(self.columns)} columns; correct or delete the line",
                    )
        except UnicodeDecodeError as error:
            raise FileFormatError(
                self.path, "is not UTF-8 text; save it again as UTF-8 (in Excel: CSV UTF-8)"
            ) from error
        except OSError as error:
            raise explain_read_error(self.path, error) from error

    def _raise_for_value(
        self, numbers: Sequence[int], optional: Sequence[int], texts: Sequence[int]
    ) -> None:
        """Find the first bad value again, as text, a few rows at a time to save memory."""
        kinds = dict.fromkeys([*numbers, *optional, *texts], "str")
        lines = self._rows()
        with self._open_csv(kinds, _ROWS_AT_A_TIME) as reader:
            for frame in reader:
                for values in frame.itertuples(index=False, name=None):
                    line, _ = next(lines)
                    for index, value in zip(frame.columns, values, strict=True):
                        problem = self._find_problem(
                            value, is_text=index in texts, may_be_missing=index in optional
                        )
                        if problem is not None:
                            raise FileFormatError(
                                self.path, f"line {line}, column {self.columns[index]}: {problem}"
                            )

    @staticmethod
    def _find_problem(value: str, *, is_text: bool, may_be_missing: bool) -> str | None:
        if is_text:
            return None if value.strip() else "no micrograph is named; name it there"
        if _is_finite(value) or (may_be_missing and value.strip() in _MISSING):
            return None
        return (
            f"'{value}' is not a finite number (with a decimal point); correct or delete the line"
        )


def open_delimited(path: Path, *, expected: str) -> DelimitedTable:
    """Read the header of a table.

    Parameters
    ----------
    path
        The file.
    expected
        An example of a header, for messages.

    Raises
    ------
    FileFormatError
        The file is missing, empty, not text, or its first line is no header.
    """
    head = read_head(path, _HEAD_BYTES)
    if b"\x00" in head:
        problem = describe_content(head) or "is not a UTF-8 text file; give a table as text"
        raise FileFormatError(path, problem)
    try:
        with path.open(encoding="utf-8-sig") as file:
            line, header = _find_header(file)
    except UnicodeDecodeError as error:
        raise FileFormatError(path, "is not a UTF-8 text file; give a table as text") from error
    delimiter = max(_DELIMITERS, key=header.count)
    columns = [name.strip() for name in next(_split(header, delimiter), [])]
    while len(columns) > 1 and not columns[-1]:  # spreadsheets leave delimiters at the end
        columns.pop()
    if not columns or any(_is_finite(name) for name in columns):
        raise FileFormatError(
            path,
            f"line {line or 1}: '{header.strip()[:80]}' is not a header; expected the names of the "
            f"columns in the first line, such as {expected}",
        )
    return DelimitedTable(path, delimiter, tuple(columns), line)


def _find_header(file: IO[str]) -> tuple[int, str]:
    for line, text in enumerate(file, start=1):
        if text.strip() and not text.startswith("#"):
            return line, text.rstrip("\r\n")
    return 0, ""


def _split(line: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader([line], delimiter=delimiter, skipinitialspace=True)


def normalise_column(name: str) -> str:
    """Name of a column as aliases have it: lower case, with underscores for blanks and hyphens."""
    return name.strip().lower().lstrip("_").replace("-", "_").replace(" ", "_")


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
