import copy

import pytest
import torch

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import EMAOptimizer

STEPS = 7


def parameters(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in ((3, 2), (4,))]


def trained(weights, steps=STEPS, optimizer=None, **kwargs):
    """Steps towards random targets; returns the optimizer and the weights before and after each step."""
    generator = torch.Generator().manual_seed(1)
    optimizer = optimizer or EMAOptimizer(torch.optim.Adam(weights, lr=0.1), **kwargs)
    history = [[weight.detach().clone() for weight in weights]]
    for _ in range(steps):
        optimizer.zero_grad()
        sum((weight * torch.randn(weight.shape, generator=generator)).sum() for weight in weights).backward()
        optimizer.step()
        history.append([weight.detach().clone() for weight in weights])
    return optimizer, history


def equal(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_the_average_is_its_closed_form(decay, every):
    weights = parameters()
    optimizer, history = trained(weights, decay=decay, every_n_steps=every)
    seen = [history[step + 1] for step in range(STEPS) if step % every == 0]
    for index, average in enumerate(optimizer.ema_params):
        closed = decay ** len(seen) * history[0][index]
        for place, values in enumerate(seen, start=1):
            closed = closed + (1 - decay) * decay ** (len(seen) - place) * values[index]
        torch.testing.assert_close(average, closed, rtol=1e-12, atol=1e-12)


def test_the_training_is_that_of_the_optimizer_inside():
    _, averaged = trained(parameters(), decay=0.9)
    plain = parameters()
    _, bare = trained(plain, optimizer=torch.optim.Adam(plain, lr=0.1))
    assert all(equal(ours, theirs) for ours, theirs in zip(averaged, bare, strict=True))


def test_swapping_brings_every_bit_back():
    weights = parameters(torch.float32)
    optimizer, history = trained(weights, decay=0.9)
    with optimizer.swap_ema_weights():
        assert optimizer.average_is_in_model
        assert equal(weights, optimizer.ema_params)
        with optimizer.swap_ema_weights(enabled=False):
            assert equal(weights, history[-1])
        assert equal(weights, optimizer.ema_params)
    assert equal(weights, history[-1])


def test_a_swap_in_inference_mode_leaves_tensors_that_can_be_trained():
    weights = parameters(torch.float32)
    optimizer, _ = trained(weights, decay=0.9)
    with torch.inference_mode():
        optimizer.put_average()
    optimizer.put_back()
    trained(weights, steps=1, optimizer=optimizer)
    assert not any(weight.is_inference() for weight in weights)


def test_before_the_first_step_there_is_nothing_to_swap():
    weights = parameters()
    optimizer = EMAOptimizer(torch.optim.SGD(weights, lr=0.1))
    with optimizer.swap_ema_weights():
        assert not optimizer.average_is_in_model
    assert optimizer.ema_params == ()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_average_of_half_precision_weights_is_kept_in_full(dtype):
    weights = parameters(dtype)
    optimizer, history = trained(weights, steps=200, decay=0.999)
    average = history[0][1].float()
    for step in history[1:]:
        average = 0.999 * average + (1 - 0.999) * step[1].float()
    assert optimizer.ema_params[1].dtype == torch.float32
    torch.testing.assert_close(optimizer.ema_params[1], average, rtol=1e-5, atol=1e-6)
    with optimizer.swap_ema_weights():
        assert torch.equal(weights[1], optimizer.ema_params[1].to(dtype))


def test_state_has_the_keys_of_the_original_and_continues_to_the_bit():
    weights = parameters(torch.float32)
    optimizer, _ = trained(weights, steps=3, decay=0.9, every_n_steps=2)
    state = copy.deepcopy(optimizer.state_dict())
    assert set(state) == {"opt", "ema", "current_step", "decay", "every_n_steps"}
    assert (state["current_step"], state["decay"], state["every_n_steps"]) == (3, 0.9, 2)

    other = [torch.nn.Parameter(weight.detach().clone()) for weight in weights]
    resumed = EMAOptimizer(torch.optim.Adam(other, lr=0.5), decay=0.5)
    resumed.load_state_dict(state)
    trained(weights, optimizer=optimizer)
    trained(other, optimizer=resumed)
    assert resumed.current_step == optimizer.current_step == 3 + STEPS
    assert equal(optimizer.ema_params, resumed.ema_params)
    assert equal(weights, other)


def test_while_the_average_is_in_the_model_the_state_shares_its_memory():
    weights = parameters()
    optimizer, _ = trained(weights, decay=0.9)
    values = [value.clone() for value in optimizer.ema_params]
    with optimizer.swap_ema_weights():
        saved = optimizer.state_dict()["ema"]
        assert [value.data_ptr() for value in saved] == [weight.data_ptr() for weight in weights]
        assert equal(saved, values)


def test_a_plain_state_begins_a_new_average():
    weights = parameters()
    plain = torch.optim.Adam(weights, lr=0.1)
    trained(weights, optimizer=plain)
    optimizer, _ = trained(parameters(), decay=0.9)
    optimizer.load_state_dict(plain.state_dict())
    assert optimizer.ema_params == ()


def test_another_models_average_is_refused():
    optimizer, _ = trained(parameters(), decay=0.9)
    other = EMAOptimizer(torch.optim.Adam([torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(4))]))
    with pytest.raises(ConfigError, match=r"number 0 is \[3, 2\], not \[2, 3\]. Resume with the model"):
        other.load_state_dict(optimizer.state_dict())


def test_parameters_added_later_are_averaged_from_then_on():
    weights = parameters()
    optimizer, _ = trained(weights, decay=0.9)
    more = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer.add_param_group({"params": [more]})
    more.grad = torch.ones(2, dtype=torch.float64)
    before = more.detach().clone()
    optimizer.step()
    assert len(optimizer.ema_params) == 3
    torch.testing.assert_close(optimizer.ema_params[2], 0.9 * before + 0.1 * more.detach(), rtol=1e-12, atol=1e-12)


def test_schedules_and_copies_work():
    weights = parameters()
    optimizer = EMAOptimizer(torch.optim.SGD(weights, lr=0.1), decay=0.9)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    trained(weights, steps=1, optimizer=optimizer)
    schedule.step()
    assert optimizer.optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
    assert len(copy.deepcopy(optimizer).ema_params) == 2
    assert optimizer.defaults["lr"] == 0.1
