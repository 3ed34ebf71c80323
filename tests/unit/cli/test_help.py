"""What a user meets before any work is done: help, version, usage errors."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from deepem import __version__
from deepem.cli.app import app
from deepem.cli.options import FORMAT_NAMES
from deepem.io import PICK_FORMATS

COMMANDS = (
    "demo",
    "simulate",
    "train",
    "tune",
    "pick",
    "refine",
    "evaluate",
    "convert",
    "check",
    "cryosparc",
    "info",
    "study",
)


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help must be instant, so it loads none of the libraries that take seconds."""
    code = (
        "import sys; sys.argv[0] = 'deepem'\n"
        "from deepem.cli import main\n"
        "try: main()\n"
        "finally: print('LOADED', *sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--help"],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    shown, loaded = ended.stdout.split("LOADED")
    assert "Usage: deepem" in shown
    heavy = {"torch", "scipy", "matplotlib", "pandas", "numpy", "tifffile", "fastapi", "uvicorn"}
    assert not heavy & set(loaded.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_of_itself(name: str) -> None:
    result = CliRunner().invoke(app, [name, "-h"])
    assert result.exit_code == 0
    assert f"Example: deepem {name}" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    """Each line that names an option goes on with words about it."""
    text = CliRunner().invoke(app, [name, "--help"], terminal_width=200).stdout
    described = re.findall(r"^  (?:-h, )?(--[a-z-]+)[^\n]*?  +([A-Z][^\n]+)$", text, re.MULTILINE)
    named = re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.MULTILINE)
    assert "--help" in named
    assert [option for option, _ in described] == named


def test_the_same_option_is_spelled_and_explained_alike() -> None:
    """``--diameter`` and its like say the same in every command that has them."""
    texts: dict[str, set[str]] = {}
    for name in ("train", "pick", "watch", "evaluate", "convert", "check"):
        text = CliRunner().invoke(app, [name, "--help"], terminal_width=200).stdout
        for option in ("--diameter", "--diameter-px", "--pixel-size", "--picks-format"):
            for line in re.findall(rf"^  {option} [^\n]*$", text, re.MULTILINE):
                texts.setdefault(option, set()).add(" ".join(line.split()))
    assert set(texts) == {"--diameter", "--diameter-px", "--pixel-size", "--picks-format"}
    assert all(len(variants) == 1 for variants in texts.values())


def test_every_coordinate_format_is_offered() -> None:
    assert set(FORMAT_NAMES.split(", ")) == {known.name for known in PICK_FORMATS}


def test_version_goes_to_stdout() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"deepem {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["frobnicate"], "No such command"),
        (["pick", "mics", "--model", "m.deepem"], "--out"),
        (["pick", "--model", "m.deepem", "--out", "picks"], "MICROGRAPHS"),
        (["pick", "mics", "--modle", "m.deepem"], "--model"),
        (["pick", "m", "--model", "m", "--out", "p", "--threshold", "1.5"], "--threshold"),
        (["pick", "m", "--model", "m", "--out", "p", "--pixel-size", "0"], "--pixel-size"),
        (["train", "m", "--picks", "m", "--out", "m.deepem", "--layers", "5"], "'8'"),
        (["train", "m", "--picks", "m", "--out", "m.deepem", "--diameter", "-5"], "--diameter"),
        (["simulate", "out", "--n", "0"], "--n"),
        (["simulate", "out", "--seed", "-1"], "--seed"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_the_option(arguments: list[str], cure: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert cure in result.stderr
    assert result.stdout == ""
