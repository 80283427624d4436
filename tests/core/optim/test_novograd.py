"""NovoGrad against the paper's update rule written out for one tensor (Ginsburg et al., 2019, algorithm 1)."""

import numpy as np
import pytest
import torch

from nemo.core.optim.novograd import Novograd


def test_update_is_the_paper_s_rule():
    rng = np.random.default_rng(0)
    weights, grads = rng.normal(size=(3, 2)), rng.normal(size=(5, 3, 2))
    rate, beta1, beta2, decay, eps = 0.1, 0.9, 0.5, 0.01, 1e-8

    ours = torch.nn.Parameter(torch.tensor(weights))
    optimizer = Novograd([ours], lr=rate, betas=(beta1, beta2), weight_decay=decay, eps=eps)
    expected, momentum, moment = weights.copy(), np.zeros_like(weights), None
    for grad in grads:
        ours.grad = torch.tensor(grad)
        optimizer.step()
        squared = (grad**2).sum()
        moment = squared if moment is None else beta2 * moment + (1 - beta2) * squared
        momentum = beta1 * momentum + grad / (np.sqrt(moment) + eps) + decay * expected
        expected = expected - rate * momentum
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-12)


def test_luc_keeps_the_update_within_the_trust_ratio():
    param = torch.nn.Parameter(torch.full((4,), 3.0))
    before = param.detach().clone()
    optimizer = Novograd([param], lr=1.0, luc=True, luc_trust=1e-3)
    param.grad = torch.ones(4)
    optimizer.step()
    assert torch.norm(param.detach() - before).item() == pytest.approx(1e-3 * before.norm().item(), rel=1e-3)


def test_amsgrad_never_divides_by_less_than_before():
    param = torch.nn.Parameter(torch.zeros(1))
    optimizer = Novograd([param], amsgrad=True, betas=(0.0, 0.5))
    for grad in (10.0, 0.1, 0.1, 0.1):
        param.grad = torch.tensor([grad])
        optimizer.step()
    assert optimizer.state[param]["max_exp_avg_sq"].item() == pytest.approx(100.0)


def test_parameters_without_gradient_stay_as_they_are():
    used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = Novograd([used, unused])
    used.grad = torch.ones(2)
    optimizer.step()
    assert torch.equal(unused.detach(), torch.ones(2))
    assert not torch.equal(used.detach(), torch.ones(2))


@pytest.mark.parametrize("kwargs", [{"lr": -1.0}, {"eps": -1e-8}, {"betas": (1.0, 0.5)}, {"betas": (0.9, -0.1)}])
def test_values_out_of_range_are_refused(kwargs):
    with pytest.raises(ValueError, match="Novograd: .* expected"):
        Novograd([torch.nn.Parameter(torch.zeros(1))], **kwargs)


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = Novograd(embedding.parameters())
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        optimizer.step()
