"""Lightning checkpoints that try to do harm: in the pickle, in the hyper-parameters, in their class names."""

from __future__ import annotations

import copy
import io
import os
import pickle

import torch
from omegaconf import DictConfig, OmegaConf

from tests.security import archives, samples_pickle
from tests.security.samples_config import ALLOWED_LOOKING, DIRECT, INDIRECT, TRICKS


class _Touch:
    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def content(**config) -> dict:
    """A checkpoint that loads, but for what is put into its config."""
    state = torch.load(io.BytesIO(archives.weights()), weights_only=True)
    return {
        "state_dict": state,
        "epoch": 0,
        "global_step": 1,
        "pytorch-lightning_version": "2.6.6",
        "hyper_parameters": {"cfg": {**copy.deepcopy(archives.CONFIG), **config}},
    }


def _changed(change):
    def make(path, canary):
        checkpoint = content()
        change(checkpoint, canary)
        torch.save(checkpoint, path)

    return make


def _put(*keys):
    """Puts an object that runs code at a place of the checkpoint."""

    def change(checkpoint, canary):
        for key in keys[:-1]:
            checkpoint = checkpoint.setdefault(key, {})
        checkpoint[keys[-1]] = _Touch(canary)

    return _changed(change)


def _hyper_parameters(**values):
    return _changed(lambda checkpoint, canary: checkpoint["hyper_parameters"].update(values))


def _config_of(sample):
    """The config of a malicious archive, as hyper-parameters of a checkpoint."""

    def make(path, canary):
        import tarfile

        import yaml

        sample(path, canary)
        with tarfile.open(path) as tar:
            config = yaml.safe_load(tar.extractfile("./model_config.yaml").read())
        checkpoint = content()
        checkpoint["hyper_parameters"]["cfg"] = config
        torch.save(checkpoint, path)

    return make


def _omegaconf(**values):
    """As the original writes them: the config is an object of OmegaConf."""

    def change(checkpoint, canary):
        checkpoint["hyper_parameters"]["cfg"] = OmegaConf.create({**archives.CONFIG, **values})
        checkpoint["hparams_type"] = DictConfig

    return _changed(change)


def _omegaconf_gadget(path, canary):
    config = OmegaConf.create({"a": 1})
    config.__dict__["_metadata"].resolver_cache["x"] = _Touch(canary)
    _changed(lambda checkpoint, _: checkpoint["hyper_parameters"].update(cfg=config))(path, canary)


def _pickle(name):
    def make(path, canary):
        import tarfile

        samples_pickle.PICKLES[name](path, canary)
        with tarfile.open(path) as tar:
            data = tar.extractfile("./model_weights.ckpt").read()
        path.write_bytes(data)

    return make


def _legacy(path, canary):
    torch.save({**content(), "x": _Touch(canary)}, path, _use_new_zipfile_serialization=False)


def _bare(path, canary):
    path.write_bytes(pickle.dumps({**content(), "x": _Touch(canary)}))


_NESTED = {"part": {"_instantiator": "os.makedirs"}}

CHECKPOINTS = {
    "instantiator": _hyper_parameters(_instantiator="os.makedirs"),
    "instantiator_of_lightning": _hyper_parameters(_instantiator="pytorch_lightning.cli.instantiate_module"),
    "instantiator_deeper": _hyper_parameters(cfg=_NESTED),
    "instantiator_in_omegaconf": _omegaconf(**_NESTED),
    "object_at_the_top": _put("callbacks"),
    "object_in_the_state": _put("state_dict", "part.weight"),
    "object_in_the_callbacks": _put("callbacks", "ModelCheckpoint"),
    "object_in_the_loops": _put("loops", "fit_loop", "state_dict"),
    "object_in_the_optimizer": _put("optimizer_states", "0"),
    "object_in_the_config": _put("hyper_parameters", "cfg", "part"),
    "object_in_omegaconf": _omegaconf_gadget,
    "omegaconf_target": _omegaconf(part={"_target_": "os.system", "command": "true"}),
    "omegaconf_interpolated": _omegaconf(a="os", part={"_target_": "${a}.getcwd"}),
    "omegaconf_resolver": _omegaconf(a="${oc.env:HOME}"),
    "omegaconf_partial": _omegaconf(part={"_target_": "torch.nn.Linear", "_partial_": True}),
    "legacy_torch": _legacy,
    "bare_pickle": _bare,
    **{
        f"pickle_{name}": _pickle(name)
        for name in ("eval", "posix_system", "getattr_chain", "inst_opcode", "torchscript")
    },
    **{f"config_{name}": _config_of(DIRECT[name]) for name in ("os_makedirs", "open", "subprocess")},
    **{f"config_{name}": _config_of(INDIRECT[name]) for name in ("torch_os", "nemo_file_os", "hydra_instantiate")},
    **{
        f"config_{name}": _config_of(TRICKS[name])
        for name in ("interpolated_name", "name_in_two_pieces", "environment", "built_interpolation", "key_cls")
    },
    **{f"config_{name}": _config_of(ALLOWED_LOOKING[name]) for name in ("torch_load", "file_handler")},
}
