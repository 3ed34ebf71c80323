"""Contrast and filters that cannot be are refused by name."""

from __future__ import annotations

import pytest

from deepem.errors import ConfigError
from deepem.studio.display.look import Look


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"black": -1.0}, "black"),
        ({"black": float("nan")}, "black"),
        ({"white": 100.5}, "white"),
        ({"black": 50.0, "white": 50.0}, "black"),
        ({"black": 90.0, "white": 10.0}, "black"),
        ({"lowpass_px": -1.0}, "lowpass_px"),
        ({"lowpass_px": 501.0}, "lowpass_px"),
        ({"lowpass_px": float("nan")}, "lowpass_px"),
    ],
)
def test_an_impossible_value_is_named(values, field):
    with pytest.raises(ConfigError, match=r"give") as caught:
        Look(**values)
    assert caught.value.field == field


def test_the_ends_are_possible():
    assert Look(black=0, white=100, lowpass_px=500).sigma_px == pytest.approx(212.3, abs=0.1)
