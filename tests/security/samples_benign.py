"""Archives and checkpoints as releases write them, in all the forms that have been seen; each of them must load."""

from __future__ import annotations

import argparse
import gzip
import io
import pathlib
import tarfile
import zipfile

import pytorch_lightning
import torch
import yaml
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import save as save_safetensors

from tests.core.tiny import TinyModel
from tests.security import archives as build


class Holder(TinyModel):
    """Holds tensors of the types and shapes that its config lists."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        for name, (dtype, shape) in self.cfg.get("tensors", {}).items():
            self.register_buffer(name, torch.zeros(tuple(shape), dtype=getattr(torch, dtype)))


def state() -> dict[str, torch.Tensor]:
    return torch.load(io.BytesIO(build.weights()), weights_only=True)


def saved(content, **options) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def with_versions():
    model = torch.nn.ModuleDict({"encoder": torch.nn.Linear(4, 3), "decoder": torch.nn.Linear(3, 1)})
    model["part"] = torch.nn.Linear(4, 2)
    return model.state_dict()


def members(config=None, weights=None, *more):
    """The members of an archive of ModelWithPart, config and weights replaced where given."""
    result = build.benign_members()
    if config is not None:
        result[1] = build.member("./model_config.yaml", config)
    if weights is not None:
        result[2] = build.member("./model_weights.ckpt", weights)
    return [*result, *more]


def tar(*arguments, form=tarfile.PAX_FORMAT):
    return lambda path: path.write_bytes(build.tar_bytes(members(*arguments), form))


def config(**changes):
    return lambda path: path.write_bytes(build.tar_bytes(members(build.config_text(**changes))))


def text(change):
    return lambda path: path.write_bytes(build.tar_bytes(members(change(build.config_text()))))


def words(name, content=b"secret words", value=None):
    """An artifact, and a config that names it."""
    named = build.config_text(words_file=f"nemo:{name}" if value is None else value)
    return lambda path: path.write_bytes(
        build.tar_bytes([*members(yaml.safe_dump(yaml.safe_load(named), allow_unicode=True).encode()),
                         build.member(f"./{name}", content)])
    )  # fmt: skip


def holding(**values):
    """A model with further tensors."""

    def make(path, weights=saved):
        tensors = {name: [str(value.dtype).removeprefix("torch."), list(value.shape)] for name, value in values.items()}
        config = {"target": "tests.security.samples_benign.Holder", "width": 3, "tensors": tensors}
        full = {key: value for key, value in state().items() if not key.startswith("part.")} | values
        path.write_bytes(build.tar_bytes(members(yaml.safe_dump(config).encode(), weights(full))))

    return make


def safetensors_of(make):
    return lambda path: make(path, weights=save_safetensors)


def only_safetensors(path):
    parts = members()
    parts[2] = build.member("./model_weights.safetensors", save_safetensors(state()))
    path.write_bytes(build.tar_bytes(parts))


def folder(make):
    def unpack(path):
        make(path.with_suffix(".tar"))
        with tarfile.open(path.with_suffix(".tar")) as archive:
            archive.extractall(path, filter="data")

    return unpack


def renamed_weights(name):
    def make(path):
        parts = members()
        parts[2] = build.member(name, build.weights())
        path.write_bytes(build.tar_bytes(parts))

    return make


def plain_names(path):
    path.write_bytes(build.tar_bytes([build.member(info.name[2:], data) for info, data in members()[1:]]))


def from_a_disk(path):
    """As `tar` packs a folder: times with fractions, owners, modes."""
    parts = members()
    for info, _ in parts:
        info.mtime, info.uid, info.uname, info.gname, info.mode = 1700000000.25, 1000, "anna", "users", 0o777
    path.write_bytes(build.tar_bytes(parts))


def gzipped(level):
    return lambda path: path.write_bytes(gzip.compress(build.tar_bytes(members()), level))


def older_torch(path):
    """Without the records that newer releases of torch add."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(build.weights())) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            if name.endswith(("data.pkl", "version")) or "/data/" in name:
                target.writestr(name, source.read(name))
    path.write_bytes(build.tar_bytes(members(None, file.getvalue())))


