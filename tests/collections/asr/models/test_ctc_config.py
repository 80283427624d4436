"""The dataclasses have the fields and defaults of the original, and a model can be built from them."""

from dataclasses import asdict, fields

import pytest
from omegaconf import OmegaConf

import nemo.collections.asr as nemo_asr
from nemo.collections.asr.models import EncDecCTCModel
from nemo.collections.asr.models.ctc_config import EncDecCTCConfig, EncDecCTCModelConfig
from nemo.collections.asr.models.quartznet_config import JasperModelConfig, QuartzNetModelConfig
from nemo.collections.asr.modules.conformer.streaming_config import CacheAwareStreamingConfig
from nemo.collections.asr.modules.conv_encoder import JasperEncoderConfig
from tests.collections.asr.models import tiny


def test_sections_and_defaults_of_a_ctc_config():
    # recorded from release 1.23.0
    cfg = asdict(EncDecCTCConfig())
    assert set(cfg) == {
        "decoder", "decoding", "dropout", "encoder", "labels", "optim", "preprocessor", "repeat", "sample_rate",
        "separable", "spec_augment", "test_ds", "train_ds", "validation_ds",
    }  # fmt: skip
    assert (cfg["sample_rate"], cfg["repeat"], cfg["dropout"], cfg["separable"]) == (16000, 1, 0.0, False)
    assert (cfg["labels"], cfg["encoder"]["activation"]) == ("???", "???")
    assert cfg["optim"] == {"name": "???", "sched": {"name": "???", "min_lr": 0.0, "last_epoch": -1}}
    assert [cfg[name]["shuffle"] for name in ("train_ds", "validation_ds", "test_ds")] == [True, False, False]
    assert cfg["train_ds"]["batch_size"] == 32
    assert cfg["train_ds"]["pin_memory"] is True
    assert cfg["decoding"]["strategy"] == "greedy"


def test_jasper_and_quartznet_differ_in_what_was_recorded():
    jasper, quartznet = JasperModelConfig(), QuartzNetModelConfig()
    assert (jasper.separable, quartznet.separable) == (False, True)
    assert jasper.encoder.activation == "relu"
    assert jasper.train_ds.trim_silence is True


def test_streaming_sizes_begin_at_zero():
    assert {entry.default for entry in fields(CacheAwareStreamingConfig)} == {0}
    assert len(fields(CacheAwareStreamingConfig)) == 9


@pytest.mark.parametrize("schema", [EncDecCTCConfig, EncDecCTCModelConfig, JasperModelConfig, QuartzNetModelConfig])
def test_instances_share_nothing_and_become_structured_configs(schema):
    first, second = schema(), schema()
    section = first.model if schema is EncDecCTCModelConfig else first
    section.train_ds.batch_size = 5
    other = second.model if schema is EncDecCTCModelConfig else second
    assert other.train_ds.batch_size == 32
    assert OmegaConf.is_config(OmegaConf.structured(second))


def test_a_model_is_built_from_a_dataclass():
    cfg = QuartzNetModelConfig(labels=tiny.LABELS)
    cfg.preprocessor.features = 16
    cfg.encoder.feat_in = 16
    cfg.encoder.jasper = [JasperEncoderConfig(24, 1, [5], [2], [1], 0.0, False, separable=True)]
    cfg.decoder.feat_in, cfg.decoder.num_classes, cfg.decoder.vocabulary = 24, -1, tiny.LABELS
    cfg.train_ds = cfg.validation_ds = cfg.test_ds = None
    cfg.optim.name = "novograd"
    model = EncDecCTCModel(cfg=cfg)
    assert model.decoder.num_classes_with_blank == 5
    assert len(model.transcribe(tiny.signal(0.2), verbose=False)) == 1


def test_the_first_documents_singular_works_too():
    assert nemo_asr.model.EncDecCTCModel is nemo_asr.models.EncDecCTCModel is EncDecCTCModel
    assert nemo_asr.models.configs.EncDecCTCConfig is EncDecCTCConfig
