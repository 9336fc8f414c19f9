"""The validator passes what is sound and names each kind of fault."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.errors import GraphnnError, PlanError
from graphnn.plan.problem import Buffer, Problem, Solution
from graphnn.plan.validate import validate
from tests.plan.instances import cut_rectangle

PAIR = Problem([Buffer("a", 100, 0, 3), Buffer("b", 64, 2, 5)])


def refuse(problem: Problem, offsets: tuple[int, ...], arena_bytes: int, message: str) -> None:
    with pytest.raises(PlanError, match=re.escape(message)):
        validate(problem, Solution(offsets, arena_bytes))


def test_passes_buffers_side_by_side() -> None:
    validate(PAIR, Solution((0, 128), 192))


def test_passes_buffers_that_share_memory_one_after_the_other() -> None:
    validate(Problem([Buffer("a", 100, 0, 3), Buffer("b", 64, 3, 5)]), Solution((0, 64), 128))


def test_passes_buffers_that_touch_inside_the_padding_of_another() -> None:
    validate(Problem([Buffer("a", 100, 0, 3), Buffer("b", 4, 0, 3, alignment=4)]), Solution((0, 100), 104))


def test_names_both_buffers_that_share_memory_while_live_with_their_steps_and_bytes() -> None:
    message = (
        "buffers share memory while both are live: 'a' (live in steps [0, 3), at bytes [0, 100)) "
        "and 'b' (live in steps [2, 5), at bytes [64, 128))"
    )
    refuse(PAIR, (0, 64), 1000, message)


def test_finds_two_live_buffers_at_the_same_offset() -> None:
    refuse(PAIR, (0, 0), 1000, "share memory while both are live")


def test_finds_a_small_buffer_inside_a_large_one_from_either_side() -> None:
    large, small = Buffer("large", 640, 0, 9), Buffer("small", 1, 4, 5)
    refuse(Problem([large, small]), (0, 320), 640, "share memory while both are live")
    refuse(Problem([Buffer("large", 640, 4, 5), Buffer("small", 1, 0, 9)]), (0, 320), 640, "share memory while both")


def test_refuses_a_negative_offset() -> None:
    refuse(PAIR, (-64, 128), 192, "'a' (live in steps [0, 3), at bytes [-64, 36)): offset is negative")


def test_refuses_an_offset_off_the_alignment() -> None:
    refuse(PAIR, (0, 130), 1000, "'b' (live in steps [2, 5), at bytes [130, 194)): offset 130 is not a multiple of its")


def test_refuses_a_buffer_that_ends_past_the_arena() -> None:
    refuse(PAIR, (0, 128), 191, "'b' (live in steps [2, 5), at bytes [128, 192)): ends past the arena of 191 bytes")


def test_refuses_a_solution_of_another_length() -> None:
    refuse(PAIR, (0,), 1000, "solution has 1 offsets, wanted 2")


def test_ignores_buffers_without_bytes() -> None:
    validate(Problem([Buffer("a", 100, 0, 3), Buffer("none", 0, 0, 3)]), Solution((0, 64), 100))


@pytest.mark.parametrize("seed", range(3))
def test_finds_any_pair_of_a_tight_packing_moved_onto_each_other(seed: int) -> None:
    problem, offsets = cut_rectangle(40, steps=30, units=1000, seed=seed)
    validate(problem, Solution(offsets, 64_000))
    for index, buffer in enumerate(problem.buffers):
        moved = offsets[index] + 64
        if moved + buffer.size <= 64_000:
            with pytest.raises(PlanError, match="share memory"):
                validate(problem, Solution((*offsets[:index], moved, *offsets[index + 1 :]), 64_000))


placed_buffers = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 12), st.integers(1, 6), st.integers(0, 8)), max_size=10
)


@given(placed_buffers)
def test_agrees_with_a_look_at_every_pair(drawn: list[tuple[int, int, int, int]]) -> None:
    problem = Problem(Buffer(f"b{size}", size, start, start + life, 1) for size, start, life, _ in drawn)
    solution = Solution(tuple(offset for *_, offset in drawn), 100)
    clash = any(
        max(s, s2) < min(s + life, s2 + life2) and max(at, at2) < min(at + size, at2 + size2)
        for (size, s, life, at), (size2, s2, life2, at2) in itertools.combinations(drawn, 2)
    )
    if clash:
        with pytest.raises(PlanError, match="share memory"):
            validate(problem, solution)
    else:
        validate(problem, solution)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, 0, 1, 64), "size is -1, wanted 0 bytes or more"),
        ((1, 3, 3, 64), "live in steps [3, 3), wanted start < stop"),
        ((1, 0, 1, 0), "alignment is 0, wanted 1 or more"),
    ],
)
def test_a_buffer_that_makes_no_sense_is_refused(fields: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(GraphnnError, match=re.escape(f"buffer 'a': {message}")):
        Buffer("a", *fields)
