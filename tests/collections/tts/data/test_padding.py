import torch

from nemo.collections.tts.data.padding import mask_sequence_tensor, sort_tensor, stack_tensors, unsort_tensor


def test_stacked_tensors_are_padded_at_the_ends():
    first, second = torch.ones(2, 3), torch.full((1, 2), 2.0)
    expected = torch.tensor([[[1, 1, 1, 9], [1, 1, 1, 9]], [[2, 2, 9, 9], [9, 9, 9, 9]]]).float()
    assert torch.equal(stack_tensors([first, second], [2, 4], pad_value=9), expected)
    assert torch.equal(stack_tensors([first, first], [3]), torch.ones(2, 2, 3))


def test_padding_becomes_zero_in_any_rank():
    for size in ((2, 3), (2, 4, 3), (2, 1, 4, 3)):
        masked = mask_sequence_tensor(torch.ones(size), torch.tensor([3, 1]))
        assert masked[0].eq(1).all()
        assert masked[1, ..., :1].eq(1).all() and masked[1, ..., 1:].eq(0).all()


def test_sorted_items_can_be_put_back():
    lengths = torch.tensor([2, 5, 3])
    items = torch.arange(6.0).view(3, 2)
    ordered, sizes, order = sort_tensor(items, lengths)
    assert sizes.tolist() == [5, 3, 2]
    assert torch.equal(ordered, items[[1, 2, 0]])
    assert torch.equal(unsort_tensor(ordered, order), items)
    columns, _, order = sort_tensor(items.T, lengths, dim=1, descending=False)
    assert torch.equal(columns, items.T[:, [0, 2, 1]])
    assert torch.equal(unsort_tensor(columns, order, dim=1), items.T)
