"""Tuples and dictionaries say the same."""

import torch

from nemo.collections.tts.data.vocoder_batch import parts_of_batch


def test_tuples_and_dictionaries_have_the_same_parts():
    audio, lengths, mel = torch.zeros(2, 8), torch.tensor([8, 5]), torch.zeros(2, 3, 2)
    for batch in ((audio, lengths, mel), {"audio": audio, "audio_lens": lengths, "mel": mel, "names": ["a", "b"]}):
        found = parts_of_batch(batch)
        assert found[0] is audio and found[1] is lengths and found[2] is mel
    assert parts_of_batch((audio, lengths))[2] is None
    assert parts_of_batch({"audio": audio, "audio_lens": lengths})[2] is None
