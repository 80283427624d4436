"""Imports cost little and need little."""

import json
import subprocess
import sys

from tests.architecture.source_tree import ROOT, module_name, python_files

OPTIONAL = [
    *("soundfile", "soxr", "sentencepiece", "rapidfuzz", "onnx", "onnxruntime", "onnxscript", "transformers"),
    *("tokenizers", "matplotlib", "espeakng_loader", "scipy", "librosa", "wandb", "lhotse", "torchaudio"),
]

IMPORT_EVERYTHING = """
import importlib, json, sys, traceback, warnings

blocked, modules = json.loads(sys.argv[1])
import torch, torchmetrics, pytorch_lightning, hydra  # these look for packages themselves, each in its own way

for loaded in [name for name in sys.modules if name.split(".")[0] in blocked]:
    del sys.modules[loaded]

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked by a test)", name=name)

sys.meta_path.insert(0, Blocker())
broken = {}
for module in modules:
    try:
        importlib.import_module(module)
    except Exception:
        broken[module] = traceback.format_exc(limit=-2)
print(json.dumps(broken))
"""


def run_python(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_module_imports_without_the_optional_packages():
    modules = [module_name(path) for path in python_files("nemo") if path.name != "__main__.py"]
    broken = run_python(IMPORT_EVERYTHING, json.dumps([OPTIONAL, modules]))
    assert not broken, "\n".join(f"{module}: {error}" for module, error in broken.items())


def loaded_after(statement):
    return set(run_python(f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"))


def test_import_nemo_loads_nothing_heavy():
    loaded = loaded_after("import nemo")
    assert not loaded & {"torch", "numpy", "omegaconf", "hydra", "pytorch_lightning", "logging", "typing_extensions"}


def test_import_of_a_collection_loads_no_model():
    loaded = loaded_after("import nemo.collections.asr")
    assert not loaded & {"torch", "pytorch_lightning", "omegaconf", "soundfile"}


def test_import_of_the_models_leaves_the_optional_packages_alone():
    frameworks = loaded_after("import pytorch_lightning, torchmetrics")  # these load matplotlib where it is installed
    loaded = loaded_after("import nemo.collections.asr.models as models; models.EncDecCTCModel") - frameworks
    heavy = {"transformers", "onnx", "matplotlib", "wandb", "tensorboard", "sentencepiece", "soundfile", "soxr"}
    assert not loaded & heavy
