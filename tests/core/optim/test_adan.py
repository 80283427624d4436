import numpy as np
import pytest
import torch

from nemo.core.optim.adan import Adan


@pytest.mark.parametrize("no_prox", [False, True])
def test_update_is_the_paper_s_rule(no_prox):
    rng = np.random.default_rng(0)
    weights, grads = rng.normal(size=4), rng.normal(size=(5, 4))
    rate, (b1, b2, b3), eps, decay = 0.05, (0.9, 0.8, 0.7), 1e-8, 0.1
    ours = torch.nn.Parameter(torch.tensor(weights))
    optimizer = Adan([ours], lr=rate, betas=(b1, b2, b3), eps=eps, weight_decay=decay, no_prox=no_prox)
    expected, m, v, n, previous = weights.copy(), 0.0, 0.0, 0.0, grads[0]
    for step, grad in enumerate(grads, start=1):
        ours.grad = torch.tensor(grad)
        optimizer.step()
        difference, previous = grad - previous, grad
        m = b1 * m + (1 - b1) * grad
        v = b2 * v + (1 - b2) * difference
        n = b3 * n + (1 - b3) * (grad + b2 * difference) ** 2
        update = (m / (1 - b1**step) + b2 * v / (1 - b2**step)) / (np.sqrt(n / (1 - b3**step)) + eps)
        if no_prox:
            expected = expected * (1 - rate * decay) - rate * update
        else:
            expected = (expected - rate * update) / (1 + rate * decay)
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-10)


def test_gradients_are_clipped_by_their_common_norm():
    params = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    optimizer = Adan(params, max_grad_norm=1.0)
    for param, grad in zip(params, (3.0, 4.0), strict=True):
        param.grad = torch.tensor([grad, 0.0])
    optimizer.step()
    kept = [optimizer.state[param]["pre_grad"][0].item() for param in params]
    assert kept == pytest.approx([0.6, 0.8])


def test_restart_forgets_the_past():
    param = torch.nn.Parameter(torch.zeros(2))
    optimizer = Adan([param])
    param.grad = torch.ones(2)
    optimizer.step()
    optimizer.restart_opt()
    assert not optimizer.state
    assert optimizer.param_groups[0]["step"] == 0


@pytest.mark.parametrize("kwargs", [{"lr": -1.0}, {"betas": (0.9, 0.9)}, {"betas": (0.9, 0.9, 1.0)}])
def test_values_out_of_range_are_refused(kwargs):
    with pytest.raises(ValueError, match="Adan: .* expected"):
        Adan([torch.nn.Parameter(torch.zeros(1))], **kwargs)
