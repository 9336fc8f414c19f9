"""Datasets, samplers and the loader that makes batches of them, as `torch.utils.data`.

Enter at `DataLoader` (`loader.py`). `dataset.py` says what a dataset is and joins several; `columns.py` makes one of
tensors side by side, `subset.py` takes parts; `sampler.py` says which items come in what order; `fetch.py` reads one
batch and `collate.py` makes tensors of it; `iterator.py` goes through an epoch, on the caller's thread or with the
threads of `workers.py`.
"""

from graphnn.utils.data.collate import default_collate, default_convert
from graphnn.utils.data.columns import StackDataset, TensorDataset
from graphnn.utils.data.dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset
from graphnn.utils.data.loader import DataLoader
from graphnn.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from graphnn.utils.data.subset import Subset, random_split
from graphnn.utils.data.workers import get_worker_info

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
