"""The solver, judged by the validator and by the lower bound."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.plan.part import whole
from graphnn.plan.problem import Buffer, Problem, Solution
from graphnn.plan.refine import is_searchable
from graphnn.plan.search import Budget, search
from graphnn.plan.solver import solve
from graphnn.plan.validate import validate
from tests.plan.instances import chain, conv_training, cut_rectangle, transformer_training


def solved(problem: Problem) -> Solution:
    solution = solve(problem)
    validate(problem, solution)
    assert problem.lower_bound <= solution.arena_bytes
    return solution


def test_lower_bound_is_the_largest_sum_of_aligned_sizes_at_one_step() -> None:
    problem = Problem([Buffer("a", 100, 0, 2), Buffer("b", 1, 1, 3), Buffer("c", 64, 2, 4), Buffer("d", 5, 3, 4, 8)])
    assert problem.lower_bound == 128 + 64
    assert problem.total_bytes == 128 + 64 + 64 + 8


def test_an_empty_problem_has_an_empty_arena() -> None:
    assert solve(Problem([])) == Solution((), 0)


def test_one_buffer_lies_at_zero_and_is_rounded_up_to_its_alignment() -> None:
    assert solve(Problem([Buffer("a", 100, 3, 4)])) == Solution((0,), 128)


def test_buffers_without_bytes_take_no_room() -> None:
    problem = Problem([Buffer("none", 0, 0, 9), Buffer("a", 64, 0, 9), Buffer("also none", 0, 2, 3)])
    assert solved(problem).arena_bytes == 64
    assert solve(Problem([Buffer("none", 0, 0, 1)])) == Solution((0,), 0)


def test_buffers_that_never_meet_share_their_memory() -> None:
    problem = Problem([Buffer("a", 64, 0, 2), Buffer("b", 64, 2, 4), Buffer("c", 64, 4, 5)])
    assert solve(problem) == Solution((0, 0, 0), 64)


def test_buffers_with_one_name_are_still_told_apart() -> None:
    assert solved(Problem([Buffer("a", 64, 0, 2), Buffer("a", 64, 1, 4)])).arena_bytes == 128


buffers = st.builds(
    lambda size, start, life, alignment: Buffer("b", size, start, start + life, alignment),
    size=st.integers(0, 700),
    start=st.integers(-5, 20),
    life=st.integers(1, 15),
    alignment=st.sampled_from([1, 24, 64, 64, 256]),
)


@given(st.lists(buffers, max_size=24))
def test_random_problems_are_solved_soundly_and_alike_each_time(drawn: list[Buffer]) -> None:
    assert solved(Problem(drawn)) == solve(Problem(drawn))


@given(st.lists(buffers, min_size=1, max_size=12))
def test_whatever_the_search_finds_is_sound_and_within_its_target(drawn: list[Buffer]) -> None:
    problem = Problem(buffer for buffer in drawn if buffer.size)
    for target in (problem.lower_bound, problem.total_bytes):
        found = search(whole(problem.buffers), target, Budget(300)) if problem.buffers else {}
        if found is not None:
            validate(problem, Solution(tuple(found[index] for index in range(len(problem.buffers))), target))


def smallest_arena(buffers: tuple[Buffer, ...]) -> int:
    """By every order of stacking buffers onto those that live with them: some order gives the best there is."""
    return min(stacked(order) for order in itertools.permutations(buffers))


def stacked(order: tuple[Buffer, ...]) -> int:
    tops: list[tuple[int, Buffer]] = []
    for buffer in order:
        below = [top for top, other in tops if other.start < buffer.stop and buffer.start < other.stop]
        offset = -(-max(below, default=0) // buffer.alignment) * buffer.alignment
        tops.append((offset + buffer.aligned_size, buffer))
    return max(top for top, _ in tops)


@given(st.lists(buffers, min_size=1, max_size=6))
def test_the_search_finds_the_smallest_arena_of_all_and_proves_that_less_is_impossible(drawn: list[Buffer]) -> None:
    taking = tuple(buffer for buffer in drawn if buffer.size)
    if not taking:
        return
    smallest, budget = smallest_arena(taking), Budget(100_000)
    assert search(whole(taking), smallest, budget) is not None
    assert search(whole(taking), smallest - 1, budget) is None
    assert budget.nodes > 0, "proved, not given up"


@pytest.mark.parametrize("updates_at_the_end", [False, True])
@pytest.mark.parametrize(("blocks", "batch", "pixels"), [(2, 64, 32), (8, 8, 64), (17, 8, 64), (33, 1, 224)])
def test_convolutional_training_reaches_the_lower_bound(
    blocks: int, batch: int, pixels: int, updates_at_the_end: bool
) -> None:
    problem = conv_training(blocks, batch, pixels, updates_at_the_end=updates_at_the_end)
    assert solved(problem).arena_bytes == problem.lower_bound


@pytest.mark.parametrize(("layers", "tokens", "width"), [(2, 64, 64), (6, 300, 128), (12, 128, 256)])
def test_transformer_training_reaches_the_lower_bound(layers: int, tokens: int, width: int) -> None:
    problem = transformer_training(layers, tokens, width)
    assert solved(problem).arena_bytes == problem.lower_bound


@pytest.mark.parametrize("length", [1, 2, 3, 100, 10_000])
def test_a_chain_of_any_length_reaches_the_lower_bound(length: int) -> None:
    problem = chain(length, training=False)
    assert solved(problem).arena_bytes == problem.lower_bound


def test_a_training_chain_too_long_for_the_search_stays_within_two_percent() -> None:
    problem = chain(4_000, training=True)
    assert not is_searchable(problem.buffers)
    assert solved(problem).arena_bytes <= 1.02 * problem.lower_bound


@pytest.mark.parametrize("seed", range(8))
def test_a_rectangle_cut_into_few_pieces_is_put_together_again(seed: int) -> None:
    problem, _ = cut_rectangle(16, steps=40, units=500, seed=seed)
    assert problem.lower_bound == 64 * 500
    assert solved(problem).arena_bytes == problem.lower_bound


@pytest.mark.parametrize("seed", range(2))
def test_a_rectangle_cut_into_many_pieces_comes_near(seed: int) -> None:
    problem, _ = cut_rectangle(60, steps=400, units=16_000, seed=seed)
    assert solved(problem).arena_bytes <= 1.3 * problem.lower_bound


def test_the_search_says_that_nothing_fits_below_the_lower_bound() -> None:
    problem, _ = cut_rectangle(16, steps=40, units=500, seed=0)
    budget = Budget(10_000)
    assert search(whole(problem.buffers), problem.lower_bound - 1, budget) is None
    assert budget.nodes > 0, "proved, not given up"


def test_the_search_gives_up_when_its_budget_is_spent() -> None:
    problem, _ = cut_rectangle(16, steps=40, units=500, seed=0)
    budget = Budget(15)
    assert search(whole(problem.buffers), problem.lower_bound, budget) is None
    assert budget.nodes == 0
