"""Rows 2-6 to 2-15 of the seed documents: the story of text classification, as it is written there."""

import pytest
import pytorch_lightning as pl
import torch
from nemo.collections.nlp.modules.common import SequenceClassifier
from nemo.collections.nlp.modules.common.lm_utils import get_lm_model
from omegaconf import DictConfig
from pytorch_lightning import Trainer

import nemo.collections.nlp as nemo_nlp
from nemo.collections.common.losses import CrossEntropyLoss
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.core.classes.exportable import Exportable
from nemo.core.config.hydra_runner import hydra_runner
from tests.collections.nlp import tiny_classifier as tiny


class TextClassificationModel(NLPModel, Exportable):
    """The model of the document; what it leaves out with `...` is below the line."""

    def __init__(self, cfg: DictConfig, trainer: Trainer = None):
        """Initializes the BERTTextClassifier model."""
        super().__init__(cfg=cfg, trainer=trainer)

        # instantiate a BERT based encoder
        self.bert_model = get_lm_model(
            pretrained_model_name=cfg.language_model.pretrained_model_name,
            config_file=cfg.language_model.config_file,
            config_dict=cfg.language_model.config,
            checkpoint_file=cfg.language_model.lm_checkpoint,
            vocab_file=cfg.tokenizer.vocab_file,
        )

        # instantiate the FFN for classification
        self.classifier = SequenceClassifier(
            hidden_size=self.bert_model.config.hidden_size,
            num_classes=cfg.dataset.num_classes,
            num_layers=cfg.classifier_head.num_output_layers,
            activation="relu",
            log_softmax=False,
            dropout=cfg.classifier_head.fc_dropout,
            use_transformer_init=True,
            idx_conditioned_on=0,
        )
        # ---
        self.loss = CrossEntropyLoss()
        self.classification_report = ClassificationReport(num_classes=cfg.dataset.num_classes)

    def forward(self, input_ids, token_type_ids, attention_mask):
        """
        No special modification required for Lightning, define it as you normally would
        in the `nn.Module` in vanilla PyTorch.
        """
        hidden_states = self.bert_model(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        )
        logits = self.classifier(hidden_states=hidden_states)
        return logits  # noqa: RET504 - as the document has it

    def training_step(self, batch, batch_idx):
        # forward pass
        input_ids, input_type_ids, input_mask, labels = batch
        logits = self.forward(input_ids=input_ids, token_type_ids=input_type_ids, attention_mask=input_mask)

        train_loss = self.loss(logits=logits, labels=labels)

        lr = self._optimizer.param_groups[0]["lr"]

        self.log("train_loss", train_loss)
        self.log("lr", lr, prog_bar=True)

        return {
            "loss": train_loss,
            "lr": lr,
        }

    def validation_step(self, batch, batch_idx):
        prefix = "test" if self.testing else "val"

        input_ids, input_type_ids, input_mask, labels = batch
        logits = self.forward(input_ids=input_ids, token_type_ids=input_type_ids, attention_mask=input_mask)

        val_loss = self.loss(logits=logits, labels=labels)

        preds = torch.argmax(logits, axis=-1)

        tp, fn, fp, _ = self.classification_report(preds, labels)

        self.seen_prefixes = [*getattr(self, "seen_prefixes", []), prefix]
        return {"val_loss": val_loss, "tp": tp, "fn": fn, "fp": fp}

    # ---

    def multi_validation_epoch_end(self, outputs, dataloader_idx=0):
        return {"log": {"val_loss": torch.stack([output["val_loss"] for output in outputs]).mean()}}

    def multi_test_epoch_end(self, outputs, dataloader_idx=0):
        return {"log": {"test_loss": torch.stack([output["val_loss"] for output in outputs]).mean()}}

    def _loader(self, cfg):
        dataset = nemo_nlp.data.TextClassificationDataset(self.tokenizer, cfg.file_path)
        return torch.utils.data.DataLoader(dataset, batch_size=cfg.batch_size, collate_fn=dataset.collate_fn)

    def setup_training_data(self, train_data_config):
        self._train_dl = self._loader(train_data_config)

    def setup_validation_data(self, val_data_config):
        self._validation_dl = self._loader(val_data_config)

    def setup_test_data(self, test_data_config):
        self._test_dl = self._loader(test_data_config)


OURS = nemo_nlp.models.TextClassificationModel
BOTH = pytest.mark.parametrize("model_class", [TextClassificationModel, OURS], ids=["document", "ours"])


class Watcher(pl.Callback):
    """A user's callback."""

    def __init__(self):
        self.events = []

    def on_train_start(self, trainer, pl_module):
        self.events.append("train")

    def on_test_start(self, trainer, pl_module):
        self.events.append("test")


def quiet_trainer(**more):
    return pl.Trainer(**{
        "accelerator": "cpu", "devices": 1, "max_epochs": 1, "log_every_n_steps": 1, "logger": False,
        "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False,
        "num_sanity_val_steps": 0, **more,
    })  # fmt: skip


