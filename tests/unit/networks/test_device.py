"""The device that is used can be used, and what is not used has a reason."""

import pytest
import torch

from deepem.errors import ConfigError
from deepem.networks.device import (
    DEVICE_NAMES,
    check_bfloat16,
    choose_device,
    has_bfloat16,
)

HERE = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}


@pytest.mark.parametrize("name", DEVICE_NAMES)
def test_a_device_works_or_is_refused_with_a_reason(name):
    if HERE.get(name, True):
        device = choose_device(name)
        assert device.reason
        assert float(torch.ones(3, device=device.name).sum()) == 3
    else:
        with pytest.raises(ConfigError, match=f"device: '{name}' cannot be used: .*; use cpu"):
            choose_device(name)


def test_auto_takes_a_card_where_there_is_one():
    card = next((name for name, is_here in HERE.items() if is_here), "cpu")
    assert choose_device("auto").name == card


@pytest.mark.skipif(any(HERE.values()), reason="there is a graphics card")
def test_the_processor_is_used_for_a_reason():
    assert "built for processors alone" in choose_device("auto").reason or (
        "driver" in choose_device("auto").reason
    )


def test_an_unknown_device_is_refused_with_the_choice():
    with pytest.raises(ConfigError, match="device: is 'tpu'; choose from auto, cpu, cuda, mps"):
        choose_device("tpu")


def test_bfloat16_is_refused_where_there_is_none():
    assert not has_bfloat16("mps")
    with pytest.raises(ConfigError, match="fast: this mps has no bfloat16; leave it out"):
        check_bfloat16("mps")
