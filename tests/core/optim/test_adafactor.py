import logging

import numpy as np
import pytest
import torch

from nemo.core.optim.adafactor import Adafactor


def test_vector_update_is_the_paper_s_rule():
    rng = np.random.default_rng(0)
    weights, grads = rng.normal(size=6), rng.normal(size=(4, 6))
    ours = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float32))
    optimizer = Adafactor([ours], clip_threshold=1.0, decay_rate=0.8)
    expected, moment = weights.copy(), np.zeros(6)
    for step, grad in enumerate(grads, start=1):
        ours.grad = torch.tensor(grad, dtype=torch.float32)
        optimizer.step()
        decay = 1 - step**-0.8
        moment = decay * moment + (1 - decay) * (grad**2 + 1e-30)
        update = grad / np.sqrt(moment)
        update /= max(1.0, np.sqrt((update**2).mean()))
        scale = max(1e-3, np.sqrt((expected**2).mean()))
        expected = expected - scale * min(1e-2, step**-0.5) * update
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-5)


def test_matrix_keeps_only_rows_and_columns():
    param = torch.nn.Parameter(torch.ones(5, 3))
    optimizer = Adafactor([param])
    param.grad = torch.ones(5, 3)
    optimizer.step()
    state = optimizer.state[param]
    assert (state["exp_avg_sq_row"].shape, state["exp_avg_sq_col"].shape) == ((5,), (3,))
    assert "exp_avg_sq" not in state


def test_half_precision_parameters_keep_a_single_precision_state():
    param = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    optimizer = Adafactor([param], beta1=0.9)
    param.grad = torch.ones(4, dtype=torch.bfloat16)
    optimizer.step()
    assert param.dtype == torch.bfloat16
    assert optimizer.state[param]["exp_avg"].dtype == torch.float32


def test_sign_of_decay_rate_does_not_matter():
    results = []
    for sign in (-1, 1):
        param = torch.nn.Parameter(torch.ones(3))
        optimizer = Adafactor([param], decay_rate=sign * 0.8)
        for grad in (1.0, 2.0):
            param.grad = torch.full((3,), grad)
            optimizer.step()
        results.append(param.detach())
    assert torch.equal(*results)


def test_lr_and_relative_step_exclude_each_other():
    with pytest.raises(ValueError, match="relative_step"):
        Adafactor([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with pytest.raises(ValueError, match="warmup_init"):
        Adafactor([torch.nn.Parameter(torch.zeros(1))], lr=0.1, relative_step=False, warmup_init=True)


def test_shrinking_rate_of_a_scaled_fixed_lr_is_announced(caplog):
    with caplog.at_level(logging.WARNING):
        Adafactor([torch.nn.Parameter(torch.zeros(1))], lr=0.1, relative_step=False)
    assert "optim.scale_parameter=false" in caplog.text
