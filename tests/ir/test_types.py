"""Types are interned, print as in the text, and know their sizes."""

import pickle

import numpy as np
import pytest

from graphnn.errors import DTypeError
from graphnn.ir import TensorType, dtypes
from graphnn.ir.dtypes import of_numpy
from graphnn.ir.types import scalar_type


def test_equal_types_are_one_object():
    a = TensorType(dtypes.float32, (2, 3))
    assert a is TensorType(dtypes.float32, (np.int64(2), 3)) is pickle.loads(pickle.dumps(a))
    assert a is not TensorType(dtypes.float64, (2, 3))
    assert TensorType(dtypes.float64) is not TensorType(dtypes.float64, (), True)


@pytest.mark.parametrize(
    ("type", "text", "size", "nbytes"),
    [
        (TensorType(dtypes.float32, (64, 512)), "f32[64, 512]", 32768, 131072),
        (TensorType(dtypes.bool, ()), "bool[]", 1, 1),
        (TensorType(dtypes.uint16, (3, 0)), "u16[3, 0]", 0, 0),
        (scalar_type(2.0), "f64", 1, 8),
        (scalar_type(2), "i64", 1, 8),
        (scalar_type(True), "bool", 1, 1),
    ],
)
def test_a_type_prints_and_knows_its_size(type, text, size, nbytes):
    assert (str(type), type.size, type.nbytes) == (text, size, nbytes)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=repr)
def test_a_dtype_prints_as_pytorch_s_and_is_one_object(dtype):
    assert repr(dtype) == f"torch.{dtype.numpy.name}"
    assert pickle.loads(pickle.dumps(dtype)) is dtype is of_numpy(dtype.numpy)
    assert dtype.itemsize == dtype.numpy.itemsize


def test_what_numpy_has_and_graphnn_has_not_is_refused_in_words():
    with pytest.raises(DTypeError, match="NumPy dtype complex128 has no graphnn dtype; known are bool, uint8"):
        of_numpy(np.dtype(complex))
