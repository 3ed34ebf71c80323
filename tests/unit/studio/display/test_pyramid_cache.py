"""The cache keeps what was looked at last, and notices changed files."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from deepem.errors import FileFormatError
from deepem.io.micrographs import open_micrograph
from deepem.studio.display.pyramid_cache import PyramidCache

LEVEL_BYTES = 1024 * 1024 * 2 / 3  # of a micrograph of 1024 x 1024 pixels


@pytest.fixture
def micrographs(write_micrograph, make_scene):
    return [write_micrograph(make_scene((1024, 1024)), f"mic_{number}") for number in range(4)]


def read_level(pyramid):
    return pyramid.read(1, slice(0, 10), slice(0, 10))


def test_all_that_ask_get_the_same(micrographs):
    cache = PyramidCache()
    first = cache.get(micrographs[0])
    assert cache.get(open_micrograph(micrographs[0].path)) is first
    assert cache.get(micrographs[1]) is not first


def test_those_asked_for_last_are_kept_within_the_limit(micrographs):
    cache = PyramidCache(limit_bytes=int(2.5 * LEVEL_BYTES))
    kept = [cache.get(micrograph) for micrograph in micrographs[:2]]
    for pyramid in kept:
        read_level(pyramid)
    assert cache.get(micrographs[0]) is kept[0]
    read_level(cache.get(micrographs[2]))
    cache.get(micrographs[3])
    assert cache.n_bytes <= 2.5 * LEVEL_BYTES
    assert cache.get(micrographs[0]) is kept[0]
    assert cache.get(micrographs[1]) is not kept[1]


def test_one_beyond_the_limit_is_kept_until_another_comes(micrographs):
    cache = PyramidCache(limit_bytes=100)
    large = cache.get(micrographs[0])
    read_level(large)
    assert cache.get(micrographs[0]) is large
    cache.get(micrographs[1])
    assert cache.get(micrographs[0]) is not large


def test_slices_of_a_stack_are_told_apart(micrographs):
    cache = PyramidCache()
    first, second = (replace(micrographs[0], name=f"{number}@stack") for number in (1, 2))
    assert cache.get(first) is not cache.get(second)


def test_a_changed_file_is_read_again(write_micrograph, make_scene):
    cache = PyramidCache()
    micrograph = write_micrograph(make_scene((1024, 1024)))
    before = read_level(cache.get(micrograph))
    status = micrograph.path.stat()
    changed = write_micrograph(make_scene((1024, 1024))[::-1])
    os.utime(changed.path, ns=(status.st_mtime_ns + 1, status.st_mtime_ns + 1))
    assert np.abs(read_level(cache.get(changed)) - before).max() > 0.1


def test_a_file_that_went_away_is_an_error_with_its_name(micrographs):
    cache = PyramidCache()
    cache.get(micrographs[0])
    micrographs[0].path.unlink()
    with pytest.raises(FileFormatError, match=r"mic_0\.mrc.*does not exist"):
        cache.get(micrographs[0])


def test_levels_that_are_made_later_count_at_once(micrographs):
    cache = PyramidCache(limit_bytes=int(2.5 * LEVEL_BYTES))
    for pyramid in [cache.get(micrograph) for micrograph in micrographs]:
        read_level(pyramid)
    assert cache.n_bytes <= 2.5 * LEVEL_BYTES
