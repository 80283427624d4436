"""Fine-tuning, as the script does it: with the model's own outputs, another tokenizer, other labels."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from nemo.collections.asr.models import ASRModel, EncDecCTCModel, EncDecCTCModelBPE, EncDecRNNTBPEModel
from tests.collections.asr.models import tiny
from tests.examples.asr.toy_recipes import read, shrink

SCRIPT = Path(__file__).parents[3] / "examples" / "asr" / "speech_to_text_finetune.py"


@pytest.fixture
def finetune(tmp_path, monkeypatch):
    """Runs the script on three recordings; returns the archive it writes, restored."""
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, SCRIPT.stem, script)
    spec.loader.exec_module(script)
    folder = tmp_path / "recordings"
    folder.mkdir()
    _, manifest = tiny.recordings(folder)

    def run(*arguments):
        sets = [f"model.{name}.{value}" for name in ("train_ds", "validation_ds", "test_ds") for value in (
            f"manifest_filepath={manifest}", "num_workers=0", "batch_size=3", "pin_memory=false"
        )]  # fmt: skip
        trainer = ["max_epochs=1", "accelerator=cpu", "devices=1", "log_every_n_steps=1"]
        trainer += ["+enable_progress_bar=false", "+enable_model_summary=false"]
        trainer = [("+trainer." + item[1:]) if item.startswith("+") else f"trainer.{item}" for item in trainer]
        given = [*sets, *trainer, f"exp_manager.exp_dir={tmp_path}/runs", *arguments]
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *given])
        script.main()
        (archive,) = (tmp_path / "runs").rglob("*.nemo")
        return ASRModel.restore_from(str(archive)).eval()

    return run


@pytest.fixture
def subword_archive(tmp_path):
    config = tiny.config(tokenizer={"dir": tiny.tokenizer_folder(tmp_path / "old"), "type": "bpe"})
    config["decoder"].update(vocabulary=[], num_classes=-1)
    model = EncDecCTCModelBPE(cfg=config)
    model.save_to(str(tmp_path / "old.nemo"))
    return f"init_from_nemo_model={tmp_path}/old.nemo", model


def same_weights(one, other):
    return all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.named_parameters())


def test_the_models_own_outputs_are_kept_and_trained(finetune, subword_archive):
    init, base = subword_archive
    still = finetune(init, "model.optim.lr=0.0", "model.optim.sched.min_lr=0.0")
    assert same_weights(base, still)
    assert still.tokenizer.vocab == base.tokenizer.vocab
    assert still.cfg.spec_augment.time_masks == 10
    assert still.cfg.optim.lr == 0.0


def test_another_tokenizer_keeps_the_encoder_and_begins_a_new_decoder(finetune, subword_archive, tmp_path):
    init, base = subword_archive
    new = tiny.tokenizer_folder(tmp_path / "new", vocab_size=20, text="a b c aab bbc cca abcabc")
    arguments = ["model.tokenizer.update_tokenizer=true", f"model.tokenizer.dir={new}", "model.optim.weight_decay=0.0"]
    model = finetune(init, *arguments, "model.optim.lr=0.0", "model.optim.sched.min_lr=0.0")
    assert same_weights(base.encoder, model.encoder)
    pieces = [line.split("\t")[0] for line in (tmp_path / "new" / "tokenizer.vocab").read_text().splitlines()]
    assert list(model.decoder.vocabulary) == list(model.tokenizer.vocab)
    assert len(model.tokenizer.vocab) == len(pieces) != len(base.tokenizer.vocab)
    assert model.decoder.num_classes_with_blank == len(pieces) + 1
    assert len(model.transcribe(str(tmp_path / "recordings" / "0.wav"), verbose=False)) == 1


def test_a_transducer_gets_another_tokenizer(finetune, tmp_path):
    cfg, paths = shrink(read("fastconformer/fast-conformer_transducer_bpe"), tmp_path)
    base = EncDecRNNTBPEModel(cfg=cfg.model)
    base.save_to(str(tmp_path / "old.nemo"))
    new = tiny.tokenizer_folder(tmp_path / "new", vocab_size=20, text="a b c aab bbc cca abcabc")
    arguments = ["model.tokenizer.update_tokenizer=true", f"model.tokenizer.dir={new}"]
    model = finetune(f"init_from_nemo_model={tmp_path}/old.nemo", *arguments)
    size = len(model.tokenizer.vocab)
    assert model.joint.num_classes_with_blank == size + 1
    assert model.decoder.prediction["embed"].num_embeddings == size + 1
    assert len(model.transcribe(paths, verbose=False)) == 3


def test_a_character_model_gets_other_labels(finetune, tmp_path):
    base = EncDecCTCModel(cfg=tiny.config())
    base.save_to(str(tmp_path / "old.nemo"))
    labels = [" ", "a", "b", "c", "d"]
    arguments = ["model.char_labels.update_labels=true", 'model.char_labels.labels=[" ",a,b,c,d]', "model.optim.lr=0.0"]
    model = finetune(f"init_from_nemo_model={tmp_path}/old.nemo", *arguments, "model.optim.sched.min_lr=0.0")
    assert list(model.decoder.vocabulary) == list(model.cfg.labels) == labels
    assert same_weights(base.encoder, model.encoder)


def test_what_is_missing_is_named(finetune, subword_archive, capsys):
    for arguments, said in (
        ([], "Give one of init_from_nemo_model=FILE"),
        ([subword_archive[0], "model.tokenizer.update_tokenizer=true"], "model.tokenizer.dir is null"),
        ([subword_archive[0], "model.char_labels.update_labels=true"], "model.char_labels.labels is null"),
    ):
        with pytest.raises(SystemExit):
            finetune(*arguments)
        assert said in capsys.readouterr().err
