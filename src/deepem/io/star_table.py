"""One table of a STAR file: only the wanted columns are read, and every error has its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepem.errors import FileFormatError

if TYPE_CHECKING:
    import pandas as pd

# What programs write where they do not know a value.
_MISSING = ("<NA>", "nan", "NaN", "None")


@dataclass
class StarTable:
    """One table of a STAR file, whose rows are read when they are asked for.

    Parameters
    ----------
    path
        The file.
    name
        What follows ``data_``.
    columns
        Names of the columns, without the underscore.
    n_rows
        Number of rows.
    offset
        Byte at which the rows begin.
    line
        Number of the line at which they begin.
    has_comments
        Whether lines among the rows are comments.
    quote
        The quotation mark around values that hold blanks; None where there are none.
    values
        The one row of a table that is written without ``loop_``; else empty.
    """

    path: Path
    name: str
    columns: list[str] = field(default_factory=list)
    n_rows: int = 0
    offset: int = 0
    line: int = 0
    has_comments: bool = False
    quote: str | None = None
    values: list[str] = field(default_factory=list)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def read(
        self,
        *,
        numbers: Sequence[str] = (),
        optional: Sequence[str] = (),
        texts: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Read columns.

        Parameters
        ----------
        numbers
            Columns of finite numbers.
        optional
            Columns of numbers that may be missing, for one row or all: NaN there.
        texts
            Columns of text, kept as categories (repeated names take no room).

        Returns
        -------
        pandas.DataFrame
            The columns by name; the optional ones that the table lacks are left out.

        Raises
        ------
        FileFormatError
            A column is missing, or a value is not a number, with its line.
        """
        for column in (*numbers, *texts):
            if column not in self:
                raise FileFormatError(
                    self.path,
                    f"has no column {column} in its table data_{self.name} "
                    f"(it has {', '.join(self.columns)}); export it with this column",
                )
        optional = [column for column in optional if column in self]
        wanted = [*numbers, *optional, *texts]
        kinds = dict.fromkeys([*numbers, *optional], "float64") | dict.fromkeys(texts, "category")
        try:
            frame = self._parse(wanted, kinds)
            for column in texts:
                if frame[column].cat.categories.inferred_type != "string":
                    # Names such as 0001 have become numbers: read them again as they stand.
                    names = self._parse([column], {column: "str"})
                    frame[column] = names[column].astype("category")
        except ValueError:  # a text among the numbers: find it
            frame = self._parse(wanted, dict.fromkeys(wanted, "str"))
            for column in (*numbers, *optional):
                self._check_text(frame[column], may_be_missing=column in optional)
            raise
        for column in (*numbers, *optional):
            wrong = ~np.isfinite(frame[column].to_numpy())
            if column in optional:
                wrong &= frame[column].notna().to_numpy()
            if wrong.any():
                row = int(np.argmax(wrong))
                raise self._explain_value(row, column, frame[column].iloc[row])
        return frame

    def _parse(self, wanted: Sequence[str], kinds: dict[str, str]) -> pd.DataFrame:
        import pandas as pd  # slow to load

        if not self.n_rows:
            return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in wanted})
        if self.values:  # a table of one row, written without loop_
            row = dict(zip(self.columns, self.values, strict=True))
            frame = pd.DataFrame({name: [row[name]] for name in wanted})
            return frame.replace(list(_MISSING), np.nan).astype(kinds)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return pd.read_csv(
                file,
                sep=r"\s+",
                header=None,
                names=self.columns,
                index_col=False,
                usecols=list(wanted),
                dtype=kinds,
                nrows=self.n_rows,
                keep_default_na=False,
                na_values={name: _MISSING for name in wanted if kinds[name] != "category"},
                comment="#" if self.has_comments else None,
                quotechar=self.quote or '"',
                engine="c",
            )

    def _check_text(self, texts: pd.Series, *, may_be_missing: bool) -> None:
        for row, text in enumerate(texts):
            if may_be_missing and not isinstance(text, str):
                continue
            try:
                float(text)
            except (TypeError, ValueError):
                raise self._explain_value(row, str(texts.name), text) from None

    def _explain_value(self, row: int, column: str, value: object) -> FileFormatError:
        return FileFormatError(
            self.path,
            f"line {self._find_line(row)}, column {column}: '{value}' is not a finite number; "
            "correct or delete the line",
        )

    def _find_line(self, row: int) -> int:
        """Line number of a row; blank lines and comments may stand between."""
        if self.values:
            return self.line
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line, content in enumerate(file, start=self.line):
                if content.strip() and not content.lstrip().startswith(b"#"):
                    if row == 0:
                        return line
                    row -= 1
        return self.line
