import sys

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.archive.targets import TargetPolicy, active_policy, buildable_from_archives, register_known_class
from nemo.core.classes.serialization import Serialization
from nemo.utils.exceptions import NotYetSupportedError, UnsafeTargetError


class Own(Serialization):
    """A user's class, known since it was imported."""


class Stranger:
    """A class that derives from nothing of ours."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torch.nn.Linear", torch.nn.Linear),
        ("torch.nn.modules.linear.Linear", torch.nn.Linear),
        ("torch.optim.AdamW", torch.optim.AdamW),
        ("torch.optim.adamw.AdamW", torch.optim.AdamW),
        ("torch.optim.lr_scheduler.OneCycleLR", torch.optim.lr_scheduler.OneCycleLR),
        ("tests.core.archive.test_targets.Own", Own),
    ],
)
def test_parts_are_found(name, expected):
    assert TargetPolicy().resolve(name) is expected


def test_classes_of_ours_are_found_by_either_path():
    from nemo.core.optim.novograd import Novograd

    assert TargetPolicy().resolve("nemo.core.optim.novograd.Novograd") is Novograd
    assert TargetPolicy().resolve("nemo.core.optim.Novograd") is Novograd


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("os.system", "neither a class of nemo nor on the list"),
        ("torch.load", "neither"),
        ("torch.nn.functional.Linear", "neither"),
        ("torch.nn.Linear.Linear", "neither"),
        ("tests.core.archive.test_targets.Stranger", "neither"),
        ("nemo.utils.os.system", "functions and modules"),
        ("nemo.core.archive.tar_reader.os.Path", "reaches through the module nemo.core.archive.tar_reader"),
        ("nemo.utils.subprocess.Popen", "reaches through the module subprocess"),
        ("torch.nn._Linear", "private"),
        ("nemo.core.__init__.Linear", "private"),
        ("torch.nn.Linear\n", "not the dotted path"),
        ("torch..Linear", "not the dotted path"),
        ("Linear", "not the dotted path"),
        ("x." * 200 + "X", "too long"),
        (5, "plain text"),
        ("${a}", "plain text"),
    ],
)
def test_names_are_refused_before_any_import(name, message):
    modules = set(sys.modules)
    with pytest.raises(UnsafeTargetError, match=message):
        TargetPolicy().resolve(name)
    with pytest.raises(UnsafeTargetError, match=message):
        TargetPolicy().check_config({"a": [{"_target_": name}]}, "m.nemo")
    assert set(sys.modules) == modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nemo.core.archive.tar_reader.Path", "it is pathlib.Path, which lies elsewhere"),
        ("nemo.core.archive.tar_reader.ArchiveReader", "no module, dataset"),
        ("torch.nn.Parameter", "no module, dataset"),
        ("torch.nn.modules.module.OrderedDict", "lies elsewhere"),
        ("torch.nn.Module.Linear", "neither"),
        ("pytorch_lightning.loggers.CSVLogger", "not built from them"),
        ("torch.utils.data.DataLoader", "not built from them"),
    ],
)
def test_objects_are_refused_after_the_import(name, message):
    with pytest.raises(UnsafeTargetError, match=message):
        TargetPolicy().resolve(name)


def test_what_this_release_lacks_is_said_and_may_stand_unused():
    policy = TargetPolicy()
    config = {"train_ds": {"_target_": "nemo.collections.tts.torch.data.NoSuchDataset"}}
    policy.check_config(config, "m.nemo")
    with pytest.raises(NotYetSupportedError, match="m.nemo names nemo.collections.tts.torch.data.NoSuchDataset"):
        policy.resolve(config["train_ds"]["_target_"])
    with pytest.raises(NotYetSupportedError, match="no NoSuchOptimizer"):
        policy.resolve("nemo.core.optim.novograd.NoSuchOptimizer")


def test_trusted_names_and_prefixes():
    name = f"{__name__}.Stranger"
    assert TargetPolicy(trusted_targets=[name]).resolve(name) is Stranger
    assert TargetPolicy(trusted_targets=name).resolve(name) is Stranger
    assert TargetPolicy(trusted_targets=["tests.core."]).resolve(name) is Stranger
    with pytest.raises(UnsafeTargetError, match="neither"):
        TargetPolicy(trusted_targets=["tests.cor"]).resolve(name)


def test_trusted_prefix_covers_only_what_is_defined_under_it():
    with pytest.raises(UnsafeTargetError, match=r"but it is torch\.nn\.modules\.linear\.Linear|something else"):
        TargetPolicy(trusted_targets=["tests.security."]).resolve("tests.security.archives.BLOCK")
    with pytest.raises(UnsafeTargetError, match="it is pathlib.Path"):
        TargetPolicy(trusted_targets=["tests.security."]).resolve("tests.security.archives.Path")


def test_known_classes_are_built_without_an_import():
    class Local:
        pass

    name = f"{Local.__module__}.{Local.__qualname__}"
    assert TargetPolicy(known_classes=[Local]).resolve(name) is Local
    with pytest.raises(UnsafeTargetError):
        TargetPolicy().resolve(name)
    register_known_class(Local)
    assert TargetPolicy().resolve(name) is Local


def test_marked_classes_of_ours_may_be_built(monkeypatch):
    from nemo.core.archive import tar_reader

    name = "nemo.core.archive.tar_reader.ArchiveReader"
    marked = buildable_from_archives(type("ArchiveReader", (), {"__module__": "nemo.core.archive.tar_reader"}))
    monkeypatch.setattr(tar_reader, "ArchiveReader", marked)
    assert TargetPolicy().resolve(name) is marked


def test_an_object_that_lies_about_its_home_is_refused(monkeypatch):
    from nemo.core.archive import tar_reader

    liar = type("ArchiveReader", (torch.nn.Module,), {"__module__": "nemo.core.archive.tar_writer"})
    monkeypatch.setattr(tar_reader, "ArchiveReader", liar)
    with pytest.raises(UnsafeTargetError, match="another object"):
        TargetPolicy().resolve("nemo.core.archive.tar_reader.ArchiveReader")


@pytest.mark.parametrize(
    "config",
    [
        {"target": "os.system"},
        {"x": {"cls": "os.system", "params": {}}},
        {"x": {"cls": "system", "params": {}}},
        {"x": [[{"_target_": "os.system"}]]},
        {"x": {"_target_": "torch.nn.Linear", "_partial_": True}},
        {"x": {"_args_": [1]}},
        {"x": {"_recursive_": False}},
        {"x": {"_convert_": "all"}},
    ],
)
def test_every_key_that_names_a_class_is_checked(config):
    with pytest.raises(UnsafeTargetError, match=r"m\.nemo: (x|target)"):
        TargetPolicy().check_config(config, "m.nemo")


def test_ordinary_settings_named_target_or_cls_pass():
    TargetPolicy().check_config(
        {"special_tokens": {"cls": "[CLS]"}, "loss": {"target": "energy"}, "n": {"target": 3}}, "m"
    )


def test_message_tells_the_way_out():
    with pytest.raises(
        UnsafeTargetError, match=r"m\.nemo: a\._target_ names 'my\.Thing'.*trusted_targets=\['my\.Thing'\]"
    ):
        TargetPolicy().check_config({"a": {"_target_": "my.Thing"}}, "m.nemo")


def test_sections_are_checked_as_objects():
    TargetPolicy().check_objects({"a": {"_target_": "torch.nn.Linear"}, "target": "nemo.No.Such"}, "m.nemo")
    with pytest.raises(UnsafeTargetError, match="DataLoader"):
        TargetPolicy().check_objects({"a": {"_target_": "torch.utils.data.DataLoader"}}, "m.nemo")


def test_policy_is_active_only_inside_its_block():
    policy = TargetPolicy()
    assert active_policy() is None
    with policy.active():
        assert active_policy() is policy
        with TargetPolicy().active():
            assert active_policy() is not policy
        assert active_policy() is policy
    assert active_policy() is None


def test_name_from_an_archive_is_checked_also_after_the_restore():
    from nemo.core.classes.serialization import instantiate, locate

    name = "nemo.core.archive.tar_writer.Path"
    assert locate(name).__name__ == "Path"  # the user's own word
    TargetPolicy().check_config({"optim": {"_target_": name}}, "a.nemo")  # not built on restoring
    with pytest.raises(UnsafeTargetError, match="tar_writer.Path"):
        locate(name)
    with pytest.raises(UnsafeTargetError, match="tar_writer.Path"):
        instantiate(OmegaConf.create({"_target_": name}))


def test_optimizer_arguments_of_an_archive_are_checked_when_they_are_used():
    from nemo.core.optim.optimizers import parse_optimizer_args

    for name in ("nemo.core.archive.tar_writer.IO", "nemo.core.config.optimizers.NovogradParams"):
        TargetPolicy().check_config({"optim": {"_target_": name}}, "a.nemo")
    assert parse_optimizer_args("novograd", {"_target_": "nemo.core.config.optimizers.NovogradParams", "lr": 0.1})
    with pytest.raises(UnsafeTargetError, match="tar_writer.IO"):
        parse_optimizer_args("novograd", {"_target_": "nemo.core.archive.tar_writer.IO"})


def test_name_that_the_caller_trusts_stays_the_callers_own():
    from nemo.core.classes.serialization import locate

    name = "nemo.core.archive.tar_headers.ArchiveError"
    TargetPolicy(trusted_targets=[name]).check_config({"x": {"_target_": name}}, "a.nemo")
    assert locate(name).__name__ == "ArchiveError"
