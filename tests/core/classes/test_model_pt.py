import dataclasses

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from nemo.core import FileIO, ModelPT, NeuralModule, Serialization, Typing
from nemo.utils.app_state import AppState
from nemo.utils.exceptions import ConfigError, NeMoBaseException
from tests.core.tiny import TinyModel, WiderTinyModel, tiny_config


def trainer(**more):
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return pl.Trainer(accelerator="cpu", devices=1, **{"max_epochs": 1, **quiet, **more})


def test_class_graph_is_the_originals():
    assert issubclass(ModelPT, (pl.LightningModule)) and issubclass(ModelPT, (Typing)) and issubclass(ModelPT, FileIO)
    assert issubclass(NeuralModule, Serialization) and not issubclass(NeuralModule, ModelPT)
    assert not issubclass(ModelPT, NeuralModule)


def test_whole_config_is_refused():
    with pytest.raises(ValueError, match="cfg=cfg.model"):
        TinyModel(OmegaConf.create({"model": {"width": 3}}))


def test_wrong_trainer_is_refused():
    with pytest.raises(ValueError, match="Trainer"):
        TinyModel(tiny_config(), trainer="cpu")


@dataclasses.dataclass
class TinyConfig:
    width: int = 5


@pytest.mark.parametrize("config", [{"width": 5}, TinyConfig(), OmegaConf.create({"width": 5})])
def test_config_may_be_dict_dataclass_or_dictconfig(config):
    assert TinyModel(config).encoder.out_features == 5


def test_interpolation_into_the_whole_config_is_resolved():
    whole = OmegaConf.create({"model": {"width": "${sizes.small}"}, "sizes": {"small": 7}})
    assert TinyModel(whole.model).encoder.out_features == 7


def test_users_config_is_not_changed():
    config = tiny_config(train_ds={"seed": 1})
    before = OmegaConf.to_container(config)
    TinyModel(config).setup_optimization()
    assert OmegaConf.to_container(config) == before


def test_trains_validates_and_logs():
    model = TinyModel(tiny_config(train_ds={"seed": 1}, validation_ds={"seed": 2}), t := trainer(max_epochs=30))
    t.fit(model)
    assert float(t.callback_metrics["val_loss"]) < 0.05
    assert "train_loss" in t.callback_metrics
    assert model._optimizer.param_groups[0]["lr"] == 0.1


def test_several_validation_sets_give_plain_and_prefixed_metrics():
    sets = [{"name": "easy", "scale": 1.0}, {"name": "hard", "scale": 3.0}]
    config = tiny_config(train_ds={}, validation_ds={"ds_item": sets, "seed": 5, "val_dl_idx": 1})
    t = trainer()
    t.fit(TinyModel(config, t))
    metrics = {name: float(value) for name, value in t.callback_metrics.items()}
    assert metrics["hard_val_loss"] == metrics["val_loss"] != metrics["easy_val_loss"]


def test_validation_sets_listed_by_path_are_named_after_their_files(tmp_path):
    for name in ("dev-clean_manifest.json", "dev-other.json"):
        (tmp_path / name).write_text("{}")
    paths = [str(tmp_path / "dev-clean_manifest.json"), str(tmp_path / "dev-other.json")]
    model = TinyModel(tiny_config(validation_ds={"manifest_filepath": paths}))
    assert model._validation_names == ["dev_clean_", "dev_other_"]
    assert len(model.val_dataloader()) == 2
    assert model.validation_step_outputs == [[], []]
    assert model.cfg.validation_ds.manifest_filepath == paths


def test_test_sets_are_like_validation_sets():
    t = trainer()
    model = TinyModel(tiny_config(test_ds={"ds_item": [{"name": "a"}, {"name": "b", "scale": 2.0}]}), t)
    assert model.prepare_test(t)
    t.test(model, verbose=False)
    assert {"test_loss", "a_test_loss", "b_test_loss"} <= set(t.callback_metrics)


def test_no_test_section_means_no_test():
    assert not TinyModel(tiny_config()).prepare_test(trainer())


