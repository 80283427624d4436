import torch

from nemo.collections.nlp.modules import SequenceClassifier, SequenceRegression, SequenceTokenClassifier

STATES = torch.randn(3, 5, 8)


def test_a_classifier_uses_the_state_of_one_token():
    head = SequenceClassifier(hidden_size=8, num_classes=4, num_layers=2, log_softmax=False, idx_conditioned_on=1)
    mlp = head.mlp
    expected = mlp.layer2(torch.relu(mlp.layer0(STATES[:, 1])))
    torch.testing.assert_close(head(hidden_states=STATES), expected)
    assert list(head.output_types) == ["logits"]


def test_log_softmax_gives_probabilities():
    head = SequenceClassifier(hidden_size=8, num_classes=4, log_softmax=True)
    torch.testing.assert_close(head(hidden_states=STATES).exp().sum(dim=-1), torch.ones(3))
    assert list(head.output_types) == ["log_probs"]


def test_first_weights_are_normal_with_a_deviation_of_two_hundredths():
    weight = SequenceClassifier(hidden_size=200, num_classes=3).mlp.layer0.weight.detach()
    assert abs(float(weight.std()) - 0.02) < 0.001


def test_regression_gives_one_number_for_each_text():
    head = SequenceRegression(hidden_size=8, num_layers=1)
    expected = STATES[:, 0] @ head.mlp.layer0.weight[0] + head.mlp.layer0.bias
    torch.testing.assert_close(head(hidden_states=STATES), expected)


def test_two_heads_classify_the_text_and_each_token():
    head = SequenceTokenClassifier(hidden_size=8, num_intents=2, num_slots=6, num_layers=1)
    intents, slots = head(hidden_states=STATES)
    torch.testing.assert_close(intents, head.intent_mlp.layer0(STATES[:, 0]))
    torch.testing.assert_close(slots, head.slot_mlp.layer0(STATES))
