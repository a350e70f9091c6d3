"""Spellings: every line of the tables is read as what it says, alone and with others, whatever is said around it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.record import MultipleChoice
from wizard.data.shapes import spelling
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.spelling import listed
from wizard.data.shapes.understand import understand

TEXTS = ("静卧", "慢跑", "饮酒", "熬夜")
OPTIONS = dict(zip("ABCD", TEXTS, strict=True))
LABELS = st.sampled_from("ABCD")
GROUPS = st.sets(LABELS, min_size=2).map(sorted)
BETWEEN = st.sampled_from(listed(spelling.BETWEEN_LABELS))
NOT_BETWEEN_TEXTS = "".join(listed(spelling.BETWEEN_TEXTS))


def right(answer: Any, options: Any = None, counting: int | None = None, **more: Any) -> str:
    """The right labels, or the code of what is wrong."""
    row = {"question": "问？", "options": OPTIONS if options is None else options, "answer": answer, **more}
    found = understand(json.dumps(row).encode(), "f", 1, Reading(counting=counting))
    if isinstance(found, tuple):
        return found[0].code
    assert isinstance(found, MultipleChoice)
    return "".join(label for label, _text in found.answers)


def texts(options: Any, answer: Any = "A") -> list[str]:
    """The options as they are read, or the code of what is wrong."""
    row = {"question": "问？", "options": options, "answer": answer}
    found = understand(json.dumps(row).encode(), "f", 1)
    if isinstance(found, tuple):
        return [found[0].code]
    assert isinstance(found, MultipleChoice)
    return [f"{label}={words}" for label, words in found.options]


def test_every_line_has_a_source() -> None:
    """Where a spelling was met is said of each."""
    tables = [one for name, one in vars(spelling).items() if name.isupper() and isinstance(one, tuple)]
    for ways in (ways for table in tables for ways in table if not isinstance(ways, str)):
        assert ways.source


@given(
    LABELS,
    st.sampled_from(["", *listed(spelling.BEFORE)[:-8]]),
    st.sampled_from(["", *listed(spelling.BEHIND)]),
    st.sampled_from(["", *listed(spelling.AROUND)]),
    st.sampled_from([str.upper, str.lower, lambda one: chr(ord(one) + 0xFEE0)]),
    st.sampled_from(["", " ", "：", ": ", "是"]),
)
def test_a_label_in_any_dress(  # noqa: PLR0917 - one piece of dress each
    label: str, before: str, behind: str, around: str, case: Any, colon: str
) -> None:
    """Words before it, words behind it, brackets around it, small letters and full width: the same label."""
    bare = case(label)
    held = f"{around[0]}{bare}{around[1]}" if around else bare
    assert label == right(f"{before}{colon if before else ''}{held}{behind}")


@given(GROUPS, BETWEEN, st.sampled_from([str.upper, str.lower]), st.booleans())
def test_several_labels_between_anything(labels: list[str], between: str, case: Any, reverse: bool) -> None:
    """Labels with any separator between them, in any order; without one in theirs."""
    wanted = "".join(labels)
    order = labels[::-1] if reverse else labels
    spaced = f" {between} " if between.isalpha() and between.isascii() else between
    assert wanted == right(case(spaced.join(order)))
    assert wanted == right(case(wanted))
    assert wanted == right(case("".join(f"({label})" for label in order)))
    assert wanted == right([case(label) for label in order])
    assert wanted == right("无关"[:0] + "、".join(OPTIONS[label] for label in order), answer_idx=case(wanted))


@given(GROUPS, st.sampled_from(listed(spelling.BETWEEN_TEXTS)))
def test_several_texts(labels: list[str], between: str) -> None:
    """Options' texts, bare or behind their labels, with any separator between them."""
    assert "".join(labels) == right(between.join(OPTIONS[label] for label in labels))
    assert "".join(labels) == right("；".join(f"{label}. {OPTIONS[label]}" for label in labels))


