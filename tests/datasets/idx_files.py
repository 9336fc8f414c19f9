"""Writing small IDX files, as MNIST is published."""

import gzip

import numpy as np

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    array = np.asarray(array)
    header = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim])
    dims = np.array(array.shape, ">u4").tobytes()
    return header + dims + array.astype(array.dtype.newbyteorder(">")).tobytes()


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)


def labels(count):
    return (np.arange(count) % 10).astype(np.uint8)


def write_mnist(folder, count=12, part="train", packed=False):
    """The two files of one part; the labels are 0, 1, 2, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{part}-images-idx3-ubyte", images(count)), (f"{part}-labels-idx1-ubyte", labels(count))):
        data = idx_bytes(array)
        (folder / f"{name}.gz" if packed else folder / name).write_bytes(gzip.compress(data) if packed else data)
    return folder