def nested_config(levels):
    value = {"end": 1}
    for _ in range(levels):
        value = {"a": value}
    return value


WEIGHT = torch.randn(6, 4)
TRAINING = {
    "train_ds": {"manifest_filepath": "/data/of/the/author/train.json", "batch_size": 8, "shuffle": True},
    "validation_ds": {"manifest_filepath": ["/data/a.json", "/data/b.json"], "batch_size": 8},
    "optim": {"name": "novograd", "lr": 1e-4, "betas": [0.8, 0.5], "sched": {"name": "CosineAnnealing"}},
}

ARCHIVES = {
    "plain": tar(),
    "ustar": tar(form=tarfile.USTAR_FORMAT),
    "gnu": tar(form=tarfile.GNU_FORMAT),
    "from_a_disk": from_a_disk,
    "plain_names": plain_names,
    "gzip": gzipped(9),
    "gzip_stored": gzipped(0),
    "safetensors": only_safetensors,
    "safetensors_under_the_old_name": lambda path: tar(None, save_safetensors(state()))(path),
    "both_kinds_of_weights": lambda path: tar(
        None, None, build.member("./model_weights.safetensors", save_safetensors(state()))
    )(path),
    "folder": folder(tar()),
    "folder_of_safetensors": folder(only_safetensors),
    "folder_with_words": folder(words("0123456789abcdef0123456789abcdef_words.txt")),
    "one_device_of_one": renamed_weights("./mp_rank_00/model_weights.ckpt"),
    "one_stage_of_one": renamed_weights("./tp_rank_00_pp_rank_000/model_weights.ckpt"),
    "words": words("0123456789abcdef0123456789abcdef_words.txt"),
    "words_by_their_bare_name": words("words.txt", value="words.txt"),
    "words_by_the_authors_path": words("words.txt", value="/author/data/words.txt"),
    "words_in_a_folder": words("tokenizer/words.txt", value="nemo:tokenizer/words.txt"),
    "words_empty": words("w.txt", b""),
    "words_of_two_megabytes": words("w.txt", b"word " * 400_000),
    "words_with_a_unicode_name": words("слова_文字_ñ.txt"),
    "words_with_a_space_in_the_name": words("my words (final).txt"),
    "words_with_a_long_name": words("w" * 200 + ".txt"),
    "words_not_there": config(words_file=None),
    "cls_and_params": config(part={"cls": "torch.nn.Linear", "params": {"in_features": 4, "out_features": 2}}),
    "keys_of_a_later_release": config(
        part={"_target_": "torch.nn.Linear", "in_features": 4, "out_features": 2, "flash": True}, brand_new={"a": [1]}
    ),
    "later_release": config(nemo_version="3.0.0"),
    "without_a_release": text(lambda data: data.replace(b"nemo_version: 1.23.0\n", b"")),
    "format_1": config(archive_format=1),
    "training_sections": config(**TRAINING),
    "optimizer_by_target": config(optim={"_target_": "torch.optim.AdamW", "lr": 0.1}),
    "callbacks_and_loggers": config(
        trainer={"callbacks": [{"_target_": "pytorch_lightning.callbacks.EarlyStopping", "monitor": "val_loss"}]}
    ),
    "section_of_a_class_that_is_not_here": config(
        rnnt={"_target_": "nemo.collections.asr.modules.rnnt.RNNTDecoderWithRotation", "normalization_mode": None}
    ),
    "interpolations": config(width="${model_defaults.width}", model_defaults={"width": 3}, name="m-${.width}"),
    "anchors": text(lambda data: data + b"a: &a [1, 2]\nb: *a\nc: {<<: &m {x: 1}, y: 2}\n"),
    "numbers_and_dates": text(lambda data: data + b"lr: 1e-4\nday: 2024-01-31\ntime: 12:30\nyes_: yes\nnan: .nan\n"),
    "unicode_in_the_config": text(lambda data: data + 'labels: ["ä", "文", "\\u00e9", "🙂", "’"]\n'.encode()),
    "windows_line_ends": text(lambda data: data.replace(b"\n", b"\r\n")),
    "byte_order_mark": text(lambda data: b"\xef\xbb\xbf" + data),
    "sixty_levels": config(deep=nested_config(60)),
    "two_thousand_labels": config(labels=[f"word{number}" for number in range(2_000)]),
    "older_torch": older_torch,
    "with_versions_of_modules": lambda path: tar(None, saved(with_versions()))(path),
    "parameters_instead_of_tensors": lambda path: tar(
        None, saved({name: torch.nn.Parameter(value) for name, value in state().items()})
    )(path),
    "transposed_tensors": lambda path: tar(
        None, saved({name: value.t().contiguous().t() for name, value in state().items()})
    )(path),
    "bfloat16": holding(x=WEIGHT.bfloat16()),
    "float16": holding(x=WEIGHT.half()),
    "float64": holding(x=WEIGHT.double()),
    "float8": holding(x=WEIGHT.to(torch.float8_e4m3fn)),
    "integers": holding(x=torch.arange(5), y=torch.arange(5, dtype=torch.int32), z=torch.arange(5, dtype=torch.uint8)),
    "quantised_with_scales": holding(x=torch.randint(-128, 127, (6, 4), dtype=torch.int8), scale=torch.rand(6, 1)),
    "booleans": holding(x=torch.tensor([True, False, True])),
    "complex": holding(x=torch.randn(3, dtype=torch.complex64)),
    "empty_tensor": holding(x=torch.zeros(0, 5)),
    "number": holding(x=torch.tensor(3.5)),
    "not_a_number": holding(x=torch.tensor([float("nan"), float("inf")])),
    "tied": holding(x=WEIGHT, y=WEIGHT),
    "slices_of_one_storage": holding(x=WEIGHT[:3], y=WEIGHT[3:], z=WEIGHT.view(-1)[::2]),
    "repeated_values": holding(x=torch.zeros(1).expand(1000, 100)),
    "bfloat16_safetensors": safetensors_of(holding(x=WEIGHT.bfloat16(), y=torch.arange(3), z=torch.zeros(0))),
}
"""Name -> a function that writes the archive to a path."""


