"""Every elementwise op, spelled in C for vectors and for single elements, against its NumPy kernel on its samples."""

import numpy as np
import pytest

from graphnn.backends.native.expressions import constant
from graphnn.ir import dtypes
from graphnn.ir.registry import OPS, Trait
from tests.backends.native.elementwise_c import Case, case_of, compile_cases, function_text, run_case
from tests.ops.rows import Row
from tests.ops.samples import ROWS
from tests.ops.table import apply

NAMES = sorted(n for n, row in ROWS.items() if Trait.ELEMENTWISE in row.rule.traits and n != "fused")
REFUSED = {"floor_divide", "div_floor", "div_trunc", "remainder", "fmod", "pow"}  # integers: zeros are to be tested for


def cases_of(row: Row) -> list[Case]:
    found = []
    for sample in row.samples:
        (wanted,) = apply(row, sample.args, sample.attrs)
        if wanted.size and any(isinstance(a, np.ndarray) for a in sample.args):
            found.append(case_of(row, sample, wanted))
    return found


def is_spelled(case: Case) -> bool:
    return function_text(case, "f", "v", "1") is not None


@pytest.fixture(scope="module")
def compiled():
    cases = [case for name in NAMES for case in cases_of(ROWS[name]) if is_spelled(case)]
    return cases, compile_cases(cases)


def test_only_refusals_of_integers_have_no_spelling():
    left = {case.row.op for name in NAMES for case in cases_of(ROWS[name]) if not is_spelled(case)}
    assert left <= REFUSED


@pytest.mark.parametrize("name", NAMES)
def test_gives_what_the_numpy_kernel_gives(name, compiled):
    cases, library = compiled
    for case in cases:
        if case.row.op == name:
            for form in "vs":
                assert_same(run_case(library, case, form), case)


def assert_same(found: np.ndarray, case: Case) -> None:
    given = ", ".join(str(getattr(a, "dtype", a)) for a in case.sample.args)
    narrow = {"float16": 1e-3, "bfloat16": 8e-3}.get(found.dtype.name, 0.0)
    np.testing.assert_allclose(
        found.astype(np.float64),
        case.out.astype(np.float64),
        rtol=max(case.row.rtol, narrow),
        atol=case.row.atol,
        err_msg=f"{case.row.op}({given}) {dict(case.sample.attrs)}",
    )


# ---- constants


def test_constants_are_rounded_to_their_dtype():
    assert constant(0.1, dtypes.float32, "s") == "0x1.99999a0000000p-4f"
    assert constant(0.1, dtypes.float64, "s") == "0x1.999999999999ap-4"
    assert constant(1e9, dtypes.float16, "s") == "INFINITY"


def test_constants_of_integers_wrap_around():
    assert constant(300, dtypes.uint8, "s") == "44"
    assert constant(200, dtypes.int8, "s") == "-56"
    assert constant(-(2**63), dtypes.int64, "s") == "INT64_MIN"
    assert constant(-1, dtypes.uint64, "s") == "18446744073709551615ull"


def test_constants_that_are_no_numbers():
    assert constant(float("nan"), dtypes.float32, "s") == "NAN"
    assert constant(float("-inf"), dtypes.float64, "v") == "gn_splat_f64v(-INFINITY)"


# ---- dtypes


FLOATS = np.array([0.0, -0.0, 1.5, -1.5, 2.5, 1e-8, 65504.0, 65519.0, 65520.0, 1e10, -1e30, np.inf, -np.inf, np.nan])
WIDE = np.concatenate(
    [FLOATS, [6e-8, 2.9e-8, 3.1e-8, 6.1e-5, 1 + 2**-11, 1 + 2**-11 + 2**-40, 1 + 2**-8, 0.1, 3e9, 2e19]]
)


def sources() -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        floats = [WIDE.astype(d.numpy) for d in dtypes.ALL if d.is_floating_point]
    limits = [np.iinfo(d.numpy) for d in dtypes.ALL if d.category == 1]
    integers = [np.array([i.min, i.max, i.max // 3, 0, 1, 2, 99], i.dtype) for i in limits]
    return [*floats, *integers, np.array([True, False, True])]


def defined(source: np.ndarray, target: dtypes.DType) -> np.ndarray:
    """Floats that no dtype of integers can hold are left out: what NumPy makes of them goes by the machine."""
    if source.dtype.kind in "biu" or target.is_floating_point or target is dtypes.bool:
        return source
    limits, numbers = np.iinfo(target.numpy), source.astype(np.float64)
    return source[np.isfinite(numbers) & (numbers > limits.min - 1.0) & (numbers < limits.max)]


def test_casts_as_numpy_does():
    row, cases = ROWS["cast"], []
    for source in sources():
        for target in dtypes.ALL:
            x = defined(source, target)
            with np.errstate(all="ignore"):
                wanted = np.asarray(OPS["cast"](x, dtype=target))
            sample = type(row.samples[0])((x,), {"dtype": target})
            cases.append(case_of(row, sample, wanted))
    library = compile_cases(cases)
    for case in cases:
        for form in "vs":
            found = run_case(library, case, form)
            message = f"{case.arrays[0].dtype} to {found.dtype}, {form}"
            np.testing.assert_array_equal(found.astype(np.float64), case.out.astype(np.float64), err_msg=message)
