"""Fixtures that all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# In CI the same examples every time, so that a failure belongs to the change; elsewhere new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


# A shell that starts the tests in the background has Ctrl-C ignored, which processes that tests
# start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real micrographs with coordinates, beside the project; skips where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real micrographs are not here")
    return folder


@pytest.fixture(scope="session")
def shared_maps() -> Path:
    """Density maps, beside the project; skips where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "maps"
    if not folder.is_dir():
        pytest.skip("the density maps are not here")
    return folder
