"""graphnn: networks written as in PyTorch, traced once into a graph, rewritten, planned into one arena and run.

Enter with `graphnn.trace` (a model becomes a Graph to read and rewrite) or `graphnn.compile` (the same call, planned).
Names load when they are first used (PEP 562), so that importing graphnn costs little.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnn.tensor.creation import tensor as tensor

__version__ = "0.1.0"

_SUBMODULES = (
    *("accelerator", "autodiff", "autograd", "cuda", "datasets", "errors", "interop", "io", "ir", "nn", "optim", "ops"),
    *("functional", "linalg", "passes", "special", "plan", "tensor", "tools", "transforms", "utils"),
)
_HOMES = {
    "graphnn.tensor.tensor": ("Tensor",),
    "graphnn.tensor.size": ("Size",),
    "graphnn.tensor.creation": (
        *("arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "get_default_dtype"),
        *("linspace", "ones", "ones_like", "set_default_dtype", "zeros", "zeros_like"),
    ),
    "graphnn.tensor.random": (
        *("Generator", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"),
    ),
    "graphnn.tensor.sampling": (
        *("normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"),
    ),
    "graphnn.tensor.drawing": ("binomial", "multinomial", "poisson"),
    "graphnn.tensor.typename": ("typename",),
    "graphnn.tensor.typeinfo": ("can_cast", "finfo", "iinfo", "promote_types", "result_type"),
    "graphnn.autodiff.modes": (
        *("enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad"),
        "set_grad_enabled",
    ),
    "graphnn.ir.dtypes": (
        *("bfloat16", "bool", "double", "float", "float16", "float32", "float64", "half", "int", "int16", "int32"),
        *("int64", "int8", "long", "short", "uint16", "uint32", "uint64", "uint8"),
    ),
    "graphnn.tensor.windows": (
        *("bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window", "logspace"),
    ),
    "graphnn.tensor.settings": (
        *("are_deterministic_algorithms_enabled", "get_default_device", "get_float32_matmul_precision"),
        *("is_deterministic_algorithms_warn_only_enabled", "set_default_device", "set_float32_matmul_precision"),
        "use_deterministic_algorithms",
    ),
    "graphnn.nn.functional": (
        *("adaptive_avg_pool1d", "adaptive_max_pool1d", "alpha_dropout", "avg_pool1d", "bilinear", "celu", "celu_"),
        *("channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
        *(
            "cosine_similarity",
            "dropout",
            "feature_alpha_dropout",
            "group_norm",
            "hardshrink",
            "layer_norm",
            "max_pool1d",
        ),
        *("max_pool2d", "max_pool3d", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu"),
        *("rms_norm", "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_"),
    ),
    "graphnn.printing": ("get_printoptions", "printoptions", "set_printoptions"),
    "graphnn.threads": ("get_num_threads", "set_num_threads"),
    "graphnn.io": ("load", "save"),
    "graphnn.tracing": ("trace",),
    "graphnn.compiler": ("compile",),
}
_ALIASES = {
    "device": ("graphnn.tensor.device", "Device"),
    "dtype": ("graphnn.ir.dtypes", "DType"),
}
_PLACES = {name: (home, name) for home, names in _HOMES.items() for name in names} | _ALIASES


def __getattr__(name: str) -> Any:
    found = _load(name)
    globals()[name] = found
    return found


def _load(name: str) -> Any:
    if name in _SUBMODULES and find_spec(f"graphnn.{name}") is not None:
        return import_module(f"graphnn.{name}")
    if name in _PLACES:
        home, inner = _PLACES[name]
        module = import_module(home)
        return getattr(module, inner) if hasattr(module, inner) else import_module(f"{home}.{inner}")
    if not name.startswith("_"):
        functions = import_module("graphnn.tensor.functions")
        if name in functions.__all__:
            return getattr(functions, name)
    raise AttributeError(f"module 'graphnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    functions = import_module("graphnn.tensor.functions")
    submodules = [name for name in _SUBMODULES if find_spec(f"graphnn.{name}") is not None]
    return sorted({*globals(), *submodules, *_PLACES, *functions.__all__})
