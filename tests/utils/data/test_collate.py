"""What becomes of a list of items, value for value and type for type as with PyTorch."""

from collections import OrderedDict, UserDict, UserList, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import graphnn
from graphnn.utils.data import default_collate, default_convert
from graphnn.utils.data.collate import collate, default_collate_fn_map

Point = namedtuple("Point", ["x", "y"])


def plain(found):
    """The structure with tensors as (dtype, values), told apart from everything else."""
    if hasattr(found, "numpy") and hasattr(found, "backward"):
        return repr(found.dtype), found.tolist()
    if isinstance(found, dict | UserDict | MappingProxyType):
        return type(found), {key: plain(value) for key, value in found.items()}
    if isinstance(found, tuple | list | UserList):
        return type(found), [plain(value) for value in found]
    return type(found), found


BATCHES = [
    lambda t: [t.tensor([1, 2]), t.tensor([3, 4])],
    lambda t: [t.tensor(1.5), t.tensor(2.5)],
    lambda t: [1, 2],
    lambda t: [True, False],
    lambda t: [1.5, 2.5],
    lambda t: [1, 2.5],
    lambda t: [2.5, 1],
    lambda t: ["a", "b"],
    lambda t: [b"a", b"b"],
    lambda t: ["a", 1],
    lambda t: [np.ones(2), np.zeros(2)],
    lambda t: [np.ones((), np.float32), np.ones((), np.float32)],
    lambda t: [np.float32(1), np.float32(2)],
    lambda t: [np.int16(1), np.int16(2)],
    lambda t: [np.bool_(True)],
    lambda t: [(t.ones(2), 1, "a"), (t.zeros(2), 2, "b")],
    lambda t: [[1, t.ones(1)], [2, t.ones(1)]],
    lambda t: [{"a": 1, "b": {"c": 2.0}}, {"a": 3, "b": {"c": 4.0}}],
    lambda t: [OrderedDict(a=1), OrderedDict(a=2)],
    lambda t: [UserDict(a=1), UserDict(a=2)],
    lambda t: [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    lambda t: [UserList([1, 2]), UserList([3, 4])],
    lambda t: [Point(1, 2.0), Point(3, 4.0)],
    lambda t: [range(3), range(3)],
    lambda t: [(), ()],
]


@pytest.mark.parametrize("make", BATCHES)
def test_batches_are_pytorchs(make):
    torch = pytest.importorskip("torch")
    assert plain(default_collate(make(graphnn))) == plain(torch.utils.data.default_collate(make(torch)))


ITEMS = [
    lambda t: 1,
    lambda t: "a",
    lambda t: np.ones(2),
    lambda t: np.float32(2),
    lambda t: [np.ones(2, np.int32), 1, "a", (np.zeros(1),)],
    lambda t: {"x": np.ones(1), "y": t.ones(2)},
    lambda t: UserDict(x=np.ones(1)),
    lambda t: Point(np.ones(1), 2),
    lambda t: np.array(["a"]).tolist(),
]


@pytest.mark.parametrize("make", ITEMS)
def test_single_items_are_pytorchs(make):
    torch = pytest.importorskip("torch")
    assert plain(default_convert(make(graphnn))) == plain(torch.utils.data.default_convert(make(torch)))


REFUSED = [
    lambda t: [None, None],
    lambda t: [{1}, {2}],
    lambda t: [object()],
    lambda t: [np.array(["a"])],
    lambda t: [(1,), (1, 2)],
    lambda t: [t.ones(2), t.ones(3)],
    lambda t: [{"a": 1}, {"b": 2}],
]


@pytest.mark.parametrize("make", REFUSED)
def test_what_makes_no_batch_raises_as_pytorchs(make):
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as wanted:
        torch.utils.data.default_collate(make(torch))
    with pytest.raises(type(wanted.value)) as caught:
        default_collate(make(graphnn))
    assert " ".join(str(wanted.value).split()[:5]) in str(caught.value)


def test_a_batch_is_memory_of_its_own():
    item = graphnn.zeros(2)
    default_collate([item, item])[0].add_(1)
    assert item.tolist() == [0, 0]


def test_functions_for_other_types_can_be_given():
    class Box:
        def __init__(self, value):
            self.value = value

    table = {**default_collate_fn_map, Box: lambda batch, **_: [box.value for box in batch]}
    assert collate([(Box(1), 2.0), (Box(3), 4.0)], collate_fn_map=table)[0] == [1, 3]
