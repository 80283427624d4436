"""Rows 2-1 to 2-24 and 2-39 to 2-46 of the seed documents: speech models, training scripts, archives, experiments."""

import logging
import os
import subprocess
import sys
import tarfile

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

import nemo.collections.asr as nemo_asr
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.utils.exp_manager import exp_manager
from tests.conftest import REPOSITORY
from tests.core.tiny import TinyModel, tiny_config
from tests.seeds.speech import TINY_BLOCK, TINY_OVERRIDES, write_manifest

SCRIPT = REPOSITORY / "examples" / "asr" / "speech_to_text.py"


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path)


def speech_to_text(tmp_path, manifest, *arguments, tiny=True, succeeds=True):
    """The seed's command, in a process of its own."""
    done = subprocess.run(
        [
            sys.executable, str(SCRIPT), f"model.train_ds.manifest_filepath={manifest}",
            f"model.validation_ds.manifest_filepath={manifest}", *(TINY_OVERRIDES if tiny else ()), *arguments,
        ],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode == 0) == succeeds, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


def quiet_trainer(**more):
    return pl.Trainer(**{
        "accelerator": "cpu", "devices": 1, "max_epochs": 1, "log_every_n_steps": 1, "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0, **more,
    })  # fmt: skip


def test_rows_2_1_and_2_2_published_models_are_listed_by_name():
    models = nemo_asr.models.EncDecCTCModel.list_available_models()
    assert all(isinstance(model, PretrainedModelInfo) for model in models)
    assert "QuartzNet15x5Base-En" in [model.pretrained_model_name for model in models]
    assert nemo_asr.model.EncDecCTCModel is nemo_asr.models.EncDecCTCModel  # the seed's slip answers too


def test_row_2_5_a_model_is_a_lightning_module():
    assert issubclass(nemo_asr.models.EncDecCTCModel, pl.LightningModule)


