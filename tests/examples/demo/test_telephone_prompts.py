import gzip

import pytest

from examples.demo import telephone_prompts
from examples.demo.errors import DemoError
from examples.demo.telephone_prompts import AUDIO_ROOT, TEXT_FILE, get_telephone_prompts
from tests.examples.demo.test_debian_package import make_package

TEXTS = b"; Core sounds\n\nhello: Hello.\ndigits/1: one\nlost: This one has no recording: none.\n"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    audio, text = tmp_path / "audio.deb", tmp_path / "text.deb"
    audio.write_bytes(
        make_package({f"{AUDIO_ROOT}/hello.wav": b"H", f"{AUDIO_ROOT}/digits/1.wav": b"1", "usr/share/doc/x.wav": b"x"})
    )
    text.write_bytes(make_package({str(TEXT_FILE): gzip.compress(TEXTS)}))
    monkeypatch.setattr(telephone_prompts, "fetch_packages", lambda names, folder: [audio, text])
    return audio, text


def test_prompts_are_recordings_that_have_a_text(tmp_path, packages):
    prompts = get_telephone_prompts(tmp_path / "data")
    assert [(path.name, text) for path, text in prompts] == [("hello.wav", "Hello."), ("digits_1.wav", "one")]
    assert [path.read_bytes() for path, _ in prompts] == [b"H", b"1"]


def test_package_without_the_list_of_texts_is_named(tmp_path, packages):
    packages[1].write_bytes(make_package({"usr/other": b""}))
    with pytest.raises(DemoError, match=r"text.deb does not hold usr/share"):
        get_telephone_prompts(tmp_path / "data")
