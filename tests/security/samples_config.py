"""Classes g to j: configs that name what should not be built."""

from __future__ import annotations

import yaml

from tests.security import archives as build


def part(name, /, **arguments):
    """An archive whose part is built from `name`; CANARY in an argument is the path of the canary."""
    return whole(part={"_target_": name, **arguments})


def whole(**changes):
    def filled(value, canary):
        if isinstance(value, str):
            return value.replace("CANARY", str(canary))
        if isinstance(value, dict):
            return {key: filled(item, canary) for key, item in value.items()}
        return [filled(item, canary) for item in value] if isinstance(value, list) else value

    def make(path, canary):
        build.write(path, config=yaml.safe_dump({**build.CONFIG, **filled(changes, canary)}).encode())

    return make


DIRECT = {
    "os_system": part("os.system", command="touch CANARY"),
    "os_makedirs": part("os.makedirs", name="CANARY"),
    "posix_system": part("posix.system", command="touch CANARY"),
    "subprocess": part("subprocess.Popen", args=["touch", "CANARY"]),
    "eval": part("builtins.eval", source="open('CANARY', 'w')"),
    "exec": part("builtins.exec", source="open('CANARY', 'w')"),
    "open": part("builtins.open", file="CANARY", mode="w"),
    "import_module": part("importlib.import_module", name="antigravity"),
    "runpy": part("runpy.run_path", path_name="CANARY"),
    "ctypes": part("ctypes.CDLL", name="CANARY"),
    "shutil": part("shutil.copy", src="/etc/hostname", dst="CANARY"),
    "process": part("multiprocessing.Process"),
    "module_with_side_effects": part("antigravity.Anything"),
    "one_word": part("antigravity"),
}

INDIRECT = {
    "torch_os": part("torch.nn.utils.rnn.torch.os.system", command="touch CANARY"),
    "logging_os": part("logging.os.system", command="touch CANARY"),
    "nemo_utils_os": part("nemo.utils.os.system", command="touch CANARY"),
    "nemo_file_os": part("nemo.core.archive.tar_reader.os.makedirs", name="CANARY"),
    "nemo_file_class": part("nemo.core.archive.tar_reader.Path"),
    "nemo_subprocess": part("nemo.utils.subprocess.Popen", args=["touch", "CANARY"]),
    "dunder_call": part("torch.nn.Linear.__call__"),
    "dunder_globals": part("torch.nn.Module.__init__.__globals__.get"),
    "partial": part("functools.partial", func="os.system"),
    "hydra_instantiate": part("hydra.utils.instantiate", config={"x": 1}),
    "hydra_call": part("hydra.utils.call", config={"x": 1}),
    "hydra_get_object": part("hydra.utils.get_object", path="os.system"),
    "private_class": part("torch.nn.modules.module._IncompatibleKeys"),
    "classmethod": part("tests.security.model.ModelWithPart.restore_from", restore_path="CANARY"),
    "lookalike_letters": part("torch.nn.Line\u0430r"),
}

TRICKS = {
    "interpolated_name": whole(evil="os.makedirs", part={"_target_": "${evil}", "name": "CANARY"}),
    "name_in_two_pieces": whole(a="os", b="makedirs", part={"_target_": "${a}.${b}", "name": "CANARY"}),
    "built_interpolation": whole(a="$", b="{oc.env:HOME}", c="${a}${b}"),
    "environment": whole(home="${oc.env:HOME}"),
    "decode": whole(x="${oc.decode:'1'}"),
    "create": whole(part="${oc.create:{_target_: os.getcwd}}"),
    "list_as_name": whole(part={"_target_": ["os.system"]}),
    "number_as_name": whole(part={"_target_": 5}),
    "arguments_by_position": part("torch.nn.Linear", _args_=[4, 2]),
    "partial_key": part("torch.nn.Linear", _partial_=True, in_features=4),
    "convert_key": part("torch.nn.Linear", _convert_="all", in_features=4, out_features=2),
    "recursive_key": part("torch.nn.Linear", _recursive_=False, in_features=4, out_features=2),
    "key_target": whole(part={"target": "os.makedirs", "name": "CANARY"}),
    "key_cls": whole(part={"cls": "os.makedirs", "params": {"name": "CANARY"}}),
    "key_target_of_the_model": whole(target="os.system"),
    "nested": part("torch.nn.Linear", in_features={"_target_": "os.makedirs", "name": "CANARY"}, out_features=2),
    "in_a_list": part("torch.nn.Sequential", modules=[[{"_target_": "os.makedirs", "name": "CANARY"}]]),
    "tag": lambda path, canary: build.write(path, config=f'a: !!python/object/apply:os.mkdir ["{canary}"]'.encode()),
    "key_twice": lambda path, canary: build.write(path, config=build.config_text() + b"target: os.system\n"),
}

ALLOWED_LOOKING = {
    "torch_load": part("torch.load", f="CANARY"),
    "torch_serialization_load": part("torch.serialization.load", f="CANARY"),
    "torch_hub": part("torch.hub.load", repo_or_dir="evil/evil", model="x"),
    "torch_jit": part("torch.jit.load", f="CANARY"),
    "cpp_extension": part("torch.utils.cpp_extension.load", name="x", sources=["CANARY"]),
    "numpy_load": part("numpy.load", file="CANARY", allow_pickle=True),
    "omegaconf_load": part("omegaconf.OmegaConf.load", file_="/etc/hostname"),
    "file_handler": part("logging.FileHandler", filename="CANARY"),
    "from_pretrained": part("transformers.AutoModel.from_pretrained", pretrained_model_name_or_path="evil/evil"),
    "bert_score": part("torchmetrics.text.BERTScore", model_name_or_path="evil/evil"),
    "logger": part("pytorch_lightning.loggers.CSVLogger", save_dir="CANARY"),
    "data_loader": part("torch.utils.data.DataLoader", dataset=[1]),
    "own_class_that_is_no_part": part("nemo.core.archive.tar_reader.ArchiveReader", path="CANARY"),
    "own_function": part("nemo.core.archive.tar_writer.write_archive", path="CANARY", contents={"x": "y"}),
    "torch_parameter": part("torch.nn.Parameter"),
    "path": part("pathlib.Path", args="CANARY"),
}
