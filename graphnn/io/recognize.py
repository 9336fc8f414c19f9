"""What a file is that is not what its name says, told by its first bytes."""

from pathlib import Path

_OPENINGS = (
    (b"PK\x03\x04", "a zip archive, as .npz files and PyTorch's .pt files are"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a single NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x02", "a pickle, which graphnn never reads"),
    (b"\x80\x03", "a pickle, which graphnn never reads"),
    (b"\x80\x04", "a pickle, which graphnn never reads"),
    (b"\x80\x05", "a pickle, which graphnn never reads"),
    (b"version https://git-lfs", "a Git LFS pointer: the contents have not been fetched"),
    (b"<", "a web page or XML"),
)


def recognize(path: Path) -> str:
    """A clause to end an error with, such as `; it looks like a gzip file`; empty where nothing is known."""
    with path.open("rb") as file:
        start = file.read(32)
    if not start:
        return "; it is empty"
    if start[8:9] == b"{" and path.suffix.lower() != ".safetensors":
        return "; it looks like a safetensors file"
    return next((f"; it looks like {what}" for opening, what in _OPENINGS if start.startswith(opening)), "")
