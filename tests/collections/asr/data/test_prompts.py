import pytest

from nemo.collections.asr.data.prompts import Prompt, canary2_prompt, canary_prompt, make_prompt, prompt_of_entry
from nemo.collections.common.data.manifest import ManifestEntry
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Prompt("en", "en", "transcribe", True)),
        ({"source_lang": "de"}, Prompt("de", "de", "transcribe", True)),
        ({"target_lang": "de"}, Prompt("en", "de", "translate", True)),
        ({"target_lang": "de", "task": "asr"}, Prompt("de", "de", "transcribe", True)),
        ({"source_lang": "fr", "target_lang": "en", "pnc": "no"}, Prompt("fr", "en", "translate", False)),
        ({"source_lang": "en", "target_lang": "en", "task": "ast", "pnc": True}, Prompt("en", "en", "translate", True)),
    ],
)
def test_what_is_not_given_follows_from_the_rest(given, expected):
    assert make_prompt(**given) == expected


def test_control_tokens_stand_in_the_order_of_published_models():
    prompt = Prompt("en", "de", "translate", False)
    assert "".join(canary_prompt(prompt)) == "<|startoftranscript|><|en|><|translate|><|de|><|nopnc|>"
    assert "".join(canary2_prompt(prompt)) == (
        "<|startofcontext|><|startoftranscript|><|emo:undefined|><|en|><|de|><|nopnc|><|noitn|><|notimestamp|>"
        "<|nodiarize|>"
    )


def test_what_is_wrong_is_said_with_its_place():
    with pytest.raises(ConfigError, match="pnc is 'perhaps'"):
        make_prompt(pnc="perhaps")
    entry = ManifestEntry("a.wav", 1.0, "a", source_lang="en", target_lang="de", taskname="asr", pnc="yes")
    entry.manifest, entry.line = "train.json", 7
    with pytest.raises(ManifestError, match=r"train.json line 7: The task is 'asr', from en to de"):
        prompt_of_entry(entry)
    entry.pnc = None
    with pytest.raises(ManifestError, match="train.json line 7 has no pnc"):
        prompt_of_entry(entry)


def test_languages_of_a_line_are_not_mixed_with_those_for_the_others():
    entry = ManifestEntry("a.wav", 1.0, source_lang="de")
    defaults = {"source_lang": "en", "target_lang": "fr", "task": "translate", "pnc": "no"}
    assert prompt_of_entry(entry, defaults) == Prompt("de", "de", "transcribe", False)
