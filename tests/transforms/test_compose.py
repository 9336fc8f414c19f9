"""Transforms of transforms, how they print, and the tutorial's own use of them."""

from collections import Counter

import numpy as np
import pytest

import graphnn
from graphnn import datasets, nn, transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import functional as F
from graphnn.utils.data import DataLoader
from tests.datasets.idx_files import images, write_mnist


def add(amount):
    return lambda x: x + amount


def test_transforms_follow_each_other():
    assert transforms.Compose([add(1), lambda x: x * 10])(2) == 30
    assert transforms.Compose([])(2) == 2
    assert transforms.Lambda(add(1))(2) == 3


def test_modules_follow_each_other_in_a_sequential():
    chain = nn.Sequential(transforms.Pad(1), transforms.ConvertImageDtype(), transforms.Normalize(0.5, 0.5))
    assert chain(graphnn.full((1, 1, 1), 255, dtype=graphnn.uint8)).tolist() == [[[-1] * 3, [-1, 1, -1], [-1] * 3]]


def counted(transform, given=0, count=400):
    graphnn.manual_seed(0)
    return Counter(transform(given) for _ in range(count))


def test_all_or_none_are_applied_at_random():
    counts = counted(transforms.RandomApply([add(1), add(10)], p=0.25))
    assert set(counts) == {0, 11}
    assert abs(counts[11] - 100) < 5 * 8.7


def test_one_is_chosen_at_random():
    counts = counted(transforms.RandomChoice([add(1), add(2), add(3)], p=[1, 0, 3]))
    assert set(counts) == {1, 3}
    assert abs(counts[1] - 100) < 5 * 8.7
    assert set(counted(transforms.RandomChoice([add(1), add(2)]))) == {1, 2}


def test_all_are_applied_in_random_order():
    both = transforms.RandomOrder([add(1), lambda x: x * 10])
    assert set(counted(both, 2)) == {(2 + 1) * 10, 2 * 10 + 1}


PRINTED = [
    (
        transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))]),
        "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.25,))\n)",
    ),
    (transforms.Resize(5), "Resize(size=5, interpolation=bilinear, max_size=None, antialias=True)"),
    (transforms.CenterCrop(3), "CenterCrop(size=(3, 3))"),
    (transforms.Pad(3), "Pad(padding=3, fill=0, padding_mode=constant)"),
    (transforms.RandomCrop(3, padding=1), "RandomCrop(size=(3, 3), padding=1)"),
    (transforms.RandomHorizontalFlip(), "RandomHorizontalFlip(p=0.5)"),
    (transforms.RandomVerticalFlip(0.3), "RandomVerticalFlip(p=0.3)"),
    (
        transforms.RandomResizedCrop(5),
        "RandomResizedCrop(size=(5, 5), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, antialias=True)",
    ),
    (transforms.Lambda(abs), "Lambda()"),
    (transforms.Grayscale(), "Grayscale(num_output_channels=1)"),
    (transforms.RandomGrayscale(), "RandomGrayscale(p=0.1)"),
    (transforms.RandomInvert(), "RandomInvert(p=0.5)"),
    (transforms.ConvertImageDtype(), "ConvertImageDtype()"),
    (transforms.PILToTensor(), "PILToTensor()"),
    (transforms.ToPILImage(), "ToPILImage()"),
    (transforms.ToPILImage("L"), "ToPILImage(mode=L)"),
    (transforms.FiveCrop(3), "FiveCrop(size=(3, 3))"),
    (transforms.TenCrop(3), "TenCrop(size=(3, 3), vertical_flip=False)"),
    (transforms.ColorJitter(0.1), "ColorJitter(brightness=(0.9, 1.1), contrast=None, saturation=None, hue=None)"),
    (
        transforms.RandomErasing(),
        "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False)",
    ),
    (
        transforms.RandomApply([transforms.Pad(1)]),
        "RandomApply(\n    p=0.5\n    Pad(padding=1, fill=0, padding_mode=constant)\n)",
    ),
    (
        transforms.RandomChoice([transforms.Pad(1)]),
        "RandomChoice(\n    Pad(padding=1, fill=0, padding_mode=constant)\n)(p=None)",
    ),
    (
        transforms.RandomRotation(10),
        "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)",
    ),
    (
        transforms.RandomAffine((0, 10), (0.1, 0.2), shear=5, fill=3),
        "RandomAffine(degrees=[0.0, 10.0], translate=(0.1, 0.2), shear=[-5.0, 5.0], fill=3)",
    ),
    (transforms.GaussianBlur(3), "GaussianBlur(kernel_size=(3, 3), sigma=(0.1, 2.0))"),
    (transforms.RandomOrder([transforms.Pad(1)]), "RandomOrder(\n    Pad(padding=1, fill=0, padding_mode=constant)\n)"),
]


@pytest.mark.parametrize(("transform", "text"), PRINTED, ids=[text.split("(")[0] for _, text in PRINTED])
def test_they_print_as_torchvisions(transform, text):
    assert repr(transform) == text


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: transforms.Lambda(3), ArgumentTypeError, "lambd should be callable, got 'int'"),
        (lambda: transforms.RandomOrder(3), ArgumentTypeError, "should be a sequence"),
        (lambda: transforms.RandomChoice([add(1)], p=[1, 2]), ArgumentError, "1 transforms want as many probabilities"),
    ],
)
def test_wrong_arguments_are_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_every_name_is_torchvisions():
    assert set(transforms.__all__) - {"functional"} <= {
        *("CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "FiveCrop", "Grayscale", "InterpolationMode"),
        *("GaussianBlur", "RandomAffine", "RandomRotation"),
        *("Lambda", "Normalize", "PILToTensor", "Pad", "RandomApply", "RandomChoice", "RandomCrop", "RandomErasing"),
        *("RandomGrayscale", "RandomHorizontalFlip", "RandomInvert", "RandomOrder", "RandomResizedCrop"),
        *("RandomVerticalFlip", "Resize", "TenCrop", "ToPILImage", "ToTensor"),
    }
    assert all(hasattr(F, name) for name in F.__all__)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_tutorials_loader_gives_normalized_batches(tmp_path, workers):
    write_mnist(tmp_path / "FashionMNIST" / "raw", count=12)
    transform = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
    )
    data = datasets.FashionMNIST(root=tmp_path, train=True, download=True, transform=transform)
    batches = [(x, y) for x, y in DataLoader(data, batch_size=8, num_workers=workers)]
    assert [(list(x.shape), y.tolist()) for x, y in batches] == [
        ([8, 1, 32, 32], [0, 1, 2, 3, 4, 5, 6, 7]),
        ([4, 1, 32, 32], [8, 9, 0, 1]),
    ]
    plain = datasets.FashionMNIST(tmp_path, transform=transforms.ToTensor())
    np.testing.assert_allclose(plain[3][0].numpy()[0], images(12)[3] / 255, rtol=1e-6)


@pytest.mark.parametrize("shuffle", [False, True])
def test_augmented_batches_are_the_same_with_any_number_of_workers(tmp_path, shuffle):
    write_mnist(tmp_path, count=12)
    transform = transforms.Compose(
        [transforms.RandomCrop(28, 4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    )

    def epoch(workers):
        graphnn.manual_seed(5)
        data = datasets.MNIST(tmp_path, transform=transform)
        return [x.numpy().tobytes() for x, _ in DataLoader(data, 4, shuffle=shuffle, num_workers=workers)]

    assert epoch(0) == epoch(1) == epoch(3)
    assert len(set(epoch(0))) == 3
