import pytest
import torch

from nemo.collections.nlp.inference.ensemble import EnsembleTranslator
from nemo.collections.nlp.models import MTEncDecModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import toy_translation as toy

SENTENCES = [source for source, _ in toy.pairs(12)]


def model(seed, **changes):
    torch.manual_seed(seed)
    built = MTEncDecModel(cfg=toy.config(**changes)).eval()
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return built


def test_a_model_twice_is_the_model_alone():
    single = model(0)
    found = EnsembleTranslator([single, single]).translate(SENTENCES)
    assert [translation.texts[0] for translation in found] == single.translate(SENTENCES)


def test_two_models_agree_on_something_else_and_a_list_is_as_each_alone():
    translator = EnsembleTranslator([model(0), model(1)], beam_size=3, len_pen=0.6)
    found = [translation.texts for translation in translator.translate(SENTENCES)]
    assert found == [translator.translate([sentence])[0].texts for sentence in SENTENCES]
    assert all(len(texts) == 3 for texts in found)
    assert [texts[0] for texts in found] != model(0).translate(SENTENCES)


def test_models_that_do_not_belong_together_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no model to translate with"):
        EnsembleTranslator([])
    (tmp_path / "v.txt").write_text("".join(f"{c!r}\n" for c in "abcdefghijklmnopqrstuvwxyz ."))
    roles = {f"{role}_token": f"<{role}>" for role in ("bos", "eos", "pad", "unk")}
    other = {"library": "char", "vocab_file": str(tmp_path / "v.txt"), "special_tokens": roles}
    with pytest.raises(ConfigError, match=r"different tokenizers \(encoder_tokenizer\)"):
        EnsembleTranslator([model(0), model(0, encoder_tokenizer=other)])
