"""Training logs: every shape that was seen, and any garbage besides."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian.logs import Course, Kind, Milestone, Point, milestone, parse

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
            Point(step=3, loss=1.00644, steps=3, learning_rate=0.0),
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


def course(lines: list[str]) -> Course:
    """The course that ``lines`` tell."""
    read = Course()
    for line in lines:
        read.read(line)
    return read


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_a_course_is_in_order_whatever_the_logs_order(steps: list[int], place: int) -> None:
    """The curve ends with the last step's loss: the mean of the whole run, wherever its line stands, is no point of it."""
    lines = []
    for step in steps:
        lines.append(str({"global_step/max_steps": f"{step}/8", "loss": step / 2}))
        if step % 4 == 0:
            lines.append(json.dumps({"step": step, "eval_loss": 1.0}))
    lines.insert(place, DOCUMENTED[0])
    read = course(lines)
    assert tuple((float(step), step / 2) for step in range(1, 9)) == read.training
    assert ((4.0, 1.0), (8.0, 1.0)) == read.validation
    assert ("step", 8, 8) == (read.by, read.step, read.steps)


def test_a_course_has_one_kind_of_place() -> None:
    """Without steps losses are placed by epoch, without epochs by their order; what came before a better kind goes."""
    assert ("line", ((1.0, 0.5), (3.0, 0.4))) == (
        (read := course(["{'loss': 0.5}", "Training start!", "{'loss': 0.4}"])).by,
        read.training,
    )
    epochs = ["{'loss': 0.5}", "{'loss': 0.4, 'epoch': 0.5}", "{'loss': 0.3, 'epoch': 1.0}"]
    assert ("epoch", ((0.5, 0.4), (1.0, 0.3))) == ((read := course(epochs)).by, read.training)
    steps = [*epochs, "{'loss': 0.2, 'step': 7}", "{'loss': 0.9, 'epoch': 3}"]
    assert ("step", ((7.0, 0.2),)) == ((read := course(steps)).by, read.training)


def test_a_later_line_about_a_step_replaces_the_earlier() -> None:
    """A step that is trained again after a restart has its last loss."""
    read = course([str({"step": step, "loss": loss}) for step, loss in ((1, 3.0), (2, 2.0), (2, 1.0))])
    assert ((1.0, 3.0), (2.0, 1.0)) == read.training


def test_the_documented_log_has_no_curve() -> None:
    """Of a log that tells a mean only, nothing is drawn."""
    assert ((), None) == ((read := course(DOCUMENTED)).training, read.step)


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
        course([text])


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
