"""The CMU Pronouncing Dictionary from a local server."""

import pytest

from nemo.collections.tts.g2p import EnglishG2p, IpaG2p
from tests.scripts.running import load_script, served

script = load_script("tts_dataset_files/get_cmudict.py")

# lines in the form of the published file, written for this test
LINES = "'tis T IH1 Z\ncat K AE1 T\nread R EH1 D # past\nread(2) R IY1 D\ntomato T AH0 M EY1 T OW2\n"


@pytest.fixture
def web(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "cmudict.dict").write_text(LINES)
    (tmp_path / "web" / "page.html").write_text("<html>not here</html>\n")
    return tmp_path / "web"


def test_the_dictionary_and_its_ipa_are_read_by_the_converters(web, tmp_path, capsys):
    folder = tmp_path / "out"
    with served(web) as address:
        assert script.main([f"--output_dir={folder}", f"--url={address}/cmudict.dict", "--ipa"]) == 0
    assert "cmudict.dict: 4 words" in capsys.readouterr().out
    assert EnglishG2p(folder / "cmudict.dict")("tomato") == ["T", "AH0", "M", "EY1", "T", "OW2"]
    ipa = IpaG2p(folder / "ipa_cmudict.dict")
    assert "".join(ipa("Tomato cat")) == "təmˈeɪtˌoʊ kˈæt" and len(ipa.phoneme_dict["READ"]) == 2
    assert script.main([f"--output_dir={folder}", "--url=http://127.0.0.1:9/x"]) == 0  # it is there


def test_what_is_no_dictionary_is_not_kept(web, tmp_path, capsys):
    with served(web) as address:
        for url, said in ((f"{address}/page.html", "has no entries"), (f"{address}/none", "404")):
            assert script.main([f"--output_dir={tmp_path / 'out'}", f"--url={url}"]) == 1
            assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "cmudict.dict").exists()
    with served(web) as address:
        arguments = [f"--output_dir={tmp_path / 'out'}", f"--url={address}/cmudict.dict", f"--sha256={'0' * 64}"]
        assert script.main(arguments) == 1
    assert "sha256" in capsys.readouterr().err
