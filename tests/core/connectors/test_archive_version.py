import logging

import pytest
from omegaconf import OmegaConf

from nemo.core.connectors.archive_version import ARCHIVE_FORMAT, check_archive_version
from nemo.utils.exceptions import ArchiveError
from tests.core.tiny import TinyModel, tiny_config

pytestmark = pytest.mark.battery("U1")


@pytest.mark.parametrize("version", [None, "1.0.0", "1.23.0", "1.24.0rc0", "unknown", 5])
def test_earlier_release_needs_no_word(version, caplog):
    caplog.set_level(logging.INFO)
    check_archive_version(OmegaConf.create({} if version is None else {"nemo_version": version}), "a.nemo")
    assert not caplog.records


@pytest.mark.parametrize("version", ["1.25.0", "2.6.1rc0", "3.0.0"])
def test_later_release_is_mentioned(version, caplog):
    caplog.set_level(logging.INFO)
    check_archive_version(OmegaConf.create({"nemo_version": version, "archive_format": ARCHIVE_FORMAT}), "a.nemo")
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert f"a.nemo was written by release {version}" in caplog.text


@pytest.mark.parametrize("found", [ARCHIVE_FORMAT + 1, 0, "2", 1.5, True, None])
def test_later_format_is_refused_in_plain_words(found, tmp_path):
    config = tiny_config(archive_format=found, nemo_version="9.1.0")
    TinyModel(config).save_to(str(tmp_path / "a.nemo"))
    with pytest.raises(
        ArchiveError,
        match=rf"a\.nemo has the archive format {found!r}, written by release 9\.1\.0; this release .* knows the "
        r"formats up to 1\. Open it with a newer release",
    ):
        TinyModel.restore_from(str(tmp_path / "a.nemo"))
