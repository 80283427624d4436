"""MatchboxNet learns spoken digits and wake words of real speakers."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
from omegaconf import OmegaConf

from nemo.collections.asr.models import EncDecClassificationModel
from tests.collections.asr.models.test_ctc import trainer

RECIPE = Path(__file__).parents[4] / "examples/asr/conf/matchboxnet/matchboxnet_3x1x64_v1.yaml"


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(("name", "epochs", "least"), [("digits_fsdd", 20, 0.97), ("commands_wakeword", 30, 0.9)])
def test_words_of_the_dev_set_are_recognised(data_folder, name, epochs, least):
    pl.seed_everything(0)
    config = OmegaConf.load(RECIPE).model
    OmegaConf.set_struct(config, False)
    config.labels, config.test_ds = None, None
    for part, manifest in (("train_ds", "train.json"), ("validation_ds", "dev.json")):
        config[part] = {"manifest_filepath": str(data_folder / name / manifest), "batch_size": 16, "sample_rate": 16000}
    config.train_ds.shuffle = True
    schedule = {"name": "CosineAnnealing", "warmup_steps": 20, "min_lr": 1e-5}
    config.optim = {"name": "adamw", "lr": 0.003, "weight_decay": 0.001, "sched": schedule}
    fitting = trainer(max_steps=-1, max_epochs=epochs, check_val_every_n_epoch=epochs, num_sanity_val_steps=0)
    model = EncDecClassificationModel(cfg=config, trainer=fitting)
    fitting.fit(model)
    assert fitting.callback_metrics["val_acc_macro"] >= least
