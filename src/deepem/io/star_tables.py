"""Tables in STAR files: found in one pass, and only the wanted columns kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from deepem.errors import FileFormatError
from deepem.io.inputs import describe_content, explain_read_error, read_head

if TYPE_CHECKING:
    import pandas as pd

# What programs write where they do not know a value.
_MISSING = ("<NA>", "nan", "NaN", "None")
_HEAD_BYTES = 4096


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


def find_star_tables(path: Path) -> list[StarTable]:
    """Find the tables of a STAR file.

    Parameters
    ----------
    path
        A STAR file as RELION, cryoSPARC's converters, crYOLO, Topaz, Warp and Gautomatch write it.

    Returns
    -------
    list of StarTable
        In the order of the file; their rows are not kept in memory.

    Raises
    ------
    FileFormatError
        The file is missing, empty, not text, has no table, or a row has too many or too few
        values, with its line.

    Notes
    -----
    Rows are parsed by pandas. A pass over the lines before it finds where tables begin and end,
    which also gives every error its line; large files take a tenth of the memory that reading
    all columns would.
    """
    head = read_head(path, _HEAD_BYTES)
    if b"\x00" in head:
        raise FileFormatError(
            path, describe_content(head) or "is not a text file (it holds binary data); "
            "give a STAR file",
        )  # fmt: skip
    try:
        with path.open("rb") as file:
            tables = list(_scan(path, file))
    except OSError as error:
        raise explain_read_error(path, error) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, "is not a text file; give a STAR file") from error
    if not tables:
        start = head.lstrip()[:40].decode("utf-8", errors="replace").splitlines()
        raise FileFormatError(
            path,
            f"is not a STAR file: it has no line that begins with data_ (it begins with "
            f"'{start[0] if start else ''}'); give a STAR file, or name its format "
            "(--picks-format, format=)",
        )
    return tables


def _scan(path: Path, file: BinaryIO) -> Iterator[StarTable]:
    table: StarTable | None = None
    in_loop = in_rows = False
    offset = 0
    for number, raw in enumerate(file, start=1):
        start, offset = offset, offset + len(raw)
        words = raw.split()
        if not words:
            continue
        first = words[0]
        if first.startswith(b"#"):
            if table is not None and in_rows:
                table.has_comments = True
            continue
        if first.startswith(b"data_"):
            if table is not None:
                yield table
            table = StarTable(path, first[5:].decode())
            in_loop = in_rows = False
        elif table is None:
            if number == 1 and first.lstrip(b"\xef\xbb\xbf").startswith((b"data_", b"#")):
                if b"data_" in first:  # after the mark that Windows puts first
                    table = StarTable(path, first.split(b"data_")[1].decode())
                continue
            return
        elif first == b"loop_":
            in_loop = True
        elif first.startswith(b"_") and not in_rows:
            table.columns.append(first[1:].decode())
            if not in_loop:
                _add_value(table, number, raw)
        else:
            if not in_rows:
                in_rows = True
                table.offset, table.line = start, number
            table.n_rows += 1
            if len(words) != len(table.columns):
                _check_width(table, number, raw)
            elif table.quote is None and (b"'" in raw or b'"' in raw):
                table.quote = _find_quote(raw)
    if table is not None:
        yield table


def _add_value(table: StarTable, number: int, raw: bytes) -> None:
    import shlex

    words = shlex.split(raw.decode())
    if len(words) != 2:
        raise FileFormatError(
            table.path,
            f"line {number}: '{raw.decode().strip()[:80]}' has {len(words) - 1} values; expected "
            "one, or a line loop_ before the names of columns",
        )
    table.values.append(words[1])
    table.n_rows, table.line = 1, number


def _check_width(table: StarTable, number: int, raw: bytes) -> None:
    """Accept a row whose quoted values hold blanks, and one with a comment at its end."""
    text = raw.decode()
    if table.quote is None:
        table.quote = _find_quote(raw)
    n_values = len(_split_quoted(text, table.quote))
    if n_values != len(table.columns) and " #" in text:
        table.has_comments = True
        n_values = len(_split_quoted(text.split(" #")[0], table.quote))
    if n_values != len(table.columns):
        raise FileFormatError(
            table.path,
            f"line {number}: '{text.strip()[:80]}' has {n_values} values, but the table "
            f"data_{table.name} has {len(table.columns)} columns; correct or delete the line",
        )


def _find_quote(raw: bytes) -> str | None:
    """The quotation mark that a value begins with."""
    for quote in (b"'", b'"'):
        if any(word.startswith(quote) for word in raw.split()):
            return quote.decode()
    return None


def _split_quoted(text: str, quote: str | None) -> list[str]:
    if quote is None:
        return text.split()
    parts = text.split(quote)  # every second part is inside of quotation marks
    return "".join("x" if index % 2 else part for index, part in enumerate(parts)).split()


def format_texts(texts: Sequence[str]) -> list[str]:
    """Texts as values of a STAR table: in quotation marks where they hold blanks."""
    return [f'"{text}"' if " " in text else text for text in texts]
