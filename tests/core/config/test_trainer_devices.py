import logging

import pytest
from omegaconf import OmegaConf

from nemo.core.config.trainer_devices import devices_for_gpus, translate_gpus


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        (0, ("cpu", 1)),
        (None, ("cpu", 1)),
        ([], ("cpu", 1)),
        (2, ("gpu", 2)),
        ("2", ("gpu", 2)),
        (-1, ("gpu", "auto")),
        ([1, 3], ("gpu", [1, 3])),
        ("0,1", ("gpu", [0, 1])),
    ],
)
def test_gpus_in_today_s_words(gpus, expected):
    assert devices_for_gpus(gpus) == expected


def test_what_is_no_number_of_gpus_is_refused():
    with pytest.raises(ValueError, match=r"trainer\.gpus is 'two'"):
        devices_for_gpus("two")


def test_accelerator_ddp_of_the_first_releases_is_a_strategy():
    config = OmegaConf.create({"trainer": {"gpus": 2, "accelerator": "ddp"}})
    translate_gpus(config)
    assert config.trainer == {"strategy": "ddp", "accelerator": "gpu", "devices": 2}


def test_devices_that_are_set_win_over_gpus(caplog):
    config = OmegaConf.create({"trainer": {"gpus": 2, "devices": 1, "accelerator": "cpu"}})
    with caplog.at_level(logging.WARNING):
        translate_gpus(config)
    assert config.trainer == {"devices": 1, "accelerator": "cpu"}
    assert "trainer.gpus=2 is ignored" in caplog.text


def test_configs_without_gpus_are_left_alone():
    for content in ({}, {"trainer": None}, {"trainer": {"devices": 1}}):
        config = OmegaConf.create(content)
        translate_gpus(config)
        assert config == content