def test_rows_2_13_and_2_14_callbacks_fire_and_fit_and_test_run():
    seen = []

    class Watcher(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            seen.append("train")

        def on_test_start(self, trainer, pl_module):
            seen.append("test")

    trainer = quiet_trainer(callbacks=[Watcher()])
    model = TinyModel(tiny_config(train_ds={}, test_ds={}), trainer)
    trainer.fit(model)
    trainer.test(model=model, verbose=False)
    assert seen == ["train", "test"]


def test_row_2_16_trainer_keys():
    trainer = quiet_trainer(num_nodes=1, max_epochs=2, val_check_interval=1.0)
    trainer.fit(TinyModel(tiny_config(train_ds={}, validation_ds={}), trainer))
    assert trainer.current_epoch == 2


@pytest.mark.parametrize("sections", [{}, {"train_ds": None}, {"train_ds": {}, "validation_ds": {}, "test_ds": {}}])
def test_row_2_18_sections_may_be_absent_or_null(sections):
    TinyModel(tiny_config(**sections))


def test_rows_2_15_2_19_2_22_2_23_the_seeds_first_commands(tmp_path, manifest):
    output = speech_to_text(tmp_path, manifest, "trainer.gpus=0", "trainer.max_epochs=50", "+trainer.fast_dev_run=true")
    assert "gpus" in output  # translated, with one warning
    assert not (tmp_path / "nemo_experiments").exists()  # row 2-24: fast_dev_run disables exp_manager


def test_rows_2_22_and_2_23_the_seeds_command_with_config_flags(tmp_path, manifest):
    speech_to_text(
        tmp_path, manifest, "--config-path=conf", "--config-name=quartznet_15x5", "~model.test_ds", "trainer.gpus=0",
        "trainer.max_epochs=50", "+trainer.fast_dev_run=true", tiny=False,
    )  # fmt: skip


def test_row_2_29_model_optim_adam_selects_the_optimizer_and_keeps_the_section(tmp_path, manifest):
    output = speech_to_text(
        tmp_path, manifest, "--config-path=conf", "--config-name=quartznet_15x5", "trainer.gpus=0",
        "+trainer.fast_dev_run=true", "model.optim=adam", "model.optim.lr=.0004", "model.optim.betas=[.8, .5]",
        "~model.optim.sched",
    )  # fmt: skip
    assert "name: adam\n" in output and "lr: 0.0004" in output


def test_row_2_21_command_line_wins_over_yaml_over_dataclass(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.yaml").write_text("b: yaml\nc: yaml\n")
    (tmp_path / "main.py").write_text(
        "from dataclasses import dataclass\nfrom nemo.core.config import hydra_runner\n"
        "@dataclass\nclass C:\n    a: str = 'dataclass'\n    b: str = 'dataclass'\n    c: str = 'dataclass'\n"
        "@hydra_runner(config_path='conf', config_name='c', schema=C)\n"
        "def main(cfg):\n    print(cfg.a, cfg.b, cfg.c)\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, str(tmp_path / "main.py"), "c=cli"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip().endswith("dataclass yaml cli")


def test_rows_2_17_2_43_and_2_44_exp_manager_makes_the_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEMO_EXPM_VERSION", raising=False)
    trainer = quiet_trainer()
    config = {"name": "mine", "create_tensorboard_logger": True, "create_wandb_logger": False}
    folder = exp_manager(trainer, OmegaConf.create(config))
    trainer.fit(TinyModel(tiny_config(train_ds={}, validation_ds={}), trainer))
    assert folder.parent == (tmp_path / "nemo_experiments" / "mine")
    assert list(folder.glob("events.out.tfevents*"))
    assert list((folder / "checkpoints").glob("mine--val_loss=*-last.ckpt"))
    assert (folder / "checkpoints" / "mine.nemo").exists()  # row 0-21


def test_row_2_43_no_config_is_an_error_in_the_log_and_none(caplog):
    with caplog.at_level(logging.ERROR, logger="nemo"):
        assert exp_manager(quiet_trainer(), None) is None


def test_rows_2_30_and_2_45_checkpoint_callback_takes_its_keys(tmp_path, monkeypatch):
    monkeypatch.delenv("NEMO_EXPM_VERSION", raising=False)
    trainer = quiet_trainer()
    parameters = {"monitor": "val_loss", "save_top_k": 5}
    exp_manager(trainer, {"exp_dir": str(tmp_path), "checkpoint_callback_params": parameters})
    assert trainer.checkpoint_callback.save_top_k == 5 and trainer.checkpoint_callback.monitor == "val_loss"
    with pytest.raises(Exception, match="save_top_q"):
        exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), "checkpoint_callback_params": {"save_top_q": 5}})


def test_row_2_46_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.delenv("NEMO_EXPM_VERSION", raising=False)
    config = {"exp_dir": str(tmp_path), "name": "run", "version": "v1", "resume_if_exists": True,
              "resume_ignore_no_checkpoint": True}  # fmt: skip
    steps, found = [], []
    for epochs in (1, 3):
        trainer = quiet_trainer(max_epochs=epochs)
        exp_manager(trainer, dict(config))
        found.append(trainer.ckpt_path)
        trainer.fit(TinyModel(tiny_config(train_ds={}, validation_ds={}), trainer))
        steps.append(trainer.global_step)
    assert steps == [4, 12]
    assert found[0] is None and found[1].endswith("-last.ckpt")


def test_rows_2_39_and_2_40_an_archive_is_a_tar_with_everything(tmp_path):
    (tmp_path / "words.txt").write_text("a b")
    model = TinyModel(tiny_config(vocabulary_file=str(tmp_path / "words.txt")))
    model.save_to(str(tmp_path / "model.nemo"))
    (tmp_path / "words.txt").unlink()
    assert tarfile.is_tarfile(tmp_path / "model.nemo")
    assert TinyModel.restore_from(str(tmp_path / "model.nemo")).words == ["a", "b"]


