import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.asr.inference.chunk_plan import Chunk, plan_chunks
from tests.collections.asr.inference.examples import some


@some
@given(st.integers(1, 500), st.integers(1, 8), st.integers(2, 20), st.data(), st.floats(0, 1))
def test_what_is_kept_of_the_chunks_joins_without_gap_or_repeat(frames, unit, size_units, data, left_share):
    overlap = data.draw(st.integers(0, (size_units - 1) * unit))
    chunks = plan_chunks(frames, size_units * unit, overlap, unit, left_share)
    assert chunks[0].kept_from == 0 and chunks[-1].kept_to == frames == chunks[-1].stop
    for chunk in chunks:
        assert chunk.start <= chunk.kept_from <= chunk.kept_to <= chunk.stop
        assert chunk.start % unit == chunk.kept_from % unit == 0
        assert chunk.stop - chunk.start <= size_units * unit
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert before.kept_to == after.kept_from
        assert before.stop - after.start >= overlap
        # the cut shares each overlap as asked, to a unit
        shared = before.start + size_units * unit - after.start
        assert left_share * shared <= after.kept_from - after.start + 1e-9
        assert after.kept_from - after.start <= left_share * shared + unit


def test_an_example_as_numbers():
    assert plan_chunks(26, size=10, overlap=4, unit=2) == [
        Chunk(0, 10, 0, 8), Chunk(6, 16, 8, 14), Chunk(12, 22, 14, 20), Chunk(16, 26, 20, 26),
    ]  # fmt: skip


def test_what_fits_is_one_chunk():
    assert plan_chunks(10, size=10, overlap=9) == [Chunk(0, 10, 0, 10)]


def test_chunks_that_do_not_advance_are_refused():
    with pytest.raises(ValueError, match="chunks of 8 frames cannot overlap by 8"):
        plan_chunks(100, size=9, overlap=7, unit=4)
