"""The text of a tensor is PyTorch's, character for character; PyTorch itself is the oracle."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphnn.errors import ArgumentError
from graphnn.printing import format_parameter, format_tensor, get_printoptions, printoptions, set_printoptions

torch: Any = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
SHAPES = [(), (1,), (7,), (40,), (2, 3), (3, 30), (1, 1, 1), (2, 1, 4, 3)]
SUMMARISED_SHAPES = [(1001,), (20, 51), (3, 400), (9, 5, 30), (2, 7, 8, 10)]
EMPTY_SHAPES = [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 0)]
SPECIAL_VALUES = [0.0, -0.0, math.nan, math.inf, -math.inf]
BORDER_VALUES = [1.0, 0.5, -0.25, 1e-4, 9.99e-5, 1e8, 1.5e8, 1000.0, 1001.0, 5e-324]


@pytest.fixture(autouse=True)
def _default_printoptions() -> Iterator[None]:
    yield
    set_both(profile="default")


def set_both(**changes: Any) -> None:
    set_printoptions(**changes)
    torch.set_printoptions(**changes)


def check(array: np.ndarray) -> None:
    assert format_tensor(array) == str(torch.from_numpy(array))


def sample(shape: tuple[int, ...], dtype: str, scale: float = 1.0) -> np.ndarray:
    drawn = np.random.default_rng(math.prod(shape)).standard_normal(math.prod(shape)).reshape(shape) * scale
    return np.asarray(drawn > 0 if dtype == "bool" else np.abs(drawn) if dtype == "uint8" else drawn, dtype=dtype)


def float_arrays() -> st.SearchStrategy[np.ndarray]:
    def elements(dtype: Any) -> st.SearchStrategy[np.ndarray]:
        numbers = hnp.from_dtype(np.dtype(dtype), allow_subnormal=False)
        with np.errstate(over="ignore", under="ignore"):
            special = st.sampled_from([np.dtype(dtype).type(value).item() for value in SPECIAL_VALUES + BORDER_VALUES])
        small = st.integers(-2000, 2000).map(float)
        small_fractions = st.integers(-2000, 2000).map(lambda count: count / 64)
        shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)
        kinds = st.sampled_from([numbers, special, small, small_fractions, special | small, numbers | special])
        return kinds.flatmap(lambda kind: hnp.arrays(dtype, shapes, elements=kind))

    return st.sampled_from(["float16", "float32", "float64"]).flatmap(elements)


@pytest.mark.parametrize("shape", SHAPES + SUMMARISED_SHAPES + EMPTY_SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_prints_every_dtype_and_shape_as_pytorch(dtype: str, shape: tuple[int, ...]) -> None:
    check(sample(shape, dtype, scale=30.0))


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e-4, 1e-3, 1e-2, 1.0, 50.0, 1e3, 1e6, 1e9, 1e30])
@pytest.mark.parametrize("shape", [(), (6,), (4, 5), (50, 60)], ids=str)
def test_prints_every_magnitude_as_pytorch(shape: tuple[int, ...], scale: float) -> None:
    check(sample(shape, "float32", scale))
    check(np.asarray(np.round(sample(shape, "float64", scale))))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0], "tensor([1., 2.])"),
        ([1.5, math.nan], "tensor([1.5000,    nan])"),
        ([0.0, math.inf], "tensor([0., inf])"),
        ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
        ([[0.1148, 0.0039]], "tensor([[0.1148, 0.0039]])"),
        ([], "tensor([])"),
    ],
)
def test_prints_the_texts_that_users_know(values: list[Any], text: str) -> None:
    assert format_tensor(np.array(values, dtype=np.float32)) == text


@given(float_arrays())
def test_prints_any_float_array_as_pytorch(array: np.ndarray) -> None:
    check(array)


@given(hnp.arrays(st.sampled_from(["bool", "uint8", "int32", "int64"]), hnp.array_shapes(min_dims=0, max_side=12)))
def test_prints_any_integer_array_as_pytorch(array: np.ndarray) -> None:
    check(array)


@given(
    array=float_arrays(),
    precision=st.integers(0, 8),
    threshold=st.integers(0, 40) | st.just(math.inf),
    edgeitems=st.integers(0, 4),
    linewidth=st.integers(10, 120),
    sci_mode=st.sampled_from([None, True, False]),
)
def test_follows_every_print_option_as_pytorch(array: np.ndarray, **changes: Any) -> None:
    set_both(**changes)
    check(array)
    tracked = torch.from_numpy(array).requires_grad_()
    assert format_tensor(array, requires_grad=True) == str(tracked)
    assert format_tensor(array, grad_fn_name="MulBackward0") == str(tracked * 1)


@pytest.mark.parametrize("width", range(1, 24))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_breaks_the_line_before_a_suffix_where_pytorch_does(dtype: str, width: int) -> None:
    array = sample((2, width), dtype)
    leaf = torch.from_numpy(array).requires_grad_()
    assert format_tensor(array, requires_grad=True) == str(leaf)
    assert format_tensor(array, grad_fn_name="CloneBackward0") == str(leaf.clone())
    assert format_tensor(array, grad_fn_name="CloneBackward0", requires_grad=True) == str(leaf.clone())


@pytest.mark.parametrize("shape", [(), (0,), (3,), (5, 4), (40, 50)], ids=str)
def test_prints_parameters_as_pytorch(shape: tuple[int, ...]) -> None:
    array = sample(shape, "float32")
    tensor = torch.from_numpy(array)
    assert format_parameter(array) == str(torch.nn.Parameter(tensor))
    assert format_parameter(array, requires_grad=False) == str(torch.nn.Parameter(tensor, requires_grad=False))


@pytest.mark.parametrize("shape", [(3,), (0,), (0, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_leaves_out_the_default_dtype_whichever_it_is(dtype: str, shape: tuple[int, ...]) -> None:
    array = sample(shape, dtype)
    torch.set_default_dtype(torch.float64)
    try:
        expected = str(torch.from_numpy(array))
    finally:
        torch.set_default_dtype(torch.float32)
    assert format_tensor(array, default_dtype="float64") == expected


def test_names_the_dtype_that_an_array_stands_for() -> None:
    array = np.array([1.0, -2.5], dtype=np.float32)
    assert format_tensor(array, dtype_name="bfloat16") == str(torch.from_numpy(array).bfloat16())


@pytest.mark.parametrize("profile", ["default", "short", "full"])
def test_follows_the_profiles_as_pytorch(profile: str) -> None:
    set_both(precision=7, linewidth=50, edgeitems=1)
    set_both(profile=profile)
    check(sample((30, 40), "float32"))


def test_print_options_add_up_but_sci_mode_is_set_anew() -> None:
    set_both(sci_mode=True)
    set_both(precision=2)
    set_both(linewidth=60)
    check(sample((4, 20), "float32"))
    assert get_printoptions().sci_mode is None


def test_printoptions_hold_for_a_block_and_end_with_it() -> None:
    before = get_printoptions()
    with printoptions(precision=1):
        assert format_tensor(np.array([0.25], np.float32)) == "tensor([0.2])"
    assert get_printoptions() == before


def test_printoptions_end_with_a_block_that_fails() -> None:
    before = get_printoptions()
    with pytest.raises(ZeroDivisionError), printoptions(precision=1):
        _ = 1 / 0
    assert get_printoptions() == before


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match="got profile 'long', wanted one of 'default', 'short', 'full'"):
        set_printoptions(profile="long")


def test_prints_views_by_their_own_order() -> None:
    base = sample((60, 70), "float32")
    check(base.T)
    check(base[::2, 10:14])
    check(np.broadcast_to(base[:1], (50, 70)).copy())
    assert format_tensor(np.broadcast_to(base[:1], (50, 70))) == str(torch.from_numpy(base[:1]).expand(50, 70))


def test_a_summary_looks_only_at_what_it_shows() -> None:
    array = sample((512, 784), "float32")
    array[3:-3, :] = math.inf
    array[:, 3:-3] = 1e30
    check(array)
    assert "e" not in format_tensor(array).removeprefix("tensor")