@BOTH
def test_row_2_6_the_model_is_an_nlp_model_and_exportable(model_class, tmp_path):
    assert issubclass(model_class, NLPModel)
    assert issubclass(model_class, Exportable)
    assert issubclass(model_class, pl.LightningModule)
    assert isinstance(model_class(tiny.config(tmp_path), trainer=None), torch.nn.Module)


def test_row_2_7_get_lm_model_has_both_signatures(tmp_path):
    cfg = tiny.config(tmp_path, with_data=False)
    section = cfg.language_model
    first = get_lm_model(
        pretrained_model_name=section.pretrained_model_name, config_file=None, config_dict=section.config,
        checkpoint_file=None, vocab_file=cfg.tokenizer.vocab_file,
    )  # fmt: skip
    second = get_lm_model(
        config_dict=section.config, config_file=None, vocab_file=cfg.tokenizer.vocab_file, trainer=None, cfg=cfg
    )
    assert first.state_dict().keys() == second.state_dict().keys()


def test_row_2_8_the_config_keys_are_read(tmp_path):
    cfg = tiny.config(tmp_path, with_data=False)
    model = OURS(cfg)
    torch.save(model.bert_model.state_dict(), tmp_path / "encoder.pt")
    cfg.language_model.lm_checkpoint = str(tmp_path / "encoder.pt")
    cfg.dataset.num_classes, cfg.classifier_head.num_output_layers, cfg.classifier_head.fc_dropout = 5, 3, 0.25
    built = OURS(cfg)
    weights = built.bert_model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in model.bert_model.state_dict().items())
    assert built.classifier.mlp.layer4.weight.shape == (5, 16)
    assert built.classifier.dropout.p == 0.25
    assert built.hidden_size == 16


def test_row_2_9_the_sequence_classifier():
    head = SequenceClassifier(
        hidden_size=8, num_classes=3, num_layers=2, activation="relu", log_softmax=False, dropout=0.1,
        use_transformer_init=True, idx_conditioned_on=0,
    )  # fmt: skip
    assert head(hidden_states=torch.randn(2, 7, 8)).shape == (2, 3)


@BOTH
def test_row_2_10_forward_gives_logits(model_class, tmp_path):
    model = model_class(tiny.config(tmp_path))
    ids = torch.randint(5, 19, (2, 6))
    logits = model.forward(input_ids=ids, token_type_ids=torch.zeros_like(ids), attention_mask=torch.ones_like(ids))
    assert logits.shape == (2, 3)


@BOTH
def test_row_2_11_the_training_step_logs_loss_and_learning_rate(model_class, tmp_path):
    trainer = quiet_trainer(max_steps=1)
    model = model_class(tiny.config(tmp_path), trainer)
    trainer.fit(model)
    assert trainer.logged_metrics["lr"] == pytest.approx(0.01)
    assert trainer.progress_bar_metrics["lr"] == pytest.approx(0.01)
    assert torch.isfinite(trainer.logged_metrics["train_loss"])
    assert isinstance(model._optimizer, torch.optim.Adam)


@BOTH
def test_row_2_12_the_validation_step_gives_loss_and_counts(model_class, tmp_path):
    model = model_class(tiny.config(tmp_path), quiet_trainer())
    batch = next(iter(model._validation_dl))
    results = model.validation_step(batch, 0)
    assert set(results) == {"val_loss", "tp", "fn", "fp"}
    assert int((results["tp"] + results["fn"]).sum()) == len(batch[3])
    assert model.testing is False


@BOTH
def test_rows_2_13_and_2_14_fit_and_test_run_with_a_callback(model_class, tmp_path):
    watcher = Watcher()
    trainer = quiet_trainer(callbacks=[watcher])
    model = model_class(tiny.config(tmp_path), trainer=trainer)
    trainer.fit(model)
    assert torch.isfinite(trainer.callback_metrics["val_loss"])
    trainer.test(model=model, verbose=False)
    assert torch.isfinite(trainer.callback_metrics["test_loss"])
    assert watcher.events == ["train", "test"]
    if model_class is TextClassificationModel:
        assert model.seen_prefixes == ["val", "val", "test", "test"]


def test_row_2_15_gpus_of_old_configs_become_devices(tmp_path, monkeypatch):
    config = tmp_path / "conf" / "text.yaml"
    config.parent.mkdir()
    config.write_text("trainer: {gpus: 1, max_epochs: 1}\nmodel: {}\n")
    seen = []

    @hydra_runner(config_path=str(config.parent), config_name="text")
    def main(cfg: DictConfig) -> None:
        seen.append(pl.Trainer(**cfg.trainer, logger=False, enable_checkpointing=False))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py", "trainer.gpus=0"])
    main()
    assert type(seen[0].accelerator).__name__ == "CPUAccelerator"
