"""What the parity table does not show of losses: names of gradients, errors, weights of the functions, CTC itself."""

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.errors import GraphnnError
from graphnn.nn import functional as F
from graphnn.tensor.creation import tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, tensor=tensor, float64=graphnn.float64)
RNG = np.random.default_rng(0)
X, Y, P, Q = (RNG.uniform(0.05, 0.95, (3, 4)).astype("f4") for _ in range(4))
SIGNS = np.where(Y > 0.5, 1, -1).astype("f4")
LABELS = np.array([[0, 1, -1, 0]] * 3)
SCORES = np.log(RNG.dirichlet(np.ones(4), (5, 2))).astype("f4")

CALLS = {
    "l1": lambda f, a, t, r: f.l1_loss(a, t(Y), reduction=r),
    "mse": lambda f, a, t, r: f.mse_loss(a, t(Y), reduction=r),
    "smooth_l1": lambda f, a, t, r: f.smooth_l1_loss(a, t(Y), reduction=r),
    "smooth_l1, straight": lambda f, a, t, r: f.smooth_l1_loss(a, t(Y), reduction=r, beta=0.0),
    "huber": lambda f, a, t, r: f.huber_loss(a, t(Y), reduction=r),
    "kl_div": lambda f, a, t, r: f.kl_div(a, t(Y), reduction=r),
    "kl_div, logarithms": lambda f, a, t, r: f.kl_div(a, t(Y), reduction=r, log_target=True),
    "bce": lambda f, a, t, r: f.binary_cross_entropy(a, t(Y), reduction=r),
    "bce with logits": lambda f, a, t, r: f.binary_cross_entropy_with_logits(a, t(Y), reduction=r),
    "soft_margin": lambda f, a, t, r: f.soft_margin_loss(a, t(SIGNS), reduction=r),
    "hinge": lambda f, a, t, r: f.hinge_embedding_loss(a, t(SIGNS), reduction=r),
    "cosine": lambda f, a, t, r: f.cosine_embedding_loss(a, t(Y), t(SIGNS[:, 0]), reduction=r),
    "multilabel_margin": lambda f, a, t, r: f.multilabel_margin_loss(a, t(LABELS), reduction=r),
    "multi_margin": lambda f, a, t, r: f.multi_margin_loss(a, t(np.array([0, 1, 3])), reduction=r),
    "multilabel_soft_margin": lambda f, a, t, r: f.multilabel_soft_margin_loss(a, t(Y), reduction=r),
    "poisson": lambda f, a, t, r: f.poisson_nll_loss(a, t(Y), reduction=r),
    "gaussian": lambda f, a, t, r: f.gaussian_nll_loss(a, t(Y), t(P), reduction=r),
    "ctc": lambda f, a, t, r: f.ctc_loss(
        (a.sum() * 0 + t(SCORES)), t(np.array([[1, 2], [1, 1]])), (5, 4), (2, 2), reduction=r
    ),
}


def applied(t, name, reduction):
    leaf = t.tensor(X)
    leaf.requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CALLS[name](t.nn.functional, leaf, t.tensor, reduction)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CALLS)
def test_gradients_have_pytorchs_names(name, reduction):
    ours, theirs = (applied(t, name, reduction) for t in (OURS, torch))
    assert ours.grad_fn.name() == theirs.grad_fn.name()
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=2e-5, atol=1e-6)


# ---- CTC by its definition