def test_absent_loaders():
    model = TinyModel(tiny_config(train_ds=None))
    assert model.train_dataloader() is None
    assert model.val_dataloader() == [] and model.test_dataloader() == []


def test_deferred_section_is_built_when_needed():
    t = trainer()
    model = TinyModel(tiny_config(train_ds={"defer_setup": True}), t)
    assert model._train_dl is None
    t.fit(model)
    assert model._train_dl is not None


def test_schedule_learns_the_length_of_training_from_the_trainer():
    sched = {"name": "CosineAnnealing", "min_lr": 0.0}
    config = tiny_config(train_ds={"batch_size": 4}, optim={"name": "sgd", "lr": 0.1, "sched": sched})
    model = TinyModel(config, trainer(max_epochs=3))
    _, schedule = model.setup_optimization()
    assert schedule["scheduler"].max_steps == 12  # 16 samples / 4, three epochs
    model.set_trainer(trainer(max_steps=7, max_epochs=-1))
    _, schedule = model.setup_optimization()
    assert schedule["scheduler"].max_steps == 7


def test_optimizer_arguments_come_from_args_or_beside_the_name():
    optim = {"name": "adamw", "lr": 0.01, "args": {"name": "auto", "params": {"betas": [0.8, 0.5]}}}
    optimizer, schedule = TinyModel(tiny_config(optim=optim)).setup_optimization()
    assert type(optimizer) is torch.optim.AdamW
    assert list(optimizer.param_groups[0]["betas"]) == [0.8, 0.5]
    assert schedule is None
    optimizer, _ = TinyModel(tiny_config(optim={"name": "adamw", "lr": 0.01, "weight_decay": 0.3})).setup_optimization()
    assert optimizer.param_groups[0]["weight_decay"] == 0.3


def test_optimizer_of_any_class():
    optim = {"_target_": "torch.optim.Adagrad", "lr": 0.5}
    assert type(TinyModel(tiny_config(optim=optim)).setup_optimization()[0]) is torch.optim.Adagrad


@pytest.mark.parametrize(
    ("optim", "message"),
    [
        ({"name": "sgd", "lr": "???"}, "model.optim.lr"),
        ({"name": "sgd", "lr": 0.1, "momentun": 0.9}, "momentun"),
        ({"name": "sdg", "lr": 0.1}, "sdg"),
        ({"name": "sgd", "lr": 0.1, "sched": {"min_lr": 0}}, "sched"),
    ],
)
def test_faults_of_the_optim_section_are_named(optim, message):
    with pytest.raises(ValueError, match=message):
        TinyModel(tiny_config(optim=optim)).setup_optimization()


def test_model_without_optim_section_has_no_optimizer():
    assert TinyModel({"width": 2}).setup_optimization() is None


def test_parameter_groups_by_module():
    config = tiny_config(optim_param_groups={"encoder": {"lr": 0.001}})
    optimizer, _ = TinyModel(config).setup_optimization()
    sizes = [(sum(p.numel() for p in group["params"]), group["lr"]) for group in optimizer.param_groups]
    assert sizes == [(4, 0.1), (15, 0.001)]
    with pytest.raises(ValueError, match="encodr"):
        TinyModel(tiny_config(optim_param_groups={"encodr": {"lr": 0.001}})).setup_optimization()


def test_parameter_group_of_a_module_leaves_out_those_whose_names_begin_alike(caplog):
    model = TinyModel(tiny_config(optim_param_groups={"encoder": {"lr": 0.001, "momentum": 0.5}}))
    model.encoder2 = torch.nn.Linear(2, 1)
    with caplog.at_level("INFO", logger="nemo"):
        optimizer, _ = model.setup_optimization()
    groups = [
        (sum(p.numel() for p in group["params"]), group["lr"], group["momentum"]) for group in optimizer.param_groups
    ]
    assert groups == [(7, 0.1, 0), (15, 0.001, 0.5)]
    assert "the original takes encoder2 along" in caplog.text


