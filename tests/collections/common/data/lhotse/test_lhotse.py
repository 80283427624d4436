"""Manifests as lhotse's cuts, and loaders of them."""

import json

import numpy as np
import pytest
import soundfile
from lhotse import CutSet

from nemo.collections.common.data.lhotse import get_lhotse_dataloader_from_config
from nemo.collections.common.data.lhotse.nemo_adapters import LazyNeMoIterator
from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.exceptions import ConfigError

RATE = 8000


@pytest.fixture
def manifest(tmp_path):
    lines = []
    for number in range(12):
        samples = np.full(800 + 40 * number, number / 20, dtype=np.float32)
        soundfile.write(tmp_path / f"{number}.wav", samples, RATE, subtype="PCM_16")
        duration = len(samples) / RATE
        lines.append({"audio_filepath": f"{number}.wav", "duration": duration, "text": f"text {number}", "lang": "en"})
    lines[3] |= {"offset": 0.05, "duration": 0.04, "emotion": "calm", "note": "other words"}
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "m.json"


def test_lines_become_cuts(manifest):
    lines = LazyNeMoIterator(manifest)
    cuts = list(lines)
    assert len(lines) == len(cuts) == 12
    assert len({cut.id for cut in cuts}) == 12
    assert [cut.supervisions[0].text for cut in cuts] == [f"text {number}" for number in range(12)]
    assert cuts[0].supervisions[0].language == "en"
    assert (cuts[3].start, cuts[3].duration) == (0.05, 0.04)
    assert cuts[3].custom == {"emotion": "calm", "note": "other words"}
    np.testing.assert_allclose(cuts[3].load_audio(), np.full((1, 320), 0.15), atol=1e-4)
    assert len(list(lines + lines)) == 24


def test_other_keys_may_hold_the_text(manifest):
    lines = manifest.read_text().splitlines()
    manifest.write_text(lines[3])
    (cut,) = LazyNeMoIterator(manifest, text_field="note", lang_field="emotion")
    assert (cut.supervisions[0].text, cut.supervisions[0].language) == ("other words", "calm")


def test_a_line_with_its_rate_needs_no_look_at_the_file(tmp_path):
    (tmp_path / "m.json").write_text('{"audio_filepath": "gone.wav", "duration": 2.0, "sampling_rate": 8000}')
    (cut,) = LazyNeMoIterator(tmp_path / "m.json")
    assert (cut.duration, cut.sampling_rate, cut.num_samples) == (2.0, 8000, 16000)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"audio_filepath": "gone.wav"}, r"gone\.wav cannot be read"), ({"offset": 9.0}, "ends before the offset")],
)
def test_recordings_that_cannot_be_are_named_with_their_line(manifest, changes, said):
    first = json.loads(manifest.read_text().splitlines()[0])
    manifest.write_text(json.dumps(first | changes))
    with pytest.raises(AudioFileError, match=rf"m\.json line 1.*{said}"):
        list(LazyNeMoIterator(manifest))


class Ids:
    """A batch is the ids of its cuts."""

    def __getitem__(self, cuts):
        return [cut.id for cut in cuts]


def loader(manifest, **changes):
    section = {"manifest_filepath": str(manifest), "batch_duration": 0.5, "shuffle": True, **changes}
    return get_lhotse_dataloader_from_config(section, dataset=Ids())


@pytest.mark.parametrize("bucketing", [False, True])
def test_every_cut_comes_once_in_batches_of_the_duration(manifest, bucketing):
    durations = {cut.id: cut.duration for cut in LazyNeMoIterator(manifest)}
    made = loader(manifest, use_bucketing=bucketing, num_buckets=2)
    epochs = [list(made), list(made)]
    for batches in epochs:
        assert sorted(name for batch in batches for name in batch) == sorted(durations)
        assert all(sum(durations[name] for name in batch) <= 0.55 for batch in batches)
    assert epochs[0] != epochs[1]


def test_a_loader_that_stopped_at_the_end_begins_the_next_epoch(manifest):
    made = loader(manifest)
    first, second = list(made), list(made)
    stopped = loader(manifest)
    iterator = iter(stopped)
    assert [next(iterator) for _ in first] == first
    resumed = loader(manifest)
    resumed.load_state_dict(stopped.state_dict())
    assert list(resumed) == second


def test_processes_share_the_cuts(manifest):
    section = {"manifest_filepath": str(manifest), "batch_size": 2, "shuffle": True}
    parts = [list(get_lhotse_dataloader_from_config(section, rank, 2, dataset=Ids())) for rank in range(2)]
    assert len(parts[0]) == len(parts[1]) == 3
    assert len({name for part in parts for batch in part for name in batch}) == 12


def test_cuts_of_lhotse_are_read_and_limited(manifest, tmp_path):
    CutSet(LazyNeMoIterator(manifest)).to_file(tmp_path / "cuts.jsonl.gz")
    made = loader(None, manifest_filepath=None, cuts_path=str(tmp_path / "cuts.jsonl.gz"), max_duration=0.12)
    kept = [cut.id for cut in LazyNeMoIterator(manifest) if cut.duration <= 0.12]
    assert sorted(name for batch in made for name in batch) == sorted(kept)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"manifest_filepath": None}, "either cuts_path or manifest_filepath"), ({"batch_duration": None}, "batch_size")],
)
def test_what_is_missing_is_named(manifest, changes, said):
    with pytest.raises(ConfigError, match=said):
        loader(manifest, **changes)
