"""float32 functions over the whole range of floats, in units in the last place of what float64 gives."""

import ctypes
import itertools
import math

import numpy as np
import pytest

from tests.backends.native.elementwise_c import compile_c

STRIDE = 40_009  # a prime: every so many floats is tried, bits and signs of all kinds
EDGES = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-45, -1e-45, 3.4e38, 1e4, 1e8, 88.72, -103.9, 0.92, 0.625]
)
WIDTHS = (4, 8, 16)


def sigmoid(x):
    z = np.exp(-np.abs(x))
    return np.where(x < 0, z, 1.0) / (1.0 + z)


def silu(x):
    """0 where exp(-x) is infinite in float32, or nearly."""
    return np.where((x < -88.3763) & np.isfinite(x), -0.0, x / (1.0 + np.exp(-x)))


def falling(x):
    """exp(-|x|), 0 from 87 on."""
    return np.where(np.abs(x) > 87, 0.0, np.exp(-np.abs(x)))


CALLS = {"exp_falling": "exp_falling_f32?(-gn_abs_f32?(x))"}  # what is not called with x itself

FUNCTIONS = {
    "exp_falling": (falling, 1.5),
    "exp": (np.exp, 1.5),
    "exp2": (np.exp2, 1.5),
    "expm1": (np.expm1, 1.5),
    "log": (np.log, 1.5),
    "log1p": (np.log1p, 1.5),
    "log2": (np.log2, 1.0),
    "log10": (np.log10, 1.0),
    "sqrt": (np.sqrt, 0.5),
    "rsqrt": (lambda x: 1.0 / np.sqrt(x), 1.5),
    "sin": (np.sin, 2.0),
    "cos": (np.cos, 2.0),
    "tanh": (np.tanh, 2.0),
    "erf": (np.vectorize(math.erf, otypes=[float]), 2.0),
    "sigmoid": (sigmoid, 3.0),
    "silu": (silu, 3.0),
    "floor": (np.floor, 0.0),
    "ceil": (np.ceil, 0.0),
    "round": (np.rint, 0.0),
    "trunc": (np.trunc, 0.0),
}


def loop(name: str, call: str, form: str) -> str:
    step = "GN_LANES" if form == "v" else "1"
    arguments = "const float *a, const float *b, float *y, long n"
    load = f"f32{form} x = gn_load_f32{form}(a + i), z = gn_load_f32{form}(b + i);"
    body = f"{load} (void)z; gn_store_f32{form}(y + i, gn_{call.replace('?', form)});"
    return f"void {name}_{form}({arguments}) {{ for (long i = 0; i < n; i += {step}) {{ {body} }} }}\n"


@pytest.fixture(scope="module", params=WIDTHS)
def library(request):
    calls = {name: f"{name}_f32?(x)" for name in FUNCTIONS} | CALLS | {"power": "pow_f32?(x, z)"}
    return compile_c([loop(name, call, form) for name, call in calls.items() for form in "vs"], request.param)


def run(library, name: str, form: str, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    pointers = (ctypes.c_void_p(a.ctypes.data) for a in (x, z, out))
    library.function(f"{name}_{form}")(*pointers, ctypes.c_long(x.size))
    return out


def sweep() -> np.ndarray:
    bits = np.arange(0, 2**32, STRIDE, dtype=np.uint64).astype(np.uint32)
    return np.concatenate([bits[: bits.size // 16 * 16].view(np.float32), EDGES.astype(np.float32)])


def ulps(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The distance in units in the last place; 0 where both are the same infinity or NaN."""
    with np.errstate(all="ignore"):
        nearest = wanted.astype(np.float32)
        unit = np.spacing(np.minimum(np.abs(nearest), np.finfo(np.float32).max)).astype(np.float64)
        distance = np.abs(found.astype(np.float64) - wanted) / unit
    same = (found == nearest) & ~np.isfinite(distance) | np.isnan(found) & np.isnan(wanted)
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def worst(found: np.ndarray, wanted: np.ndarray, x: np.ndarray) -> str:
    at = int(np.argmax(ulps(found, wanted)))
    return f"at {x[at]!r}: {found[at]!r}, wanted {wanted[at]!r}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_is_within_its_units_of_the_last_place(name, library):
    exact, limit = FUNCTIONS[name]
    x = sweep()
    with np.errstate(all="ignore"):
        wanted = exact(x.astype(np.float64))
    for form in "vs":
        found = run(library, name, form, x, x)
        assert ulps(found, wanted).max() <= limit, worst(found, wanted, x)
        zeros = found == 0
        np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(wanted[zeros]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_elements_have_the_bits_of_vectors(name, library):
    x = sweep()
    vectors, singles = (run(library, name, form, x, x) for form in "vs")
    same = (vectors.view(np.uint32) == singles.view(np.uint32)) | np.isnan(vectors) & np.isnan(singles)
    assert same.all(), x[~same][:5]


def test_powers_are_within_a_unit_of_the_last_place(library):
    rng = np.random.default_rng(3)
    x = np.exp2(rng.uniform(-126, 127, 1 << 16)).astype(np.float32)
    z = (rng.uniform(-150, 128, x.size) / np.log2(np.maximum(x.astype(np.float64), 1e-300))).astype(np.float32)
    wanted = np.power(x.astype(np.float64), z.astype(np.float64))
    for form in "vs":
        found = run(library, "power", form, x, z)
        assert ulps(found, wanted).max() <= 1.0, worst(found, wanted, x)


def test_powers_of_numbers_at_the_edges(library):
    edges = [np.nan, np.inf, 0.0, 1.0, 0.5, 1.5, 2.0, 3.0, 1e-40, 3e38, 16777215.0, 16777216.0, 1e-3]
    numbers = [*edges, *(-e for e in edges)]
    pairs = np.array(list(itertools.product(numbers, numbers)), np.float32)
    pairs = np.concatenate([pairs, np.ones((-len(pairs) % 16, 2), np.float32)])
    x, z = (np.ascontiguousarray(column) for column in pairs.T)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), z.astype(np.float64)).astype(np.float32)
    for form in "vs":
        found = run(library, "power", form, x, z)
        assert ulps(found, wanted.astype(np.float64)).max() <= 1.0, worst(found, wanted.astype(np.float64), pairs)
        np.testing.assert_array_equal(np.signbit(found[found == 0]), np.signbit(wanted[found == 0]))
