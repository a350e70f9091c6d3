"""Training logs: every shape that was seen, and any garbage besides."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian.logs import Kind, Milestone, Point, curve, milestone, parse

# The example of model-training-api-reference (2026-05-26).
DOCUMENTED = """\
{'train_runtime': 216.3999, 'train_samples_per_second': 2.066, 'train_steps_per_second': 0.014, 'train_loss': 0.9122632344563802, 'epoch': 0.8571428571428571}
 Actual number of consumed tokens is 279808!
 Uploaded checkpoint!
 Fine-tune succeeded!
 use checkpoint-3 as final checkpoint
2024-10-29 17:03:47,719 - INFO - transfer for inference succeeded, start to deliver it for inference
2024-10-29 17:09:43,322 - INFO - start to save checkpoint
2024-10-29 17:11:24,689 - INFO - finetune-job succeeded
2024-10-29 17:11:25,130 - INFO - training usage 279808
2024-10-29 17:11:25,175 - INFO - ##FT_COMPLETE##
""".splitlines()


@pytest.mark.parametrize(
    ("line", "point"),
    [
        (DOCUMENTED[0], Point(epoch=0.8571428571428571, loss=0.9122632344563802, summary=True)),
        (
            "{'learning_rate': 0.0, 'consumed_train_tokens': 393216, 'global_step/max_steps': '3/3', 'loss': 1.00644}",
            Point(step=3, loss=1.00644, steps=3),
        ),
        (
            "{'eval_loss': 1.1319, 'eval_ppl': 3.10, 'global_step/max_steps': '3/3'}",
            Point(3, eval_loss=1.1319, steps=3),
        ),
        ('2026-01-01 10:00:00,1 - INFO - {"step": 5, "loss": 0.5, "epoch": 1}', Point(5, 1.0, 0.5)),
        ("{'loss': '0.25', 'step': '7'}", Point(7, loss=0.25)),
        (
            "{'metrics': {'loss': 2, 'extra': None}, 'current_steps': 4, 'total_steps': 9}",
            Point(4, loss=2.0, steps=9),
        ),
        ("{'loss': 0.5, 'epoch': 0.3", Point(epoch=0.3, loss=0.5)),
        ("{'loss': null, 'epoch': 2}", Point(epoch=2.0)),
        ("{'learning_rate': 1e-5}", None),
        ("data download succeeded, start to pre-processor", None),
        ("", None),
    ],
)
def test_every_known_shape_is_read(line: str, point: Point | None) -> None:
    """A Python dict's repr, JSON, numbers as text, deeper down, with a date before it, cut off."""
    assert point == parse(line)


@pytest.mark.parametrize(
    "line", ["{'loss': nan, 'step': 3}", '{"loss": NaN, "step": 3}', "{'loss': inf, 'step': 3}"]
)
def test_a_loss_that_is_no_number_is_kept_as_that(line: str) -> None:
    """Training that went wrong can be told from training without a loss yet."""
    point = parse(line)
    assert point is not None
    assert point.diverged
    assert point.loss is not None
    assert not math.isfinite(point.loss)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Estimated time: 7.333333333333334 mins", Milestone(Kind.ESTIMATED_MINUTES, 7.333333333333334)),
        ("Estimated token: 393216", Milestone(Kind.ESTIMATED_TOKENS, 393216)),
        ("Training start!", Milestone(Kind.STARTED)),
        (" Actual number of consumed tokens is 215040 !", Milestone(Kind.CONSUMED_TOKENS, 215040)),
        (DOCUMENTED[1], Milestone(Kind.CONSUMED_TOKENS, 279808)),
        (DOCUMENTED[3], Milestone(Kind.TRAINED)),
        (DOCUMENTED[8], Milestone(Kind.BILLED_TOKENS, 279808)),
        (DOCUMENTED[9], Milestone(Kind.COMPLETED)),
        (
            "2025-11-11 11:23:37,315 - INFO - data process succeeded, start to fine-tune",
            Milestone(Kind.STARTED),
        ),
        (DOCUMENTED[2], None),
    ],
)
def test_milestones_are_told(line: str, told: Milestone | None) -> None:
    """What was used, what is billed, how long it takes, and the end."""
    assert told == milestone(line)


@given(st.permutations(range(1, 9)))
def test_a_curve_is_in_order_whatever_the_logs_order(steps: list[int]) -> None:
    """Steps are sorted, training and validation losses of one step are one point, and the summary is none."""
    lines = [DOCUMENTED[0]]
    for step in steps:
        lines.append(str({"global_step/max_steps": f"{step}/8", "loss": step / 2}))
        if step % 4 == 0:
            lines.append(json.dumps({"step": step, "eval_loss": 1.0}))
    points = curve(lines)
    assert list(range(1, 9)) == [point.step for point in points]
    assert [point.eval_loss for point in points] == [None, None, None, 1.0] * 2
    assert [step / 2 for step in range(1, 9)] == [point.loss for point in points]


PIECES = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "{",
                "}",
                "'loss'",
                '"loss"',
                ":",
                "'step'",
                "nan",
                "1e999",
                "3/3",
                "-",
                "[",
                "\\",
                "\x00",
                "٣",
                "'epoch': ",
            ]
        ),
    ),
    max_size=40,
).map("".join)


@given(PIECES)
def test_no_line_makes_it_fail(line: str) -> None:
    """Garbage is an ordinary line."""
    for text in (line, "{" + line, f"{{'loss': {line}}}"):
        point = parse(text)
        assert point is None or isinstance(point, Point)
        milestone(text)
        curve([text])


@pytest.mark.parametrize(
    "line", ["{" * 100_000, "{'" * 9_000, "{'loss': " + "1" * 19_000, "{" + "'a':" * 4_000]
)
def test_a_hostile_line_costs_no_time(line: str) -> None:
    """Depth and length are no trap: what is made of the line is an ordinary point, or nothing, and no milestone.

    That each is read twenty times within the test's time limit is the other half of the rule.
    """
    for _ in range(20):
        point = parse(line)
        assert point is None or isinstance(point.loss, float)
        assert milestone(line) is None