@pytest.mark.parametrize("numerals", spelling.NUMERALS, ids=lambda one: one.first)
def test_numerals_count_from_one(numerals: spelling.Numerals) -> None:
    """Circled and Roman numerals are labels, and as answers places from 1; among ①② and ②③ they are statements."""
    signs = [chr(ord(numerals.first) + at) for at in range(4)]
    if numerals.first.isdecimal():
        pytest.skip("digits")
    for at, sign in enumerate(signs):
        assert "ABCD"[at] == right(sign)
    assert "AC" == right(signs[0] + signs[2])
    assert [f"{at}={words}" for at, words in enumerate(TEXTS, 1)] == texts(
        [f"{sign}{words}" for sign, words in zip(signs, TEXTS, strict=True)], signs[0]
    )
    pairs = [signs[0] + signs[1], signs[1] + signs[2], signs[2] + signs[3], signs[3] + signs[0]]
    assert [f"{label}={words}" for label, words in zip("ABCD", pairs, strict=True)] == texts(pairs)
    assert "B" == right(pairs[1], pairs)
    assert "ANSWER_NOT_AN_OPTION" == right(signs[1] + signs[3], pairs)


@pytest.mark.parametrize("counting", [None, 0, 1])
@pytest.mark.parametrize(
    "written", ["第二项", "第2项", "第二个", "第二", "二", "②", "Ⅱ", "II", "选第二项", "（二）"]
)
def test_ordinals(written: str, counting: int | None) -> None:
    """The second is the second, wherever the file's numbers count from."""
    assert "B" == right(written, counting=counting)


@pytest.mark.parametrize("written", ["2", "2.0", "２", "选项2", "答案：2", "(2)", 2, 2.0, [2], ["2"], "[2]"])
def test_numbers(written: Any) -> None:
    """A number is read in any spelling, and from where it counts is never guessed."""
    assert ["ANSWER_INDEX", "C", "B"] == [right(written, counting=counting) for counting in (None, 0, 1)]


@pytest.mark.parametrize("said", [True, False])
def test_truth(said: bool) -> None:
    """Every word for true is every other, where one option says true and one says false; elsewhere it is nothing."""
    words = listed(spelling.TRUE if said else spelling.FALSE)
    for yes in listed(spelling.TRUE):
        for no in listed(spelling.FALSE):
            for word in (*words, said):
                assert ("A" if said else "B") == right(word, [yes, no])
                assert ("B" if said else "A") == right(word, [no, yes])
    assert "ANSWER_NOT_AN_OPTION" == right("√" if said else "×")
    assert "WRONG_TYPE" == right(said)
    assert "ANSWER_INDEX" == right(int(said), ["True", "False"])


@pytest.mark.parametrize(
    ("option", "answers"),
    [
        ("多休息，少跑。", ["多休息，少跑", "多休息,少跑。", "多休息， 少跑", "「多休息，少跑」", "“多休息，少跑。”"]),
        ("Ａ类药", ["A类药", "a类药"]), ("1/2", ["½", "１/２", "1⁄2"]), ("10⁹/L", ["10^9/L"]), ("5 – 10", ["5-10", "5−10"]),
        ("Red cells", ["red cells", "Red  cells.", "RED CELLS"]), ("café", [unicodedata.normalize("NFD", "café")]),
    ],
)  # fmt: skip
def test_texts_written_otherwise(option: str, answers: list[str]) -> None:
    """Stops, width, blanks, quotes, case and composition don't make another text; the option is sent as it is."""
    for answer in answers:
        assert "B" == right(answer, ["x", option, "y"])
        assert "B" == right(f"B. {answer}", ["x", option, "y"])
    assert "B" == right(option, [answers[0], option])


@given(
    st.sampled_from(
        [["5 mg", "5 Mg"], ["CO", "Co"], ["m²", "m2"], ["10⁹", "109"], ["1", "1.0"], ["x。", "x"]]
    )
)
def test_the_very_same_text_comes_first(pair: list[str]) -> None:
    """Options that differ only in how they are written stay two."""
    assert ["A", "B"] == [right(one, pair) for one in pair]


@pytest.mark.parametrize(
    "options",
    [
        ["1.5 mg", "2.5 mg", "3.5 mg"], ["1．5 mg", "2．5 mg"], ["1:00", "2:00", "3:00"], ["1：2", "2：3"], ["1: 2", "2: 3"],
        ["a.c.", "b.i.d."], ["A.flavus", "B.subtilis"], ["A.D.", "B.C."], ["A、B", "B、C", "C、D", "D、A"], ["A和B", "B和C"],
        ["A:B", "B:A"], ["1、2", "2、3"], ["①②", "②③"], ["①和②", "②和③"], ["一、二", "二、三"], ["0.5", "1.5"], ["S. aureus", "E. coli"],
    ],
)  # fmt: skip
def test_what_looks_like_a_label_is_none(options: list[str]) -> None:
    """No delimiter before a digit, none in an abbreviation, none between what is listed."""
    assert [f"{label}={words}" for label, words in zip("ABCD", options, strict=False)] == texts(options)