def collapsed(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


@pytest.mark.parametrize(("target", "blank"), [([1, 2], 0), ([1, 1], 0), ([], 0), ([0], 3), ([2, 0, 2], 1)])
def test_ctc_sums_over_all_alignments(target, blank):
    """Every path of four frames, one by one."""
    probabilities = np.random.default_rng(3).dirichlet(np.ones(4), 4)
    total = sum(
        np.prod([probabilities[t, label] for t, label in enumerate(path)])
        for path in itertools.product(range(4), repeat=4)
        if collapsed(path, blank) == target
    )
    padded = np.array([[*target, *[0] * (3 - len(target))]])
    found = F.ctc_loss(
        tensor(np.log(probabilities)[:, None]), tensor(padded), (4,), (len(target),), blank=blank, reduction="sum"
    )
    assert found.item() == pytest.approx(-np.log(total))


def test_the_gradient_of_ctc_through_log_softmax_agrees_with_finite_differences():
    logits = np.random.default_rng(1).standard_normal((5, 2, 4))
    targets, steps, labels = tensor(np.array([[1, 2], [3, 3]])), tensor(np.array([5, 4])), tensor(np.array([2, 2]))

    def loss(array):
        leaf = tensor(array).requires_grad_(True)
        return leaf, F.ctc_loss(F.log_softmax(leaf, dim=2), targets, steps, labels)

    leaf, value = loss(logits)
    value.backward()
    direction = np.random.default_rng(2).standard_normal(logits.shape)
    slope = (loss(logits + 1e-6 * direction)[1].item() - loss(logits - 1e-6 * direction)[1].item()) / 2e-6
    assert (leaf.grad.numpy() * direction).sum() == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_of_targets_that_do_not_fit_and_of_no_frames(reduction, zero_infinity):
    found = []
    for t in (OURS, torch):
        given = (t.tensor(SCORES), t.tensor(np.array([[1, 2], [1, 1]])), t.tensor(np.array([1, 5])))
        loss = t.nn.CTCLoss(reduction=reduction, zero_infinity=zero_infinity)
        found.append(loss(*given, t.tensor(np.array([2, 0]))).numpy())
    np.testing.assert_allclose(*found, rtol=1e-5)


# ---- weights of functions, and what follows PyTorch beyond the modules


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weighted_distances(name, reduction):
    found = [
        getattr(t.nn.functional, name)(t.tensor(X), t.tensor(Y), reduction=reduction, weight=t.tensor(P)).numpy()
        for t in (OURS, torch)
    ]
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_variances_below_the_least_get_gradients_all_the_same():
    grads = []
    for t in (OURS, torch):
        variance = t.tensor(np.full((3, 4), 1e-3, "f4"))
        variance.requires_grad_(True)
        t.nn.functional.gaussian_nll_loss(t.tensor(X), t.tensor(Y), variance, eps=0.1).backward()
        grads.append(variance.grad.numpy())
    np.testing.assert_allclose(*grads, rtol=1e-4)


def test_an_adaptive_softmax_knows_all_probabilities():
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], div_value=2.0)
    ours = nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], div_value=2.0)
    ours.load_state_dict({k: tensor(v.detach().numpy().copy()) for k, v in theirs.state_dict().items()})
    x = RNG.standard_normal((20, 8)).astype("f4") * 3
    wanted = theirs.log_prob(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours.log_prob(tensor(x)).detach().numpy(), wanted, rtol=1e-4, atol=1e-5)
    assert ours.predict(tensor(x)).tolist() == theirs.predict(torch.tensor(x)).tolist()
    assert type(ours(tensor(x), tensor(np.zeros(20, int)))).__name__ == "_ASMoutput"


def test_options_of_the_linear_cross_entropy_are_pytorchs():
    ours, theirs = nn.LinearCrossEntropyOptions(), torch.nn.LinearCrossEntropyOptions()
    assert repr(ours) == repr(theirs)
    for wrong in ({"acc_policy": "x"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0}):
        for library in (nn, torch.nn):
            with pytest.raises(ValueError, match=r"must be|invalid"):
                library.LinearCrossEntropyOptions(**wrong)
    results = []
    for t, options in ((OURS, nn.LinearCrossEntropyOptions()), (torch, torch.nn.LinearCrossEntropyOptions())):
        given = (t.tensor(X), t.tensor(P.repeat(2, 0)), t.tensor(np.array([0, 5, 2])))
        results.append(t.nn.functional.linear_cross_entropy(*given, options=options).item())
    assert results[0] == pytest.approx(results[1], rel=1e-5)


# ---- errors

