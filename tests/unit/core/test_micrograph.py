"""A micrograph knows its size before its pixels are read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Frame, Listing, Micrograph


def test_array_is_wrapped_as_it_is():
    pixels = np.arange(12, dtype=np.int16).reshape(3, 4)
    micrograph = Micrograph.from_array(pixels, name="mic", pixel_size_angstrom=1.5)
    assert micrograph.shape == (3, 4)
    assert micrograph.frame == Frame((3, 4), 1.5)
    assert micrograph.pixel_size_angstrom == 1.5
    assert micrograph.name == micrograph.label == "mic"
    np.testing.assert_array_equal(micrograph.pixels(), pixels)
    assert micrograph.pixels().dtype == np.int16


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), ()])
def test_only_two_dimensions_are_an_image(shape):
    with pytest.raises(ValueError, match=r"\(y, x\) array, got shape"):
        Micrograph.from_array(np.zeros(shape))


def test_pixels_are_read_only_when_asked_for():
    calls = []

    def read():
        calls.append(1)
        return np.zeros((3, 4))

    micrograph = Micrograph("mic", Frame((3, 4)), read, path=Path("folder/mic.mrc"))
    assert (micrograph.shape, micrograph.label) == ((3, 4), str(Path("folder/mic.mrc")))
    micrograph = micrograph.with_pixel_size(2.0)
    assert calls == []
    assert micrograph.pixels().shape == (3, 4)
    assert calls == [1]


def test_another_pixel_size_changes_nothing_else():
    micrograph = Micrograph("mic", Frame((3, 4), 1.0), lambda: np.ones((3, 4)), Path("mic.mrc"))
    other = micrograph.with_pixel_size(2.0)
    assert (micrograph.pixel_size_angstrom, other.pixel_size_angstrom) == (1.0, 2.0)
    assert (other.name, other.path, other.shape) == ("mic", Path("mic.mrc"), (3, 4))
    assert other.read is micrograph.read


def test_it_is_listed_as_a_list_says_else_as_its_picks_know_else_by_its_path():
    listed, known = Listing("job/a.mrc", uid=1), Listing("J1/a.mrc", uid=2)
    micrograph = Micrograph.from_array(np.zeros((2, 3)))
    assert micrograph.find_listing() is None
    assert micrograph.find_listing(known) == known
    micrograph = replace(micrograph, path=Path("mics/a.mrc"))
    assert micrograph.find_listing() == Listing("mics/a.mrc")
    assert micrograph.find_listing(known) == known
    assert replace(micrograph, listing=listed).find_listing(known) == listed