def test_row_2_41_restore_from_on_an_instance_gives_a_new_one(tmp_path):
    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "model.nemo"))
    assert model.restore_from(str(tmp_path / "model.nemo")) is not model


def test_row_2_42_load_from_checkpoint_works(tmp_path):
    trainer = quiet_trainer()
    model = TinyModel(tiny_config(train_ds={}), trainer)
    trainer.fit(model)
    trainer.save_checkpoint(tmp_path / "m.ckpt")
    assert torch.equal(TinyModel.load_from_checkpoint(str(tmp_path / "m.ckpt")).encoder.weight, model.encoder.weight)


def test_rows_0_18_inference_script_reads_and_writes_files(tmp_path, manifest):
    section = OmegaConf.load(REPOSITORY / "examples/asr/conf/quartznet/quartznet_5x5.yaml").model
    section.encoder.jasper, section.decoder.feat_in = [TINY_BLOCK], 16
    for name in ("train_ds", "validation_ds", "test_ds"):
        section.pop(name, None)
    nemo_asr.models.EncDecCTCModel(section).save_to(str(tmp_path / "tiny.nemo"))
    done = subprocess.run(
        [
            sys.executable, str(REPOSITORY / "examples/asr/transcribe_speech.py"), f"model_path={tmp_path}/tiny.nemo",
            f"audio_dir={tmp_path}", f"output_filename={tmp_path}/out.json", "cuda=-1",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert len((tmp_path / "out.json").read_text().splitlines()) == 4


def test_row_0_19_a_tokenizer_is_trained_from_a_manifest(tmp_path, manifest):
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 20)
    done = subprocess.run(
        [
            sys.executable, str(REPOSITORY / "scripts/tokenizers/process_asr_text_tokenizer.py"), f"--data_file={text}",
            f"--data_root={tmp_path}/tok", "--vocab_size=40", "--tokenizer=spe", "--spe_type=bpe",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "tok" / "tokenizer_spe_bpe_v40" / "tokenizer.model").exists()


def test_row_2_3_every_model_class_has_a_script_and_a_config():
    scripts = "".join(path.read_text() for path in (REPOSITORY / "examples" / "asr" / "asr_ctc").glob("*.py"))
    for name in ("EncDecCTCModel", "EncDecCTCModelBPE"):
        assert f"{name}(cfg=cfg.model, trainer=trainer)" in scripts
    assert list((REPOSITORY / "examples" / "asr" / "conf").glob("*/*.yaml"))


def test_row_2_4_mixed_precision_and_early_stopping(tmp_path, monkeypatch):
    monkeypatch.delenv("NEMO_EXPM_VERSION", raising=False)
    trainer = quiet_trainer(precision="bf16-mixed", max_epochs=20)
    stopping = {"monitor": "val_loss", "patience": 1, "min_delta": 1e9}
    config = {"create_early_stopping_callback": True, "early_stopping_callback_params": stopping}
    exp_manager(trainer, {"exp_dir": str(tmp_path), "create_checkpoint_callback": False, **config})
    trainer.fit(TinyModel(tiny_config(train_ds={}, validation_ds={}), trainer))
    assert trainer.current_epoch == 2


@pytest.mark.parametrize("always", [False, True])
def test_row_0_21_nemo_files_at_the_end_or_throughout(tmp_path, monkeypatch, always):
    monkeypatch.delenv("NEMO_EXPM_VERSION", raising=False)
    seen = []

    class Watcher(pl.Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            seen.append(bool(list(tmp_path.rglob("*.nemo"))))

    trainer = quiet_trainer(max_epochs=3, callbacks=[Watcher()])
    parameters = {"always_save_nemo": always, "save_best_model": True}
    exp_manager(trainer, {"exp_dir": str(tmp_path), "checkpoint_callback_params": parameters})
    trainer.fit(TinyModel(tiny_config(train_ds={}, validation_ds={}), trainer))
    assert seen[-1] is always
    assert list(tmp_path.rglob("*.nemo"))