def test_unknown_key_of_a_parameter_group_is_named():
    model = TinyModel(tiny_config(optim_param_groups={"encoder": {"lrr": 0.001}}))
    with pytest.raises(ValueError, match="optim_param_groups.encoder has lrr, which sgd does not take"):
        model.setup_optimization()


def test_world_size_is_known_to_the_process():
    model = TinyModel(tiny_config(), trainer(num_nodes=3))
    assert model.world_size == AppState().world_size == 3
    model.set_trainer(None)
    assert model.world_size == AppState().world_size == 1


def test_submodules_get_the_guid_and_nested_models_keep_theirs():
    model, nested = TinyModel(tiny_config()), TinyModel(tiny_config())
    model.register_nemo_submodule("inner", "inner", nested)
    model.propagate_model_guid()
    assert model.encoder.model_guid == model.model_guid != nested.model_guid
    assert not hasattr(nested.encoder, "model_guid")


def test_users_callbacks_come_beside_those_of_the_config():
    class WithCallback(TinyModel):
        def configure_callbacks(self):
            return [*super().configure_callbacks(), pl.Callback()]

    assert len(WithCallback(tiny_config()).configure_callbacks()) == 2


def test_artifact_rules(tmp_path):
    model = TinyModel(tiny_config())
    assert model.register_artifact("a", None) is None and model.register_artifact("a", "") == ""
    with pytest.raises(NeMoBaseException, match="register_nemo_submodule"):
        model.register_artifact("a", "x.nemo")
    with pytest.raises(FileNotFoundError, match="missing.txt"):
        model.register_artifact("a", "missing.txt")
    (tmp_path / "w.txt").write_text("w")
    assert model.register_artifact("a.b", str(tmp_path / "w.txt")) == str(tmp_path / "w.txt")
    assert model.cfg.a.b == str(tmp_path / "w.txt") and model.has_artifacts()


def test_update_dataset_config_refuses_other_names():
    with pytest.raises(ValueError, match="dev"):
        TinyModel(tiny_config())._update_dataset_config("dev", {})


def test_setting_cfg_updates_hparams():
    model = TinyModel(tiny_config())
    model.cfg = OmegaConf.create({"width": 9})
    assert model.hparams.cfg.width == 9


def test_connector_of_one_class_does_not_touch_another():
    class Special(TinyModel):
        pass

    Special._save_restore_connector.model_config_yaml = "other.yaml"
    assert TinyModel._save_restore_connector.model_config_yaml == "model_config.yaml"
    assert WiderTinyModel._save_restore_connector.model_config_yaml == "model_config.yaml"


def test_summary_and_sizes():
    model = TinyModel(tiny_config())
    model.encoder.requires_grad_(False)
    assert model.num_weights == 4
    assert "encoder" in str(model.summarize())


def test_the_config_is_in_the_hparams_file_of_a_run(tmp_path):
    from pytorch_lightning.loggers import TensorBoardLogger

    logger = TensorBoardLogger(save_dir=tmp_path, name="", version="")
    t = trainer(logger=logger, log_every_n_steps=1)
    t.fit(TinyModel(tiny_config(train_ds={"seed": 1}), t))
    assert OmegaConf.load(tmp_path / "hparams.yaml").cfg.optim == {"name": "sgd", "lr": 0.1}


def test_class_that_cannot_be_imported_is_the_error_not_the_abstract_base():
    with pytest.raises(
        ConfigError, match=r"target 'no_such.package.Model' cannot be imported.*ModelPT is only"
    ) as caught:
        ModelPT.from_config_dict({"target": "no_such.package.Model", "width": 3})
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_restoring_through_the_base_shows_why_the_model_could_not_be_built(tmp_path):
    TinyModel(tiny_config()).save_to(str(tmp_path / "model.nemo"))
    broken = tiny_config(target="tests.core.tiny.TinyModel", width="wide")
    with pytest.raises(TypeError, match="str") as caught:
        ModelPT.restore_from(str(tmp_path / "model.nemo"), override_config_path=broken)
    assert any(entry.name == "__init__" and entry.path.name == "tiny.py" for entry in caught.traceback)
