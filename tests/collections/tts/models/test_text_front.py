"""Text to tokens in a model: numbers in words, a converter's dictionaries in archives, bad input."""

import copy
import tarfile

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.models import FastPitchModel
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.models.test_fastpitch import CONFIG

NORMALIZER = {"_target_": "nemo_text_processing.text_normalization.normalize.Normalizer", "lang": "en"}
ARPABET = "FIVE  F AY1 V\nCAT  K AE1 T\nREAD  R EH1 D\nREAD(1)  R IY1 D\n"
IPA = "FIVE  ˈfaɪv\nCAT  ˈkæt\nREAD  ˈɹɛd\n"


def model_with(**parts):
    return FastPitchModel({**copy.deepcopy(CONFIG), **parts})


def tokenizer(target, g2p, **more):
    return {
        "_target_": f"nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.{target}",
        "g2p": g2p,
        **more,
    }


@pytest.fixture
def files(tmp_path):
    for name, text in {"cmu.dict": ARPABET, "ipa.dict": IPA, "heteronyms": "read\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_numbers_are_written_out_where_the_model_has_a_normaliser():
    model = model_with(text_normalizer=NORMALIZER, text_normalizer_call_kwargs={"punct_post_process": True})
    assert model.vocab.decode(model.parse("5 cats")[0]) == " five cats "
    assert model.vocab.decode(model.parse("5 cats", normalize=False)[0]) == " cats "
    assert model_with().parse("5 cats").shape == (1, 6)


@pytest.mark.parametrize(
    ("kind", "target", "file", "spoken"),
    [
        ("EnglishPhonemesTokenizer", "nemo.collections.tts.g2p.models.en_us_arpabet.EnglishG2p", "cmu.dict", "K|AE|T"),
        ("EnglishPhonemesTokenizer", "nemo.collections.tts.torch.g2ps.EnglishG2p", "cmu.dict", "K|AE|T"),
        ("EnglishPhonemesTokenizer", "nemo_text_processing.g2p.modules.EnglishG2p", "cmu.dict", "K|AE|T"),
        ("IPATokenizer", "nemo.collections.tts.g2p.models.i18n_ipa.IpaG2p", "ipa.dict", "ˈ|k|æ|t"),
        ("IPATokenizer", "nemo_text_processing.g2p.modules.IPAG2P", "ipa.dict", "ˈ|k|æ|t"),
    ],
)
def test_archives_keep_the_converters_files(kind, target, file, spoken, files):
    g2p = {"_target_": target, "phoneme_dict": str(files / file), "heteronyms": str(files / "heteronyms")}
    model = model_with(text_tokenizer=tokenizer(kind, {**g2p, "phoneme_probability": 1.0}))
    expected = model.parse("cat read").tolist()
    model.save_to(files / "m.nemo")
    (files / file).unlink()
    (files / "heteronyms").unlink()
    restored = FastPitchModel.restore_from(files / "m.nemo", map_location="cpu")
    assert restored.vocab.decode(restored.parse("cat")[0]) == spoken
    assert restored.parse("cat read").tolist() == expected
    with tarfile.open(files / "m.nemo") as archive:
        assert {file, "heteronyms"} <= {name.partition("_")[2] for name in archive.getnames()}
    restored.save_to(files / "again.nemo")
    assert FastPitchModel.restore_from(files / "again.nemo").parse("cat read").tolist() == expected


def test_files_that_are_missing_or_broken_are_named(files):
    g2p = {"_target_": "nemo.collections.tts.g2p.models.en_us_arpabet.EnglishG2p", "phoneme_dict": "nowhere.dict"}
    with pytest.raises(FileNotFoundError, match=r"nowhere\.dict"):
        model_with(text_tokenizer=tokenizer("EnglishPhonemesTokenizer", g2p))
    (files / "cmu.dict").write_text("CAT  K AE1 T\nDOG\n")
    with pytest.raises(TextFileError, match=r"cmu\.dict:2 is 'DOG': no pronunciation"):
        model_with(text_tokenizer=tokenizer("EnglishPhonemesTokenizer", {**g2p, "phoneme_dict": f"{files}/cmu.dict"}))


@pytest.mark.parametrize("text", ["", "   ", "☃"])
def test_a_text_without_anything_to_say_is_refused(text):
    with pytest.raises(ConfigError, match="has nothing that can be spoken. Expected symbols of the model's tokenizer"):
        model_with().parse(text)


def test_characters_without_a_token_are_named_with_their_text(caplog):
    model_with().parse("a snow☃man")
    assert "'☃' of the text 'a snow☃man' have no token and are left out" in caplog.text