def checkpoint(**changes):
    content = {
        "state_dict": state(),
        "epoch": 3,
        "global_step": 100,
        "pytorch-lightning_version": "2.0.7",
        "hyper_parameters": {"cfg": dict(build.CONFIG)},
    }
    return lambda path: torch.save({**content, **changes}, path)


CHECKPOINTS = {
    "plain": checkpoint(),
    "config_of_omegaconf": checkpoint(
        hyper_parameters={"cfg": OmegaConf.create(build.CONFIG)}, hparams_type=DictConfig, hparams_name="cfg"
    ),
    "config_of_omegaconf_with_interpolations": checkpoint(
        hyper_parameters=OmegaConf.create({"cfg": {**build.CONFIG, "a": "${cfg.part.in_features}"}}),
        hparams_type=DictConfig,
    ),
    "namespace": checkpoint(hyper_parameters={"cfg": argparse.Namespace(**build.CONFIG)}),
    "paths": checkpoint(callbacks={"ModelCheckpoint": {"dirpath": pathlib.PurePosixPath("/a/b"), "best": None}}),
    "optimizer_and_loops": checkpoint(
        optimizer_states=[
            {"state": {0: {"step": torch.tensor(1.0), "exp_avg": WEIGHT}}, "param_groups": [{"lr": 0.1}]}
        ],
        loops={"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 1}}}},
        lr_schedulers=[{"base_lrs": [0.1], "last_epoch": 5}],
    ),
    "sets_and_bytes": checkpoint(more={"a": {1, 2}, "b": b"\0\1", "c": (1, 2.5, None, True, 1j)}),
    "class_as_a_key": checkpoint(callbacks={pytorch_lightning.callbacks.EarlyStopping: {"wait": 1}}),
}
"""Name -> a function that writes the checkpoint to a path."""
