"""nn.utils.rnn: packing, padding and taking apart, as PyTorch does."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn.errors import ArgumentError, TraceError
from graphnn.nn.utils import rnn
from tests.nn.both import array, check_same_failure

torch = pytest.importorskip("torch")
LIBRARIES = (graphnn, torch)


def tensor(library: Any, *shape: int, seed: int = 0) -> Any:
    values = np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)
    return library.tensor(values, requires_grad=True)


def sequences(library: Any, *lengths: int) -> list[Any]:
    return [tensor(library, length, 2, seed=i) for i, length in enumerate(lengths)]


def module_of(library: Any) -> Any:
    return library.nn.utils.rnn


def assert_same(ours: Any, theirs: Any) -> None:
    if theirs is None:
        assert ours is None
        return
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_array_equal(array(ours), array(theirs))


PACKINGS: list[tuple[list[int], dict[str, Any]]] = [
    ([4, 3, 1], {}),
    ([2, 2, 2], {}),
    ([2, 4, 3], {"enforce_sorted": False}),
    ([1, 1, 4], {"enforce_sorted": False, "batch_first": True}),
]


@pytest.mark.parametrize(("lengths", "options"), PACKINGS)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_packing_and_padding_again(lengths: list[int], options: dict[str, Any], as_tensor: bool):
    found = []
    for library in LIBRARIES:
        shape = (3, 4, 2) if options.get("batch_first") else (4, 3, 2)
        x = tensor(library, *shape)
        packed = module_of(library).pack_padded_sequence(
            x, library.tensor(lengths) if as_tensor else lengths, **options
        )
        padded, count = module_of(library).pad_packed_sequence(
            packed, batch_first=True, padding_value=-1, total_length=5
        )
        (padded * padded).sum().backward()
        found.append([*packed, padded, count, x.grad])
    for ours, theirs in zip(*found, strict=True):
        assert_same(ours, theirs)
    assert str(rnn.PackedSequence(*found[0][:4])).startswith("PackedSequence(data=tensor(")


def test_a_packed_sequence_prints_as_in_pytorch():
    texts = [
        str(module_of(lib).pack_sequence([lib.tensor([1.0, 2.0]), lib.tensor([3.0])], enforce_sorted=False))
        for lib in LIBRARIES
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "options", [{}, {"batch_first": True}, {"padding_value": 3.5}, {"padding_side": "left"}], ids=str
)
def test_padding_a_list_of_sequences(options: dict[str, Any]):
    found = []
    for library in LIBRARIES:
        given = sequences(library, 2, 4, 1)
        padded = module_of(library).pad_sequence(given, **options)
        (padded * padded).sum().backward()
        found.append([padded, *(s.grad for s in given)])
    for ours, theirs in zip(*found, strict=True):
        assert_same(ours, theirs)


def test_padding_integers_keeps_their_dtype():
    ours, theirs = (
        module_of(lib).pad_sequence([lib.tensor([1, 2]), lib.tensor([3])], padding_value=7) for lib in LIBRARIES
    )
    assert_same(ours, theirs)


@pytest.mark.parametrize("batch_first", [False, True])
def test_taking_a_padded_batch_apart(batch_first: bool):
    for library in LIBRARIES:
        given = sequences(library, 2, 4, 1)
        padded = module_of(library).pad_sequence(given, batch_first=batch_first)
        parts = module_of(library).unpad_sequence(padded, library.tensor([2, 4, 1]), batch_first=batch_first)
        for a, b in zip(parts, given, strict=True):
            assert_same(a, b)


@pytest.mark.parametrize("lengths", [(4, 2, 2), (2, 4, 1)])
def test_unpacking_gives_the_sequences_in_their_order(lengths: tuple[int, ...]):
    for library in LIBRARIES:
        given = sequences(library, *lengths)
        packed = module_of(library).pack_sequence(given, enforce_sorted=lengths[0] == 4)
        for a, b in zip(module_of(library).unpack_sequence(packed), given, strict=True):
            assert_same(a, b)


def test_packing_and_unpacking_while_tracing():
    def double(*given: Any) -> Any:
        packed = rnn.pack_sequence(list(given), enforce_sorted=False)
        return rnn.unpack_sequence(packed.with_data(packed.data * 2.0))

    given = sequences(graphnn, 2, 4, 1)
    for a, b in zip(graphnn.compile(double)(*given), given, strict=True):
        np.testing.assert_array_equal(array(a), 2 * array(b))


def test_the_permutation_that_undoes_one():
    ours, theirs = (module_of(lib).invert_permutation(lib.tensor([2, 0, 3, 1])) for lib in LIBRARIES)
    assert_same(ours, theirs)
    assert rnn.invert_permutation(None) is None


def test_a_packed_sequence_is_made_of_its_fields_or_of_a_pair():
    for library in LIBRARIES:
        data, sizes = library.tensor([1.0, 2.0, 3.0]), library.tensor([2, 1])
        packed = module_of(library).PackedSequence((data, sizes))
        assert packed.data is data
        assert packed.batch_sizes is sizes
        assert packed._fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
        indexed = module_of(library).PackedSequence(data, sizes, library.tensor([1, 0]))
        assert indexed.unsorted_indices.tolist() == [1, 0]


def test_conversions_reach_the_data_alone():
    for library in LIBRARIES:
        packed = module_of(library).pack_sequence([library.tensor([1.0, 2.0]), library.tensor([3.0])])
        assert packed.double().data.dtype == library.float64
        assert packed.long().data.dtype == library.int64
        assert packed.double().batch_sizes is packed.batch_sizes
        assert packed.float() is packed
        assert packed.to("cpu") is packed
        assert packed.cpu() is packed
        assert not packed.is_cuda


def test_copies_know_their_batch_sizes():
    packed = rnn.pack_sequence([graphnn.zeros(3), graphnn.zeros(1)])
    for made in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed)), packed._replace(data=packed.data + 1)):
        assert isinstance(made, rnn.PackedSequence)
        assert made.sizes == (2, 1, 1)


def test_packing_has_pytorchs_grad_fn():
    names = [
        module_of(lib).pack_padded_sequence(tensor(lib, 4, 3, 2), [4, 3, 1]).data.grad_fn.name() for lib in LIBRARIES
    ]
    assert names[0] == names[1]
    names = [
        module_of(lib).pad_packed_sequence(module_of(lib).pack_sequence(sequences(lib, 4, 3)))[0].grad_fn.name()
        for lib in LIBRARIES
    ]
    assert names[0].endswith("CopySlices")
    assert names[1].endswith("CopySlices")


# ---- what is refused

FAILURES = [
    lambda lib: module_of(lib).pack_padded_sequence(lib.zeros(4, 3, 2), [4, 3]),
    lambda lib: module_of(lib).pack_padded_sequence(lib.zeros(4, 3, 2), [4, 3, 0]),
    lambda lib: module_of(lib).pack_padded_sequence(lib.zeros(0, 3, 2), [4, 3, 1]),
    lambda lib: module_of(lib).pad_sequence([]),
    lambda lib: module_of(lib).pad_sequence(3),
    lambda lib: module_of(lib).pad_sequence([lib.zeros(2)], padding_side="x"),
    lambda lib: module_of(lib).pad_packed_sequence(module_of(lib).pack_sequence([lib.zeros(3)]), total_length=2),
]


@pytest.mark.parametrize("build", FAILURES)
def test_what_pytorch_refuses_is_refused_in_its_words(build: Any):
    check_same_failure(build)


def test_lengths_that_grow_are_refused_with_the_way_out():
    for library in LIBRARIES:
        with pytest.raises(RuntimeError, match="You can pass `enforce_sorted=False` to pack_padded_sequence"):
            module_of(library).pack_padded_sequence(library.zeros(4, 3, 2), [2, 3, 4])


def test_lengths_beyond_the_batch_are_refused():
    with pytest.raises(ArgumentError, match="a sequence of length 5 asked for, but the padded batch has 4 steps"):
        rnn.pack_padded_sequence(graphnn.zeros(4, 2), [5, 3])


def test_sequences_of_different_widths_are_refused():
    with pytest.raises(RuntimeError, match=r"may differ in their first dimension only, got f32\[2, 3\] at entry 0"):
        rnn.pad_sequence([graphnn.zeros(2, 3), graphnn.zeros(2, 4)])


def test_lengths_that_a_trace_cannot_read_are_refused():
    with pytest.raises(TraceError, match="read as lengths of sequences"):
        graphnn.trace(lambda x, n: rnn.pack_padded_sequence(x, n).data, graphnn.zeros(4, 2), graphnn.tensor([4, 3]))
