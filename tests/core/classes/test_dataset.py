"""The bases of datasets: typed batches."""

from dataclasses import asdict

import pytest
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

from nemo.core.classes.dataset import Dataset, DatasetConfig, IterableDataset
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing
from nemo.core.neural_types import AudioSignal, LengthsType, NeuralType

BATCH_TYPES = {"audio": NeuralType(("B", "T"), AudioSignal()), "lengths": NeuralType(tuple("B"), LengthsType())}


class Tones(Dataset):
    def __init__(self, count: int = 4):
        self.count = count

    @property
    def output_types(self):
        return BATCH_TYPES

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return torch.full((3,), float(index)), torch.tensor(index)


class PaddedTones(Tones):
    def __getitem__(self, index):
        return torch.ones(index + 1)

    def _collate_fn(self, batch):
        lengths = torch.tensor([len(tone) for tone in batch])
        return torch.nn.utils.rnn.pad_sequence(batch, batch_first=True), lengths


class StreamedTones(IterableDataset):
    @property
    def output_types(self):
        return BATCH_TYPES

    def __iter__(self):
        return iter([(torch.ones(3), torch.tensor(3))] * 4)


@pytest.mark.parametrize("dataset", [Tones(), StreamedTones()])
def test_default_batch_is_pytorchs_with_types(dataset):
    assert isinstance(dataset, Typing)
    assert isinstance(dataset, Serialization)
    audio, lengths = next(iter(DataLoader(dataset, batch_size=2, collate_fn=dataset.collate_fn)))
    assert audio.shape == (2, 3)
    assert audio.neural_type == BATCH_TYPES["audio"]
    assert lengths.neural_type == BATCH_TYPES["lengths"]


def test_dataset_brings_its_own_collation():
    audio, lengths = PaddedTones().collate_fn([torch.ones(1), torch.ones(2)])
    assert audio.tolist() == [[1, 0], [1, 1]]
    assert lengths.tolist() == [1, 2]
    assert audio.neural_type == BATCH_TYPES["audio"]


def test_batch_that_is_not_as_declared_is_refused():
    class Wrong(Tones):
        def _collate_fn(self, batch):
            return torch.ones(2), torch.ones(2)

    with pytest.raises(TypeError, match=r"output 'audio' of Wrong\.collate_fn\(\)"):
        Wrong().collate_fn([])


@pytest.mark.parametrize("base", [Dataset, IterableDataset])
def test_dataset_with_input_types_is_refused(base):
    class Typed(base):
        @property
        def input_types(self):
            return {"x": NeuralType()}

        def __iter__(self):
            return iter([])

    with pytest.raises(TypeError, match="Typed declares input_types"):
        Typed().collate_fn([torch.ones(1)])


def test_dataset_is_built_from_a_config():
    assert len(Dataset.from_config_dict(OmegaConf.create({"_target_": f"{__name__}.Tones", "count": 7}))) == 7


def test_config_has_the_originals_defaults():
    expected = {"batch_size": 32, "drop_last": False, "shuffle": False, "num_workers": 0, "pin_memory": True}
    assert asdict(DatasetConfig()) == expected
    assert OmegaConf.structured(DatasetConfig(batch_size=4)).batch_size == 4
