"""Files from outside are opened by the archive layer; whoever else uses a reader that can run code says why."""

import ast

from tests.architecture.source_tree import imported_modules, parsed, python_files, short

MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "tarfile", "zipfile", "yaml",
    "hydra.utils", "torch.hub", "torch.package",
}  # fmt: skip
"""Modules that read what a file says, or build what a text names."""

CALLS = {
    "torch.load", "torch.jit.load", "torch.hub.load", "torch.hub.load_state_dict_from_url", "torch.export.load",
    "np.load", "numpy.load", "OmegaConf.load", "shutil.unpack_archive", "pd.read_pickle", "onnx.load",
    "eval", "exec", "compile", "__import__",
}  # fmt: skip

ALLOWED = {
    "nemo/collections/asr/decoding/exported_rnnt_greedy.py": {
        "torch.jit.load": "exported networks, which the caller names to run"
    },
    "nemo/core/archive/plain.py": {"torch.load": "for a file that the caller trusts, said by an argument in code"},
    "nemo/core/archive/weights.py": {"torch.load": "for a file that the caller trusts, said by an argument in code"},
    "nemo/core/archive/unpickle.py": {"pickle": "the restricted reader, which imports and calls nothing"},
    "nemo/core/archive/torch_zip.py": {"zipfile": "the list of records; their places are checked by ours"},
    "nemo/core/archive/side_files.py": {
        "zipfile": "the sizes of arrays before they are unpacked",
        "np.load": "with allow_pickle=False",
    },
    "nemo/core/archive/safe_yaml.py": {"yaml": "events of the safe loader"},
    "nemo/core/archive/tar_writer.py": {"tarfile": "writes"},
    "nemo/core/classes/exporters.py": {
        "torch.jit.load": "compares the file that was just written",
        "onnx.load": "the file that was just written",
    },
    "nemo/core/classes/onnx_files.py": {"onnx.load": "adds to a file that the caller has just written"},
    "nemo/core/classes/file_io.py": {"OmegaConf.load": "a YAML file that the user names"},
    "nemo/core/classes/serialization.py": {"hydra.utils": "after every class of the section has been checked"},
    "nemo/core/config/hydra_runner.py": {"yaml": "the user's own recipe"},
    "nemo/core/config/explain.py": {"OmegaConf.load": "the user's own recipe"},
    "nemo/core/config/places.py": {"yaml": "the lines of the user's own recipe"},
    "nemo/core/connectors/checkpoints.py": {"OmegaConf.load": "hparams_file, which the user names"},
    "nemo/core/connectors/save_restore_connector.py": {"OmegaConf.load": "override_config_path, which the user names"},
    "nemo/core/optim/lr_scheduler.py": {"hydra.utils": "after the names have been checked"},
    "nemo/core/optim/optimizers.py": {"hydra.utils": "after the names have been checked"},
    "nemo/utils/download.py": {"tarfile": "data sets, with Python's own filter; they hold links"},
    "nemo/utils/exp_manager/checkpoint_io.py": {"pickle": "the name of an error; models put our reader in"},
    "nemo/utils/exp_manager/damage.py": {
        "pickle": "the name of an error",
        "torch.load": "the step of the run's own checkpoints, with weights_only=True",
        "zipfile": "the checksums of the run's own checkpoints",
    },
    "nemo/utils/exp_manager/directories.py": {"hydra.utils": "asks for the folder; builds nothing"},
    "examples/demo/debian_package.py": {"tarfile": "a package whose checksum was compared"},
}
"""File -> what it uses, and why that is no way in."""


def dotted(node):
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return node.id if isinstance(node, ast.Name) else ""


def readers(path):
    """What a file uses of the lists above: name -> first line."""
    found = {}
    for module, line in imported_modules(path):
        for name in MODULES:
            if module == name or module.startswith(f"{name}."):
                found.setdefault(name, line)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and (name := dotted(node.func)) in CALLS:
            found.setdefault(name, node.lineno)
    return found


def test_files_from_outside_are_opened_by_the_archive_layer():
    others = {
        f"{short(path)}:{line} {name}"
        for path in python_files("nemo", "examples", "scripts")
        for name, line in readers(path).items()
        if name not in ALLOWED.get(short(path), {})
    }
    assert not others, f"use nemo.core.archive, or give a reason in ALLOWED: {sorted(others)}"


def test_reasons_are_still_needed():
    used = {short(path): readers(path) for path in python_files("nemo", "examples", "scripts")}
    stale = {f"{path} {name}" for path, names in ALLOWED.items() for name in names if name not in used.get(path, {})}
    assert not stale


def test_nothing_trusts_a_file_by_default():
    """`weights_only=False`, `trusted=True`, `allow_pickle=True` and `trust_remote_code=True` stand nowhere."""
    forbidden = {"weights_only": False, "trusted": True, "allow_pickle": True, "trust_remote_code": True}
    exceptions = {"nemo/core/archive/plain.py", "nemo/core/archive/weights.py"}  # behind `if trusted:`
    found = [
        f"{short(path)}:{node.lineno} {keyword.arg}"
        for path in python_files("nemo", "examples", "scripts")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and short(path) not in exceptions
        for keyword in node.keywords
        if keyword.arg in forbidden
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is forbidden[keyword.arg]
    ]
    assert not found
