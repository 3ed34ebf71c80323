"""Write docs/cli.md from the commands themselves, so that it cannot drift."""

from __future__ import annotations

from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from deepem.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
_HEAD = """\
# Commands

Made from `deepem --help` by `python docs/make_cli.py`; do not edit.

Data goes to stdout, messages and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage,
3 some micrographs failed (each named, with its reason; the others are done), 130 interrupted.
"""


def make_page() -> str:
    """Every command's help, as Markdown."""
    sections = [_HEAD, _section("deepem", [])]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        sections.append(_section(f"deepem {name}", [name]))
        for part in getattr(command, "commands", ()):
            sections.append(_section(f"deepem {name} {part}", [name, part]))
    return "\n".join(sections)


def _section(title: str, words: list[str]) -> str:
    # The width of the terminal must not matter.
    environment = {"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    result = CliRunner().invoke(app, [*words, "--help"], prog_name="deepem", env=environment)
    text = "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())
    return f"## {title}\n```\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
