"""The loader: PyTorch's batches, the same with any number of workers, errors in their place and with their traceback."""

import gc
import threading
import time
import traceback
import weakref
from collections import Counter

import pytest

import graphnn
from graphnn.errors import ArgumentError, DataLoaderError
from graphnn.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    get_worker_info,
)

WORKERS = (0, 1, 2, 5)


class Squares(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        if not 0 <= index < 10:
            raise IndexError(index)
        return graphnn.tensor(index), index * index


class Noise(Dataset):
    """Items that are drawn at random, some more slowly than others."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        time.sleep(0.002 * (index % 3))
        return graphnn.rand(2)


class Count(IterableDataset):
    """0, 1, 2, ... below `stop`, shared out among the workers."""

    def __init__(self, stop):
        self.stop = stop

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.stop) if info is None else range(info.id, self.stop, info.num_workers))

    def __len__(self):
        return self.stop


def listed(loader):
    return [[part.tolist() for part in batch] if isinstance(batch, list) else batch.tolist() for batch in loader]


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": 20},
        {"batch_size": 20, "drop_last": True},
        {"batch_size": 4, "sampler": [5, 1, 2, 7, 3]},
        {"batch_sampler": [[1, 2], [3], [9, 8, 7]]},
        {"batch_size": None, "sampler": [3, 1]},
    ],
    ids=str,
)
def test_batches_and_their_number_are_pytorchs(workers, options):
    torch = pytest.importorskip("torch")

    class Theirs(Squares):
        def __getitem__(self, index):
            return torch.tensor(index), index * index

    ours = DataLoader(Squares(), num_workers=workers, **options)
    theirs = torch.utils.data.DataLoader(Theirs(), **options)
    if options.get("batch_size", 1) is None:
        assert [(int(a), b) for a, b in ours] == [(int(a), b) for a, b in theirs]
    else:
        assert listed(ours) == listed(theirs)
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("workers", WORKERS)
def test_shuffling_gives_every_item_once_in_another_order_each_epoch(workers):
    graphnn.manual_seed(0)
    loader = DataLoader(TensorDataset(graphnn.arange(50)), batch_size=7, shuffle=True, num_workers=workers)
    epochs = [[i for (batch,) in loader for i in batch.tolist()] for _ in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(50))] * 2
    assert epochs[0] != epochs[1]
    assert list(range(50)) not in epochs


def epochs_from_a_seed(workers, seed=3, **options):
    graphnn.manual_seed(seed)
    loader = DataLoader(Noise(), batch_size=2, num_workers=workers, **options)
    found = []
    for _ in range(2):
        for batch in loader:
            found += [batch.tolist(), graphnn.rand(1).item()]  # draws of the loop's own in between
    return found


@pytest.mark.parametrize("workers", WORKERS[1:])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_same_seed_gives_the_same_numbers_with_any_number_of_workers(workers, shuffle):
    assert epochs_from_a_seed(workers, shuffle=shuffle) == epochs_from_a_seed(0, shuffle=shuffle)
    assert epochs_from_a_seed(workers, shuffle=shuffle) != epochs_from_a_seed(workers, seed=4, shuffle=shuffle)


@pytest.mark.parametrize("options", [{"prefetch_factor": 4}, {"persistent_workers": True}])
def test_how_workers_are_kept_changes_no_number(options):
    assert epochs_from_a_seed(2, shuffle=True, **options) == epochs_from_a_seed(0, shuffle=True)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_generator_of_the_loaders_own_decides_alone(workers):
    def numbers(default_seed):
        graphnn.manual_seed(default_seed)
        generator = graphnn.Generator().manual_seed(1)
        return [b.tolist() for b in DataLoader(Noise(), 3, shuffle=True, num_workers=workers, generator=generator)]

    assert numbers(0) == numbers(1)


def test_every_item_of_an_epoch_draws_numbers_of_its_own():
    numbers = [x for batch in DataLoader(Noise(), batch_size=1) for x in batch[0].tolist()]
    assert len(set(numbers)) == len(numbers)


def test_reading_leaves_the_default_stream_alone_but_for_one_draw_an_epoch():
    def after(count):
        graphnn.manual_seed(0)
        list(DataLoader(TensorDataset(graphnn.arange(count)), shuffle=True))
        return graphnn.rand(1).item()

    assert after(3) == after(300)


# ---- streams


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("options", [{"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}])
def test_streams_are_read_to_their_end(workers, options):
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.IterableDataset):
        def __init__(self, shares):
            self.shares = shares

        def __iter__(self):
            return iter(self.shares)

    found = [
        batch.tolist() if options["batch_size"] else batch
        for batch in DataLoader(Count(10), num_workers=workers, **options)
    ]
    shares = [range(10)] if workers == 0 else [range(i, 10, workers) for i in range(workers)]
    expected = [list(torch.utils.data.DataLoader(Theirs(share), **options)) for share in shares]
    if options["batch_size"]:
        expected = [[batch.tolist() for batch in share] for share in expected]
    in_turn = [share[i] for i in range(10) for share in expected if i < len(share)]
    assert found == in_turn


def test_a_stream_begins_anew_each_epoch():
    loader = DataLoader(Count(4), batch_size=2, num_workers=2, persistent_workers=True)
    assert listed(loader) == listed(loader) == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    ("options", "count"), [({}, 10), ({"batch_size": 4}, 3), ({"batch_size": 4, "drop_last": True}, 2)]
)
def test_the_length_of_a_stream_is_what_it_claims(options, count):
    assert len(DataLoader(Count(10), **options)) == count


# ---- workers


def test_workers_know_who_they_are_and_begin_with_the_init_function():
    begun, seen = [], set()

    class Who(Squares):
        def __getitem__(self, index):
            info = get_worker_info()
            seen.add((info.id, info.num_workers, info.dataset is dataset, threading.current_thread() is not main))
            return index

    dataset, main = Who(), threading.current_thread()
    list(DataLoader(dataset, num_workers=3, worker_init_fn=begun.append))
    assert sorted(begun) == [0, 1, 2]
    assert seen == {(i, 3, True, True) for i in range(3)}
    assert get_worker_info() is None


def test_persistent_workers_are_begun_once_and_others_each_epoch():
    for persistent, times in ((True, 1), (False, 3)):
        begun = []
        loader = DataLoader(Squares(), num_workers=2, worker_init_fn=begun.append, persistent_workers=persistent)
        for _ in range(3):
            list(loader)
        assert Counter(begun) == {0: times, 1: times}


def test_workers_read_ahead_as_far_as_they_are_told_and_no_farther():
    read = []

    class Watched(Squares):
        def __len__(self):
            return 100

        def __getitem__(self, index):
            read.append(index)
            return index

    batches = iter(DataLoader(Watched(), batch_size=1, num_workers=2, prefetch_factor=3))
    next(batches)
    deadline = time.monotonic() + 10
    while len(read) < 7 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert sorted(read) == list(range(7))


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("graphnn data loader")]


def wait_for_no_threads():
    deadline = time.monotonic() + 10
    while loader_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    return not loader_threads()


def test_workers_end_with_the_epoch():
    list(DataLoader(Squares(), num_workers=3))
    assert wait_for_no_threads()


def test_workers_end_when_the_loop_is_left_and_let_go_of_the_dataset():
    dataset = Squares()
    alive = weakref.ref(dataset)
    for _ in DataLoader(dataset, num_workers=3):
        break
    del dataset
    gc.collect()
    assert wait_for_no_threads()
    gc.collect()
    assert alive() is None


def test_persistent_workers_end_with_the_loader():
    loader = DataLoader(Squares(), num_workers=3, persistent_workers=True)
    list(loader)
    assert len(loader_threads()) == 3
    del loader
    gc.collect()
    assert wait_for_no_threads()


def test_two_epochs_of_persistent_workers_can_go_on_side_by_side_or_be_left():
    loader = DataLoader(Squares(), batch_size=5, num_workers=2, persistent_workers=True)
    pairs = [(a[0].tolist(), b[0].tolist()) for a, b in zip(loader, loader, strict=True)]
    assert pairs == [([0, 1, 2, 3, 4],) * 2, ([5, 6, 7, 8, 9],) * 2]
    next(iter(loader))
    assert len(list(loader)) == 2


# ---- errors


class Broken(Squares):
    def __getitem__(self, index):
        if index == 4:
            raise LookupError("no item 4")
        return index


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_comes_in_its_place_and_the_epoch_goes_on_behind_it(workers):
    batches = iter(DataLoader(Broken(), batch_size=2, num_workers=workers))
    assert [next(batches).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(LookupError, match="no item 4"):
        next(batches)
    assert [batch.tolist() for batch in batches] == [[6, 7], [8, 9]]


def test_an_error_in_a_worker_has_its_traceback_and_says_where_it_was():
    with pytest.raises(LookupError) as caught:
        list(DataLoader(Broken(), batch_size=2, num_workers=2))
    text = "".join(traceback.format_exception(caught.value))
    assert 'raise LookupError("no item 4")' in text
    assert "raised in data loader worker 0 of 2, in batch 2, whose indices are [4, 5]" in text


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_of_the_sampler_comes_behind_the_batches_before_it(workers):
    def indices():
        yield from (1, 2)
        raise LookupError("no more")

    batches = iter(DataLoader(Squares(), sampler=indices(), num_workers=workers))
    assert [next(batches)[0].tolist() for _ in range(2)] == [[1], [2]]
    with pytest.raises(LookupError, match="no more"):
        next(batches)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_item_that_raises_stop_iteration_does_not_end_the_loop_unseen(workers):
    class Stops(Squares):
        def __getitem__(self, index):
            raise StopIteration

    with pytest.raises(DataLoaderError, match=r"StopIteration for \[0\]"):
        list(DataLoader(Stops(), num_workers=workers))


def test_an_init_function_that_fails_is_told():
    def fail(worker):
        raise LookupError(f"worker {worker}")

    with pytest.raises(LookupError, match="worker 0"):
        list(DataLoader(Squares(), num_workers=2, worker_init_fn=fail))


def test_a_stream_that_cannot_begin_is_told():
    class Closed(IterableDataset):
        def __iter__(self):
            raise LookupError("closed")

    for workers in (0, 2):
        with pytest.raises(LookupError, match="closed"):
            list(DataLoader(Closed(), num_workers=workers))


def test_a_worker_that_takes_too_long_is_named():
    released = threading.Event()

    class Waits(Squares):
        def __getitem__(self, index):
            released.wait(10)
            return index

    batches = iter(DataLoader(Waits(), num_workers=1, timeout=0.01))
    with pytest.raises(DataLoaderError, match=r"timed out after 0\.01 seconds: worker 0"):
        next(batches)
    released.set()


@pytest.mark.parametrize(
    "options",
    [
        {"num_workers": -1},
        {"timeout": -1},
        {"prefetch_factor": 2},
        {"num_workers": 1, "prefetch_factor": -1},
        {"persistent_workers": True},
        {"sampler": [0], "shuffle": True},
        {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_sampler": [[0]], "drop_last": True},
        {"batch_sampler": [[0]], "shuffle": True},
        {"batch_size": None, "drop_last": True},
        {"batch_size": 0},
        {"batch_size": 2.0},
        {"drop_last": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["map", "stream"])
def test_options_that_contradict_each_other_raise_as_pytorchs(options, kind):
    torch = pytest.importorskip("torch")
    theirs = [1, 2] if kind == "map" else type("S", (torch.utils.data.IterableDataset,), {"__iter__": iter})()
    ours = [1, 2] if kind == "map" else Count(2)
    with pytest.raises(ValueError) as wanted:
        torch.utils.data.DataLoader(theirs, **options)
    with pytest.raises(ArgumentError) as caught:
        DataLoader(ours, **options)
    assert str(caught.value).split()[0] == str(wanted.value).split()[0]


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}], ids=str)
def test_a_stream_has_its_own_order(options):
    with pytest.raises(
        ArgumentError, match=f"DataLoader with IterableDataset: expected unspecified {next(iter(options))}"
    ):
        DataLoader(Count(2), **options)


def test_what_decides_the_batches_cannot_be_set_later():
    loader = DataLoader(Squares())
    with pytest.raises(ArgumentError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader.batch_size = 2
    loader.collate_fn = len
    assert next(iter(loader)) == 1


def test_the_loader_shows_its_samplers():
    loader = DataLoader(Squares(), batch_size=2, shuffle=True)
    assert isinstance(loader.sampler, RandomSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert isinstance(DataLoader(Squares()).sampler, SequentialSampler)
    assert (loader.batch_size, loader.num_workers, loader.drop_last, loader.prefetch_factor) == (2, 0, False, None)


@pytest.mark.parametrize("workers", [0, 2])
def test_gradients_are_recorded_or_not_as_where_the_epoch_began(workers):
    class Scaled(Squares):
        def __getitem__(self, index):
            return weight * index

    weight = graphnn.ones(1, requires_grad=True)
    assert all(batch.requires_grad for batch in DataLoader(Scaled(), num_workers=workers))
    with graphnn.no_grad():
        assert not any(batch.requires_grad for batch in DataLoader(Scaled(), num_workers=workers))
