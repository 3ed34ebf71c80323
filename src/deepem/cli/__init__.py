"""The command line: one file a command; each parses, calls the API and prints."""

from deepem.cli.app import main

__all__ = ["main"]
