"""A tiny model for the snippets."""

import pytest
import yaml
from omegaconf import OmegaConf

from nemo.constants import NEMO_ENV_VARNAME_VERSION
from nemo.utils import logging
from nemo.utils.exp_manager import directories, log_files
from tests.docs.documents import ROOT


@pytest.fixture(autouse=True)
def _close_log_files(monkeypatch):
    """A snippet that runs the experiment manager leaves no log files open and no version behind."""
    monkeypatch.setenv(NEMO_ENV_VARNAME_VERSION, "")
    yield
    logging.remove_file_handlers()
    log_files.close_lightning_files()
    directories._exported_here.clear()


@pytest.fixture(scope="session")
def tiny_archive(tmp_path_factory):
    """The demo's recipe at toy size, untrained, saved."""
    from nemo.collections.asr.models import EncDecCTCModel

    config = yaml.safe_load((ROOT / "examples/asr/conf/demo/ctc_small_8khz.yaml").read_text(encoding="utf-8"))
    model = OmegaConf.to_container(OmegaConf.create(config), resolve=False)["model"]
    root = OmegaConf.create({**config, "model": model})
    for part in ("train_ds", "validation_ds"):
        root.model.pop(part)
    root.model.encoder.jasper = root.model.encoder.jasper[:1]
    root.model.encoder.jasper[0].filters = root.model.decoder.feat_in = 16
    resolved = OmegaConf.create(OmegaConf.to_container(root, resolve=True))
    archive = tmp_path_factory.mktemp("model") / "model.nemo"
    EncDecCTCModel(cfg=resolved.model).save_to(str(archive))
    return archive


@pytest.fixture(scope="session")
def streaming_archive(tmp_path_factory):
    """A small model that reads streams."""
    from tests.collections.asr.inference.streaming_models import conformer

    archive = tmp_path_factory.mktemp("model") / "streaming.nemo"
    conformer().save_to(str(archive))
    return archive


@pytest.fixture(scope="session")
def voices(tmp_path_factory):
    """A folder with tiny models that speak: fastpitch.nemo, hifigan.nemo, vits.nemo."""
    from tests.collections.tts.inference import models

    folder = tmp_path_factory.mktemp("voices")
    models.fastpitch(pitch_mean=200.0, pitch_std=50.0).save_to(str(folder / "fastpitch.nemo"))
    models.hifigan().save_to(str(folder / "hifigan.nemo"))
    models.vits().save_to(str(folder / "vits.nemo"))
    return folder
