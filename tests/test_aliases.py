import subprocess
import sys

import pytest

from nemo import aliases


def test_old_module_serves_the_name_from_its_new_home():
    from nemo.core.classes import common, modelPT
    from nemo.core.classes.model_pt import ModelPT
    from nemo.core.classes.serialization import Serialization

    assert modelPT.ModelPT is ModelPT and common.Serialization is Serialization


def test_public_path_is_the_originals():
    from nemo.core.classes.model_pt import ModelPT

    assert aliases.public_path(ModelPT) == "nemo.core.classes.modelPT.ModelPT"
    assert aliases.resolve("nemo.core.classes.modelPT.ModelPT") == "nemo.core.classes.model_pt.ModelPT"
    assert aliases.public_path(dict) == "builtins.dict"


def test_missing_name_says_what_there_is():
    import nemo.core.classes.modelPT as old

    with pytest.raises(AttributeError, match="ModelPT"):
        _ = old.Nothing
    with pytest.raises(ModuleNotFoundError):
        __import__("nemo.core.no_such_module")


def test_import_nemo_imports_nothing_heavy():
    code = (
        "import nemo, sys; print([m for m in ('torch', 'numpy', 'omegaconf', 'pytorch_lightning') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
