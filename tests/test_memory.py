"""Arenas of the tutorials' networks, and of one shaped like ResNet-18, stay close to the lower bound."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest

import graphnn
from benchmarks.networks import OPTIMIZERS, RESNET, TUTORIALS, Network, training_step
from graphnn.plan.check import check_plan
from graphnn.plan.plan import Plan
from graphnn.plan.problem import Buffer, Problem, Solution
from graphnn.plan.validate import validate

NETWORKS = [(network, batch) for network in TUTORIALS for batch in (1, 64)] + [(RESNET, 8)]


def named(case: object) -> str:
    return case.name if isinstance(case, Network) else str(case)


@cache
def forward_plan(network: Network, batch: int) -> Plan:
    fast = graphnn.compile(network.build(graphnn).eval())
    with graphnn.no_grad():
        fast(network.batch(graphnn, batch)[0])
    return fast.plans[0].plan


@cache
def training_plan(network: Network, batch: int, optimizer: str) -> Plan:
    step = graphnn.compile(training_step(network, graphnn, optimizer)[1])
    step(*network.batch(graphnn, batch))
    return step.plans[0].plan


def check(plan: Plan) -> None:
    problem = Problem(Buffer(b.name, b.size, b.start, b.stop) for b in plan.buffers)
    validate(problem, Solution(tuple(b.offset for b in plan.buffers), plan.arena_bytes))
    check_plan(plan)
    assert problem.lower_bound == plan.lower_bound_bytes
    assert plan.arena_bytes <= 1.02 * plan.lower_bound_bytes


@pytest.mark.parametrize(("network", "batch"), NETWORKS, ids=named)
def test_a_forward_arena_is_at_most_two_percent_above_the_lower_bound(network, batch):
    check(forward_plan(network, batch))


@pytest.mark.parametrize(
    ("network", "batch", "optimizer"), [(*case, o) for case, o in product(NETWORKS, OPTIMIZERS)], ids=named
)
def test_a_training_arena_is_at_most_two_percent_above_the_lower_bound(network, batch, optimizer):
    check(training_plan(network, batch, optimizer))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_activations_and_gradients_of_a_resnet_18_at_batch_8_of_64_x_64_stay_under_25_megabytes(optimizer):
    plan = training_plan(RESNET, 8, optimizer)
    assert plan.arena_bytes - sum(v.type.nbytes for v in plan.graph.inputs) < 25e6


def test_gradients_of_a_resnet_18_are_never_all_alive():
    plan = training_plan(RESNET, 8, "SGD")
    parameters = sum(p.type.nbytes for p in plan.graph.params if p.attrs["role"] == "parameter")
    assert plan.arena_bytes < parameters / 2
