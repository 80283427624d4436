import pytest
import torch
from torch import nn

from nemo.collections.asr.modules.fused_batch_norm import (
    FusedBatchNorm1d,
    replace_bn_with_fused_bn,
    replace_bn_with_fused_bn_all,
)
from nemo.utils.exceptions import ConfigError


def trained(width=5, **more):
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(width, **more)
    for _ in range(3):
        norm(torch.randn(4, width, 7) * 2 + 1)
    if norm.weight is not None:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return norm.eval()


@pytest.mark.parametrize("affine", [True, False])
def test_fused_norm_is_the_norm_in_evaluation(affine):
    norm = trained(affine=affine)
    fused = FusedBatchNorm1d.from_batchnorm(norm)
    for shape in ((3, 5, 4), (3, 5)):
        x = torch.randn(shape)
        assert torch.allclose(fused(x), norm(x), atol=1e-6)
    assert sorted(fused.state_dict()) == ["bias", "weight"]
    assert not fused.training


def test_every_norm_of_a_network_is_replaced():
    network = nn.Sequential(nn.Conv1d(3, 5, 1), nn.Sequential(trained(), nn.ReLU()), trained()).eval()
    x = torch.randn(2, 3, 6)
    before = network(x)
    assert replace_bn_with_fused_bn_all(network) == ["1.0", "2"]
    assert torch.allclose(network(x), before, atol=1e-6)
    assert isinstance(network[1][0], FusedBatchNorm1d)
    assert torch.allclose(network.train()(x), before, atol=1e-6)  # training does not change it


def test_what_is_no_norm_with_statistics_is_refused():
    network = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3, track_running_stats=False))
    with pytest.raises(ConfigError, match="keeps no statistics"):
        replace_bn_with_fused_bn(network, "1")
    with pytest.raises(ConfigError, match="keeps no statistics"):
        replace_bn_with_fused_bn(network, "0")
    with pytest.raises(ConfigError, match="nothing at 'x.y'"):
        replace_bn_with_fused_bn(network, "x.y")
