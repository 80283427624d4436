import io
import os
import pickle
import subprocess
import sys

import pytest
import torch

from nemo.core.archive.weights import load_weights, save_weights
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError


def saved(value, **options) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.float8_e4m3fn, torch.uint16,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_reads_the_same_tensors_as_torch(dtype):
    tensor = (torch.randn(3, 4) * 3).to(dtype)
    loaded = load_weights(saved({"x": tensor}))["x"]
    assert loaded.dtype == dtype
    assert torch.equal(loaded.view(torch.uint8), tensor.view(torch.uint8))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(12.0).view(3, 4).t(),
        torch.arange(12.0)[3:9:2],
        torch.tensor(5.0),
        torch.empty(0, 3),
        torch.ones(1).expand(7),
        torch.nn.Parameter(torch.ones(2)),
    ],
    ids=["transposed", "strided", "scalar", "empty", "expanded", "parameter"],
)
def test_views_keep_shape_strides_and_values(tensor):
    loaded = load_weights(saved({"x": tensor}))["x"]
    assert loaded.shape == tensor.shape
    assert loaded.stride() == tensor.stride()
    assert torch.equal(loaded, tensor)


def test_tied_weights_stay_tied_and_versions_are_kept():
    module = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    module[1].weight = module[0].weight
    state = load_weights(saved(module.state_dict()))
    assert state["0.weight"].data_ptr() == state["1.weight"].data_ptr()
    assert state._metadata["2"] == {"version": 2}
    assert module.load_state_dict(state, strict=True).missing_keys == []


@pytest.mark.parametrize("name", ["w.ckpt", "w.safetensors"])
def test_what_is_saved_is_loaded(tmp_path, name):
    module = torch.nn.LSTM(3, 4)
    save_weights(module.state_dict(), tmp_path / name)
    state = load_weights(tmp_path / name)
    assert all(torch.equal(state[key], value) for key, value in module.state_dict().items())
    assert sorted(state) == sorted(module.state_dict())


def test_torch_reads_what_we_write(tmp_path):
    module = torch.nn.Linear(2, 2)
    save_weights(module.state_dict(), tmp_path / "w.ckpt")
    state = torch.load(tmp_path / "w.ckpt", weights_only=True)
    assert type(state).__name__ == "OrderedDict"
    assert torch.equal(state["weight"], module.weight)


def test_writing_to_loaded_weights_leaves_the_file(tmp_path):
    save_weights({"x": torch.zeros(1000)}, tmp_path / "w.ckpt")
    load_weights(tmp_path / "w.ckpt")["x"].fill_(1)
    assert load_weights(tmp_path / "w.ckpt")["x"].sum() == 0


def test_only_tensors_are_saved(tmp_path):
    with pytest.raises(ConfigError, match=r"note \(str\)"):
        save_weights({"x": torch.zeros(1), "note": "hello"}, tmp_path / "w.ckpt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([torch.zeros(1)], "holds a list"),
        ({"x": 1}, "'x' is a int"),
        ({1: torch.zeros(1)}, "1 is a Tensor"),
        ({"x": {"y": torch.zeros(1)}}, "'x' is a"),
        ({"x": torch.nn.Linear(1, 1)}, "names torch.nn.modules.linear.Linear"),
        ({"x": torch.zeros(2, 2).to_sparse()}, "_rebuild_sparse_tensor"),
        ({"x": os.path.join}, "names posixpath.join"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_but_tensors_by_name_is_refused(value, message):
    with pytest.raises(UnsafeArchiveError, match=message):
        load_weights(saved(value))


def test_trust_is_one_argument(tmp_path):
    content = saved({"x": torch.zeros(1), "y": torch.zeros(2, 2).to_sparse().to_dense(), "z": torch.Size([1])})
    with pytest.raises(UnsafeArchiveError):
        load_weights(content)
    with pytest.raises(UnsafeArchiveError, match="'z' is a Size"):  # trusted or not, weights are tensors
        load_weights(content, trusted=True)


def test_no_environment_variable_lets_code_run(tmp_path):
    class Touch:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "canary"),)

    torch.save({"x": Touch()}, tmp_path / "w.ckpt")
    code = f"from nemo.core.archive.weights import load_weights; load_weights({str(tmp_path / 'w.ckpt')!r})"
    environment = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "UnsafeArchiveError" in run.stderr
    assert not (tmp_path / "canary").exists()


def test_widening_torchs_own_list_does_not_widen_ours():
    content = saved({"x": {1, 2}, "y": torch.nn.Identity()})
    with torch.serialization.safe_globals([torch.nn.Identity, set]), pytest.raises(UnsafeArchiveError):
        load_weights(content)


@pytest.mark.parametrize("size", [0, 3, 30, 300, 1000, -1, -30])
def test_cut_weights_are_named(tmp_path, size):
    content = saved({"x": torch.zeros(100)})
    (tmp_path / "w.ckpt").write_bytes(content[:size])
    with pytest.raises(ArchiveError, match=r"w\.ckpt"):
        load_weights(tmp_path / "w.ckpt")


def test_cut_safetensors_are_named(tmp_path):
    save_weights({"x": torch.zeros(100)}, tmp_path / "w.safetensors")
    (tmp_path / "cut").write_bytes((tmp_path / "w.safetensors").read_bytes()[:-4])
    with pytest.raises(ArchiveError, match="damaged safetensors"):
        load_weights(tmp_path / "cut")


def test_other_files_are_named():
    with pytest.raises(UnsafeArchiveError, match="bare pickle"):
        load_weights(pickle.dumps({}))
    with pytest.raises(ArchiveError, match="starts with b'hello'"):
        load_weights(b"hello")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_weights("nowhere.ckpt")


def test_random_damage_never_does_more_than_raise():
    content = bytearray(saved({"x": torch.arange(8.0), "y": torch.ones(3)}))
    generator = torch.Generator().manual_seed(1)
    for _ in range(400):
        damaged = bytearray(content)
        for place in torch.randint(0, len(content), (3,), generator=generator):
            damaged[place] = int(torch.randint(0, 256, (1,), generator=generator))
        try:
            state = load_weights(bytes(damaged))
        except ArchiveError:
            continue
        assert all(isinstance(value, torch.Tensor) for value in state.values())
