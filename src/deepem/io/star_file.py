"""STAR files: their tables are found in one pass over the lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from deepem.errors import FileFormatError
from deepem.io.inputs import describe_content, explain_read_error, read_head
from deepem.io.star_table import StarTable

_HEAD_BYTES = 4096


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
        is_in_table = table is not None and in_loop and bool(table.columns)
        if first.startswith(b"data_") and not (is_in_table and _is_path(first)):
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


def _is_path(word: bytes) -> bool:
    """Whether a word that begins as the head of a table does is the path of a micrograph."""
    return b"/" in word or b"." in word


def _add_value(table: StarTable, number: int, raw: bytes) -> None:
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