MARKS = [
    "{}. ",
    "{}.",
    "{}．",
    "{}、",
    "{}: ",
    "{}：",
    "{})",
    "{}） ",
    "({})",
    "（{}）",
    "[{}] ",
    "【{}】",
    "({}). ",
]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("labels", ["ABCD", "abcd", "ＡＢＣＤ", "1234", "0123", "CABD", "3124"])
def test_labels_of_their_own(mark: str, labels: str) -> None:
    """Labels are read in each delimiter, in the order in which they stand, and are those that are sent."""
    options = [mark.format(label) + words for label, words in zip(labels, TEXTS, strict=True)]
    plain = [spelling.folded(label) for label in labels]
    wanted = [f"{label}={words}" for label, words in zip(plain, TEXTS, strict=True)]
    assert wanted == texts(options, plain[1])
    assert wanted == texts(dict(zip(plain, options, strict=True)), plain[1])
    if plain == sorted(plain):
        assert wanted == texts("\n".join(options), plain[1])
        assert wanted == texts("  ".join(options), plain[1])


SEPARATORS = [*listed(spelling.SURE_BETWEEN_OPTIONS), *listed(spelling.DOUBTFUL_BETWEEN_OPTIONS)]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_options_in_one_text(separator: str) -> None:
    """With their labels they are read with any separator; without, where nothing else stands between options, or the answer proves it."""
    wanted = [f"{label}={words}" for label, words in OPTIONS.items()]
    assert wanted == texts(separator.join(f"{label}.{words}" for label, words in OPTIONS.items()))
    assert wanted == texts(separator.join(f"{label}.{words}{separator}" for label, words in OPTIONS.items()))
    assert wanted == texts(separator.join(TEXTS), "慢跑")
    sure = separator in listed(spelling.SURE_BETWEEN_OPTIONS)
    assert (wanted if sure else ["OPTIONS_UNREADABLE"]) == texts(separator.join(TEXTS), "B")


@pytest.mark.parametrize(
    "options",
    [
        [{"optionCode": "A", "optionContent": "甲"}, {"optionCode": "B", "optionContent": "乙"}],
        [{"id": "A", "text": "甲"}, {"id": "B", "text": "乙"}], [{"A": "甲"}, {"B": "乙"}], [["A", "甲"], ["B", "乙"]],
        [{"label": "甲", "value": "A"}, {"label": "乙", "value": "B"}], [{"text": "甲"}, {"text": "乙"}],
        [{"option": "A", "text": "甲"}, {"option": "B", "text": "乙"}], [{"option": "甲"}, {"option": "乙"}],
        "['甲' '乙']", "{'text': array(['甲', '乙'], dtype=object), 'label': array(['A', 'B'], dtype=object)}",
        {"A": "甲", "B": "乙", "C": "", "D": None}, {"A": "甲", "B": "乙", "C": "nan"}, ["甲", "乙", ""],
        {"A": "A. 甲", "B": "B. 乙"}, {"A": "A、甲", "B": "B、乙", "C": " "}, "A. 甲; B. 乙", "A. 甲；\nB. 乙；",
    ],
)  # fmt: skip
def test_options_in_more_shapes(options: Any) -> None:
    """Lists of objects, pairs, numpy's text, empty ones at the end, doubled labels, separators kept: two options."""
    assert ["A=甲", "B=乙"] == texts(options)


@pytest.mark.parametrize("name", ["is_correct", "isCorrect", "correct", "right", "isRight", "answer"])
@pytest.mark.parametrize("says", [(True, False), ("true", "false"), (1, 0), ("√", "×"), ("是", "否")])
def test_options_that_say_whether_they_are_right(name: str, says: tuple[Any, Any]) -> None:
    """Each option tells whether it is right; an answer beside them must agree."""
    yes, no = says
    options = [{"text": "甲", name: no}, {"text": "乙", name: yes}, {"text": "丙", name: yes}]
    assert "BC" == right(None, options)
    assert "BC" == right("BC", options)
    assert "ANSWER_DISAGREES" == right("A", options)
