"""Datasets joined, split and put side by side, with PyTorch as the oracle."""

from collections import Counter

import pytest

import graphnn
from graphnn.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from graphnn.utils import data


class Letters(data.Dataset):
    def __init__(self, letters):
        self.letters = letters

    def __len__(self):
        return len(self.letters)

    def __getitem__(self, index):
        return self.letters[index]


class Stream(data.IterableDataset):
    def __init__(self, letters):
        self.letters = letters

    def __iter__(self):
        return iter(self.letters)

    def __len__(self):
        return len(self.letters)


def test_a_tensor_dataset_gives_rows_of_all_tensors():
    dataset = data.TensorDataset(graphnn.arange(6).reshape(3, 2), graphnn.tensor([7, 8, 9]))
    assert len(dataset) == 3
    assert [part.tolist() for part in dataset[1]] == [[2, 3], 8]
    assert [part.tolist() for part in dataset[-2:]] == [[[2, 3], [4, 5]], [8, 9]]
    assert [[part.tolist() for part in item] for item in dataset.__getitems__([2, 0])] == [[[4, 5], 9], [[0, 1], 7]]


def test_rows_of_a_tensor_that_wants_gradients_pass_them_on():
    weight = graphnn.ones(3, 2, requires_grad=True)
    (batch,) = next(iter(data.DataLoader(data.TensorDataset(weight), batch_size=2)))
    batch.sum().backward()
    assert weight.grad.tolist() == [[1, 1], [1, 1], [0, 0]]


def test_what_a_subclass_makes_of_an_item_is_what_the_loader_gives():
    class Doubled(data.TensorDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] * 2

    assert next(iter(data.DataLoader(Doubled(graphnn.arange(3)), batch_size=3))).tolist() == [0, 2, 4]


def test_changing_a_batch_in_place_leaves_the_dataset_alone():
    rows = graphnn.zeros(3, 2)
    for item in data.DataLoader(data.TensorDataset(rows), batch_size=2, collate_fn=list):
        item[0][0].add_(1)
    assert rows.sum().item() == 0


@pytest.mark.parametrize("tensors", [(), (graphnn.ones(2), graphnn.ones(3)), (graphnn.ones(()),)])
def test_tensors_that_do_not_go_together_are_refused(tensors):
    with pytest.raises(ArgumentError, match="TensorDataset"):
        data.TensorDataset(*tensors)


@pytest.mark.parametrize("index", range(-5, 5))
def test_joined_datasets_are_indexed_as_one(index):
    joined = Letters("ab") + Letters("") + Letters("cde")
    assert joined[index] == "abcde"[index]
    assert len(joined) == 5
    assert joined.datasets[0].cumulative_sizes == [2, 2]


@pytest.mark.parametrize(("index", "kind"), [(5, IndexError), (-6, ValueError)])
def test_an_index_outside_of_joined_datasets_raises_as_pytorchs(index, kind):
    torch = pytest.importorskip("torch")
    for joined in (data.ConcatDataset(["ab", "cde"]), torch.utils.data.ConcatDataset(["ab", "cde"])):
        with pytest.raises(kind):
            joined[index]


def test_joined_datasets_are_at_least_one_and_no_streams():
    with pytest.raises(ArgumentError, match="should not be an empty iterable"):
        data.ConcatDataset([])
    with pytest.raises(ArgumentTypeError, match="does not support IterableDataset"):
        data.ConcatDataset([Stream("a")])


def test_streams_follow_each_other():
    chained = Stream("ab") + Stream("c")
    assert (list(chained), len(chained)) == (["a", "b", "c"], 3)
    with pytest.raises(ArgumentTypeError, match="only supports IterableDataset, not Letters"):
        list(data.ChainDataset([Letters("a")]))


def test_stacked_datasets_give_tuples_or_dicts():
    assert data.StackDataset("ab", "cd")[1] == ("b", "d")
    assert data.StackDataset(x="ab", y="cd")[0] == {"x": "a", "y": "c"}
    assert data.StackDataset("ab", "cd").__getitems__([1, 0]) == [("b", "d"), ("a", "c")]
    assert len(data.StackDataset("ab")) == 2


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), (("a", "bc"), {}), (("a",), {"x": "b"})])
def test_datasets_that_cannot_be_stacked_raise_as_pytorchs(args, kwargs):
    torch = pytest.importorskip("torch")
    for module in (data, torch.utils.data):
        with pytest.raises(ValueError):
            module.StackDataset(*args, **kwargs)


def test_a_subset_has_the_chosen_items():
    subset = data.Subset(Letters("abcde"), [4, 0, 2])
    assert ([subset[i] for i in range(3)], len(subset)) == (["e", "a", "c"], 3)
    assert subset.__getitems__([2, 0]) == ["c", "e"]
    assert data.Subset(subset, [1]).__getitems__([0]) == ["a"]


def test_a_subset_that_loaders_would_not_heed_is_refused():
    class Half(data.Subset):
        def __getitem__(self, index):
            return "changed"

    with pytest.raises(UnsupportedError, match="overrides __getitem__ but not __getitems__"):
        Half("abc", [0])


SPLITS = [(10, [3, 7]), (10, [0.33, 0.33, 0.34]), (7, [0.5, 0.5]), (5, [1.0]), (4, [4, 0]), (10, [0.1] * 10)]


@pytest.mark.parametrize(("count", "lengths"), SPLITS)
def test_a_split_has_pytorchs_sizes_and_every_item_once(count, lengths):
    torch = pytest.importorskip("torch")
    parts = data.random_split(range(count), lengths)
    assert [len(p) for p in parts] == [len(p) for p in torch.utils.data.random_split(range(count), lengths)]
    assert Counter(i for part in parts for i in part) == Counter(range(count))


def test_a_split_is_drawn_from_its_generator():
    def split(seed):
        parts = data.random_split(range(20), [10, 10], generator=graphnn.Generator().manual_seed(seed))
        return [list(part) for part in parts]

    assert split(1) == split(1) != split(2)
    assert split(1)[0] != list(range(10))


def test_an_empty_part_of_a_split_is_warned_of():
    with pytest.warns(UserWarning, match="Length of split at index 2 is 0"):
        data.random_split(range(2), [0.33, 0.33, 0.34])


@pytest.mark.parametrize("lengths", [[1, 1], [0.5, 0.6], [1.5, -0.5], []])
def test_lengths_that_do_not_add_up_raise_as_pytorchs(lengths):
    torch = pytest.importorskip("torch")
    for module in (data, torch.utils.data):
        with pytest.raises(ValueError):
            module.random_split(range(3), lengths)


def test_a_dataset_that_defines_nothing_says_what_it_lacks():
    with pytest.raises(UnsupportedError, match="should implement __getitem__"):
        data.Dataset()[0]
    with pytest.raises(TypeError, match="__iter__"):
        data.IterableDataset()


def test_the_names_of_pytorchs_package_are_there():
    torch = pytest.importorskip("torch")
    pipes = {"DFIterDataPipe", "DataChunk", "DistributedSampler", "IterDataPipe", "MapDataPipe", "_DatasetKind"}
    pipes |= {"argument_validation", "functional_datapipe", "guaranteed_datapipes_determinism", "non_deterministic"}
    pipes |= {"runtime_validation", "runtime_validation_disabled"}
    assert set(torch.utils.data.__all__) - pipes == set(data.__all__)
    assert graphnn.utils.data is data
