import pytest
from omegaconf import OmegaConf

from nemo.collections.nlp.models.translation_config import AAYNBaseConfig, AAYNBottleneckConfig, MTBottleneckModelConfig


def test_each_config_has_sections_of_its_own():
    cfg = AAYNBaseConfig()
    cfg.encoder.num_layers = 8
    cfg.train_ds.tokens_in_batch = 8192
    other = AAYNBaseConfig()
    assert other.encoder.num_layers == 6 and other.train_ds.tokens_in_batch == 512
    assert cfg.decoder is not other.decoder and cfg.encoder_tokenizer is not cfg.decoder_tokenizer


def test_defaults_are_the_originals():
    cfg = AAYNBaseConfig()
    assert (cfg.num_val_examples, cfg.num_test_examples, cfg.max_generation_delta) == (3, 3, 10)
    assert (cfg.label_smoothing, cfg.beam_size, cfg.len_pen, cfg.shared_tokenizer) == (0.0, 4, 0.0, True)
    assert cfg.src_language == cfg.tgt_language == "en" and cfg.encoder_tokenizer.library == "yttm"
    for part in (cfg.encoder, cfg.decoder):
        assert (part.library, part.hidden_size, part.inner_size, part.num_layers) == ("nemo", 512, 2048, 6)
        assert part.num_attention_heads == 8
        assert {part.ffn_dropout, part.attn_score_dropout, part.attn_layer_dropout, part.embedding_dropout} == {0.1}
    assert cfg.optim.name == "adam" and cfg.optim.lr == 1e-3 and tuple(cfg.optim.betas) == (0.9, 0.98)
    assert cfg.optim.weight_decay == 0.0 and cfg.optim.sched.name == "InverseSquareRootAnnealing"


@pytest.mark.parametrize("kind", [AAYNBaseConfig, AAYNBottleneckConfig, MTBottleneckModelConfig])
def test_configs_are_structured_ones(kind):
    cfg = OmegaConf.structured(kind())
    assert cfg.encoder.num_layers == 6 and OmegaConf.is_missing(cfg.train_ds, "src_file_name")
    assert cfg.train_ds.clean and not cfg.validation_ds.clean
