"""A config's normaliser: the package where it is installed, else the built-in one for English."""

import logging
import pickle
import sys
from types import ModuleType

import pytest
from omegaconf import OmegaConf

from nemo.collections.tts.text.normalization import EnglishNormalizer, build_normalizer, choice

PACKAGE = {
    "_target_": "nemo_text_processing.text_normalization.normalize.Normalizer",
    "lang": "en",
    "input_case": "cased",
}


@pytest.fixture(autouse=True)
def _forget_what_was_told():
    choice._told.clear()


@pytest.fixture
def package(monkeypatch):
    """Stands in for nemo_text_processing, which pulls in a compiler of grammars."""

    class Normalizer:
        def __init__(self, input_case, lang="en"):
            self.lang = lang

        def normalize(self, text, verbose=False):
            return f"<{self.lang} {text} {verbose}>"

    name, modules = PACKAGE["_target_"].rpartition(".")[0], {}
    for end in range(1, len(name.split(".")) + 1):
        path = ".".join(name.split(".")[:end])
        modules[path] = ModuleType(path)
        modules[path].__spec__ = object()
        monkeypatch.setitem(sys.modules, path, modules[path])
    for path, module in modules.items():
        parent, _, child = path.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    modules[name].Normalizer = Normalizer


def test_no_section_no_normaliser():
    assert build_normalizer(None) is None


def test_english_is_normalised_without_the_package_and_it_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    arguments = OmegaConf.create({"verbose": False, "punct_pre_process": True, "some_other": True})
    normalize = build_normalizer(OmegaConf.create(PACKAGE), arguments)
    assert normalize("5 cats") == "five cats"
    build_normalizer(OmegaConf.create(PACKAGE))
    said = [record for record in caplog.records if "the built-in English normaliser writes" in record.message]
    assert len(said) == 1 and said[0].levelno == logging.INFO
    assert pickle.loads(pickle.dumps(normalize))("6 cats") == "six cats"  # models are copied to other processes


def test_other_languages_need_the_package(caplog):
    assert build_normalizer(OmegaConf.create({**PACKAGE, "lang": "de"})) is None
    assert "has no 'de': numbers and abbreviations are not written out. Install it with: pip install" in caplog.text


@pytest.mark.usefixtures("package")
def test_the_package_is_used_where_it_is():
    normalize = build_normalizer(OmegaConf.create({**PACKAGE, "lang": "de"}), OmegaConf.create({"verbose": True}))
    assert normalize("5") == "<de 5 True>"


def test_ours_can_be_named():
    section = OmegaConf.create({"_target_": f"{EnglishNormalizer.__module__}.EnglishNormalizer"})
    assert build_normalizer(section)("5") == "five"
