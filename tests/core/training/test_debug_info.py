import torch

from tests.core.training.small import fitted, lines, model


def test_dump_holds_every_parameter_and_the_gradients_of_the_first_step(tmp_path):
    made = model(dump_debug_info=True)
    before = {name: parameter.detach().clone() for name, parameter in made.named_parameters()}
    fitted(made, tmp_path)
    records = lines(tmp_path / "debug_info" / "rank_0.jsonl")
    run, parameters = records[0], [each for each in records if each["event"] == "parameter"]
    assert (run["rank"], run["world_size"], run["parameters"]) == (0, 1, 19)
    assert run["versions"]["torch"] == torch.__version__
    assert {each["name"]: each["shape"] for each in parameters} == {n: list(p.shape) for n, p in before.items()}
    for each in parameters:
        assert abs(each["norm"] - before[each["name"]].norm().item()) < 1e-6
        assert (each["dtype"], each["device"], each["requires_grad"]) == ("float32", "cpu", True)
    gradients = [each for each in records if each["event"] == "gradient"]
    assert [each["name"] for each in gradients] == list(before) and {each["step"] for each in gradients} == {0}


def test_gradient_norms_are_those_of_the_chosen_steps_with_nan_as_a_string(tmp_path):
    norms = []

    def spoil(loss, x, index):
        return loss * float("nan") if index == 2 else loss

    made = model(spoil, dump_debug_info={"gradient_steps": [1, 2]})
    made.on_after_backward = lambda: norms.append(made.decoder.bias.grad.norm().item())
    fitted(made, tmp_path)
    records = [each for each in lines(tmp_path / "debug_info" / "rank_0.jsonl") if each.get("name") == "decoder.bias"]
    gradients = {each["step"]: each["grad_norm"] for each in records if each["event"] == "gradient"}
    assert abs(gradients.pop(1) - norms[1]) < 1e-6 and gradients == {2: "nan"}


def test_false_writes_nothing(tmp_path):
    fitted(model(dump_debug_info=False), tmp_path)
    assert not (tmp_path / "debug_info").exists()
