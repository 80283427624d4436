import pytest
from omegaconf import OmegaConf

from nemo.collections.nlp.data.translation_preprocessing import MTDataPreproc
from nemo.collections.nlp.models import MTEncDecModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import toy_translation as toy


def config(tmp_path, **changes):
    files = toy.write_pairs(tmp_path)
    tokenizer = {"library": "sentencepiece", "tokenizer_model": None, "vocab_size": 48}
    sections = {"encoder_tokenizer": tokenizer, "decoder_tokenizer": tokenizer, "shared_tokenizer": True}
    data = toy.data(files, use_tarred_dataset=True, num_batches_per_tarfile=3, clean=True)
    return OmegaConf.create(
        toy.config(**{**sections, "preproc_out_dir": str(tmp_path / "made"), "train_ds": data, **changes})
    )


def test_tokenizers_and_tar_files_are_made_once_and_a_model_trains_on_them(tmp_path):
    cfg = config(tmp_path)
    MTDataPreproc(cfg)
    assert cfg.encoder_tokenizer.tokenizer_model == cfg.decoder_tokenizer.tokenizer_model
    model = MTEncDecModel(cfg=cfg)
    assert sum(len(batch[0]) for batch in model.train_dataloader()) == 60
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").rglob("*") if path.is_file()}
    again = config(tmp_path)
    MTDataPreproc(again)
    assert again == cfg and all(path.stat().st_mtime_ns == time for path, time in made.items())


def test_each_side_has_a_tokenizer_of_its_own_and_languages_have_tokens(tmp_path):
    cfg = config(tmp_path, shared_tokenizer=False, multilingual=True, tgt_language=["de", "fr"])
    files = cfg.train_ds.src_file_name, cfg.train_ds.tgt_file_name
    cfg.train_ds.update(src_file_name=[files[0]] * 2, tgt_file_name=[files[1]] * 2)
    MTDataPreproc(cfg)
    assert cfg.encoder_tokenizer.tokenizer_model != cfg.decoder_tokenizer.tokenizer_model
    assert len(cfg.train_ds.metadata_file) == 2
    model = MTEncDecModel(cfg=cfg)
    second = {int(batch[0][0, 1]) for batch in model.train_dataloader()}
    assert second == {model.encoder_tokenizer.token_to_id(f"<{language}>") for language in ("de", "fr")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preproc_out_dir": None}, "preproc_out_dir is not set"),
        ({"encoder_tokenizer": {"library": "yttm"}}, "library 'yttm' is to be trained"),
        ({"encoder_tokenizer": {"library": "sentencepiece", "vocab_size": None}}, "vocab_size is not set"),
    ],
)
def test_what_cannot_be_made_is_told(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        MTDataPreproc(config(tmp_path, **changes))
