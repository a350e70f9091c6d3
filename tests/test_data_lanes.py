"""The quick lanes: whatever is done to a right row, what comes out is what the careful way makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from faulty.rows import asked, chat, choice, talk, turn
from faulty.spoiled import harmed, spoiled
from scanned import told

from wizard.data.checking.scan import Scan
from wizard.data.checking.scan import Task as Look
from wizard.data.converting.page import Press, Task
from wizard.data.files.lines import Lines

SPACINGS = ((", ", ": "), (",", ":"), (" , ", " : "))


def written(row: object, spacing: tuple[str, str] = SPACINGS[0], *, escaped: bool = False) -> bytes:
    return json.dumps(row, ensure_ascii=escaped, separators=spacing).encode("utf-8", "surrogatepass")


def pages(plain: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[bytes]]]:
    """(how, lines) for each way to spoil the first of ``plain``: with each spacing, at three places among the others, once with escapes."""
    for number, spacing in enumerate(SPACINGS):
        around = [written(row, spacing) for row in plain[1:]]
        spoils = [(how, written(row, spacing, escaped=not number)) for how, row in spoiled(plain[0])]
        for turned, (how, raw) in enumerate([*spoils, *harmed(written(plain[0], spacing))], number):
            place = (0, len(around) // 2, len(around))[turned % 3]
            yield f"{how} {spacing} at {place}", [*around[:place], *raw.split(b"\n"), *around[place:]]


def reordered(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: row[key] for key in keys}


SOURCES: dict[str, Callable[[int], dict[str, Any]]] = {
    "MedQA": choice,
    "as in the US": lambda number: reordered(
        choice(number, metamap_phrases=["甲", "乙: 丙"]),
        *("question", "answer", "options", "meta_info", "answer_idx", "metamap_phrases"),
    ),
    "the letter first": lambda number: reordered(choice(number), "answer_idx", "options", "answer", "question"),
    "two options": lambda number: choice(number, options={"A": "甲", "B": f"第{number}"}, answer="甲", answer_idx="A"),
    "five options": lambda number: choice(
        number, options=dict(zip("ABCDE", (f"第{number}", "乙", "丙", "丁", "戊"), strict=True)), answer="戊", answer_idx="E"
    ),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("shape", SOURCES)
def test_the_conversion_makes_what_the_careful_way_makes(shape: str) -> None:
    """Bytes, counts, findings with their lines, fates, fields that are not sent, systems: all that comes of a page."""
    quick, careful = (Press(Task("f", '你是 "医生"，100%\n', keep=True)) for _lane in range(2))
    careful._lane = None
    for how, lines in pages([SOURCES[shape](number) for number in range(4)]):
        assert msgspec.to_builtins(careful.page(1, lines)) == msgspec.to_builtins(quick.page(1, lines)), how


@pytest.mark.parametrize(
    "options",
    [
        {"A": "甲", "B": "乙", "C": "nan"}, {"A": "甲", "B": "乙", "C": " <NA>\n"}, {"A": "甲", "B": "NaN", "C": "丙"}, {"A": "甲", "B": "乙", "C": ""},
        *({"A": f"{mark[0]}甲", "B": f"{mark[1]}乙"} for mark in (("A. ", "B. "), ("a)", "b)"), ("（Ａ）", "（Ｂ）"), (" \nA：", "B："), ("[A] ", "[B] "))),
        {"A": "A. 甲", "B": "乙"}, {"A": "甲", "B": "B. 乙"},
    ],
)  # fmt: skip
def test_options_that_are_written_otherwise_are_read_with_care(options: dict[str, str]) -> None:
    """What a program writes for nothing is no option, and labels that all options repeat are taken off: in both ways."""
    quick, careful = (Press(Task("f", "你好", keep=True)) for _lane in range(2))
    careful._lane = None
    for answer in ("甲", options["A"]):
        rows = [choice(number, options=options, answer=answer, answer_idx="A") for number in range(2)]
        for plain in (
            [],
            [choice(2), choice(3)],
            [choice(2, options={"A": "甲", "B": "乙", "C": "丙"}, answer="甲")],
        ):
            lines = [written(row) for row in [*plain, *rows]]
            assert msgspec.to_builtins(careful.page(1, lines)) == msgspec.to_builtins(quick.page(1, lines))


def test_the_conversions_lane_is_taken() -> None:
    """Right rows go through the lane, and a wrong one among them leaves them in it."""
    press = Press(Task("f", "你好"))
    assert press._lane is not None
    for shape, make in SOURCES.items():
        lines = [written(make(number)) for number in range(3)] + [b"{}", written(make(3))]
        assert [3] == press._lane.take(Lines(lines)).left, shape


def talked(number: int) -> dict[str, Any]:
    return talk(turn("user", f"第{number}问"), turn("assistant", f"第{number}答"))


CHATS: dict[str, Callable[[int], dict[str, Any]]] = {
    "a chat": chat,
    "without a system message": talked,
    "options": lambda number: asked(f"第{number}号病人", f"第{number}|乙|丙|丁", "B. 乙"),
    "two options": lambda number: asked(f"第{number}号病人", f"甲|第{number}", "A. 甲"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("shape", CHATS)
def test_checking_sees_what_the_careful_way_sees(shape: str) -> None:
    """The same counts, keys and findings, with the same words at the same lines."""
    for how, lines in pages([CHATS[shape](number) for number in range(4)]):
        quick, careful = (Scan(Look("f", "messages")) for _lane in range(2))
        quick.part(b"\n".join(lines) + b"\n")
        for number, raw in enumerate(lines, 1):
            careful.tally.lines += 1
            careful.line(raw, number)
        assert told(careful) == told(quick), how
