"""Linear algebra of matrices and batches of them, under the names of PyTorch's `torch.linalg`.

Users enter at `graphnn.linalg`. `norms.py` measures, `solving.py` inverts and solves, `factorizing.py` takes matrices
apart, `products.py` multiplies. Each function brings its arguments to the form of one op of `graphnn.ops`, or composes
several; so all of them are traced, compiled and differentiated as anything else.
"""

from graphnn.errors import LinAlgError
from graphnn.tensor.linalg.factorizing import (
    cholesky,
    cholesky_ex,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    qr,
    svd,
    svdvals,
)
from graphnn.tensor.linalg.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from graphnn.tensor.linalg.products import (
    cross,
    diagonal,
    householder_product,
    matmul,
    matrix_exp,
    matrix_power,
    multi_dot,
    vander,
    vecdot,
)
from graphnn.tensor.linalg.solving import (
    det,
    inv,
    inv_ex,
    lstsq,
    pinv,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