W = np.ones
REFUSED = {
    "bce input": lambda t, f: f.binary_cross_entropy(t(X * 3), t(Y)),
    "bce target": lambda t, f: f.binary_cross_entropy(t(X), t(-Y)),
    "bce shape": lambda t, f: f.binary_cross_entropy(t(X), t(Y[:, :1])),
    "bce with logits shape": lambda t, f: f.binary_cross_entropy_with_logits(t(X), t(Y[:, :1])),
    "beta": lambda t, f: f.smooth_l1_loss(t(X), t(Y), beta=-1),
    "delta": lambda t, f: f.huber_loss(t(X), t(Y), delta=0),
    "huber weight": lambda t, f: f.huber_loss(t(X), t(Y), weight=t(Y[0])),
    "class": lambda t, f: f.multi_margin_loss(t(X), t(np.array([0, 1, 9]))),
    "power": lambda t, f: f.multi_margin_loss(t(X), t(np.array([0, 1, 1])), p=3),
    "classes": lambda t, f: f.multi_margin_loss(t(X), t(np.array([0, 1]))),
    "class weight": lambda t, f: f.multi_margin_loss(t(X), t(np.array([0, 1, 1])), weight=t(W(2, "f4"))),
    "labels": lambda t, f: f.multilabel_margin_loss(t(X), t(np.zeros((2, 4), int))),
    "label": lambda t, f: f.multilabel_margin_loss(t(X), t(np.full((3, 4), 7))),
    "negative label": lambda t, f: f.multilabel_margin_loss(t(X), t(np.full((3, 4), -2))),
    "cosine sizes": lambda t, f: f.cosine_embedding_loss(t(X), t(Y[0]), t(SIGNS[:, 0])),
    "cosine targets": lambda t, f: f.cosine_embedding_loss(t(X), t(Y), t(SIGNS)),
    "ranking": lambda t, f: f.margin_ranking_loss(t(X), t(Y), t(SIGNS[0])),
    "triplet": lambda t, f: f.triplet_margin_loss(t(X), t(Y), t(P[0])),
    "margin": lambda t, f: f.triplet_margin_loss(t(X), t(Y), t(P), margin=0),
    "distance margin": lambda t, f: f.triplet_margin_with_distance_loss(t(X), t(Y), t(P), margin=-1),
    "variance": lambda t, f: f.gaussian_nll_loss(t(X), t(Y), t(-P)),
    "variances": lambda t, f: f.gaussian_nll_loss(t(X), t(Y), t(P[:2, :2])),
    "gaussian reduction": lambda t, f: f.gaussian_nll_loss(t(X), t(Y), t(P), reduction="x"),
    "reduction": lambda t, f: f.l1_loss(t(X), t(Y), reduction="x"),
    "no batchmean": lambda t, f: f.smooth_l1_loss(t(X), t(Y), reduction="batchmean"),
    "steps": lambda t, f: f.ctc_loss(t(SCORES), t(LABELS[:2, :2]), t(np.array([5, 9])), t(np.array([2, 2]))),
    "label counts": lambda t, f: f.ctc_loss(t(SCORES), t(LABELS[:2, :2]), t(np.array([5, 5])), t(np.array([2, 3]))),
    "samples": lambda t, f: f.ctc_loss(t(SCORES), t(LABELS[:2, :2]), t(np.array([5])), t(np.array([2, 2]))),
    "blank": lambda t, f: f.ctc_loss(t(SCORES), t(LABELS[:2, :2]), (5, 5), (2, 2), blank=9),
    "row of labels": lambda t, f: f.ctc_loss(t(SCORES), t(np.array([1, 2, 3])), (5, 5), (2, 2)),
    "lengths": lambda t, f: f.ctc_loss(t(SCORES), t(LABELS[:2, :2]), t(W(2, "f4")), t(np.array([2, 2]))),
    "linear features": lambda t, f: f.linear_cross_entropy(t(X), t(W((2, 3), "f4")), t(np.array([0, 1, 1]))),
    "linear bias": lambda t, f: f.linear_cross_entropy(
        t(X), t(W((2, 4), "f4")), t(np.array([0, 1, 1])), linear_bias=t(W(3, "f4"))
    ),
    "linear dimensions": lambda t, f: f.linear_cross_entropy(t(SCORES), t(W((2, 4), "f4")), t(np.array([0, 1, 1]))),
    "ignored probabilities": lambda t, f: f.linear_cross_entropy(t(X), t(W((4, 4), "f4")), t(Y), ignore_index=1),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_what_pytorch_refuses_is_refused(what):
    kinds = []
    for t in (OURS, torch):
        with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)) as caught:
            REFUSED[what](t.tensor, t.nn.functional)
        kinds.append(caught.value)
    assert isinstance(kinds[0], GraphnnError)
    assert isinstance(kinds[0], type(kinds[1]))


BUILT = {
    "cutoffs": lambda n: n.AdaptiveLogSoftmaxWithLoss(4, 10, []),
    "cutoffs fall": lambda n: n.AdaptiveLogSoftmaxWithLoss(16, 10, [5, 3]),
    "cutoffs end": lambda n: n.AdaptiveLogSoftmaxWithLoss(16, 10, [5, 10]),
    "margin": lambda n: n.TripletMarginLoss(margin=0),
    "distance margin": lambda n: n.TripletMarginWithDistanceLoss(margin=0),
    "power": lambda n: n.MultiMarginLoss(p=3),
    "smoothing": lambda n: n.LinearCrossEntropyLoss(3, 4, label_smoothing=2),
}


@pytest.mark.parametrize("what", BUILT)
def test_what_cannot_be_built_is_refused(what):
    for library in (nn, torch.nn):
        with pytest.raises((ValueError, RuntimeError)):
            BUILT[what](library)
