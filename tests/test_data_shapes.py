"""Shapes: what a row means in every shape that people bring, and that nothing is guessed where there is a doubt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.findings import Finding
from wizard.data.record import Chat, Message, MultipleChoice, PlainText, Preference, Where
from wizard.data.sent import messages
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import Outcome, understand
from wizard.errors import UsageError

AB = (("A", "甲"), ("B", "乙"))


def meant(row: dict[str, Any], reading: Reading | None = None) -> Outcome:
    return understand(json.dumps(row).encode(), "f", 1, reading or Reading())


def right(row: dict[str, Any], counting: int | None = None) -> str:
    """The right labels of a question, or the code of what is wrong with it."""
    found = meant(row, Reading(counting=counting))
    if isinstance(found, tuple):
        return found[0].code
    assert isinstance(found, MultipleChoice)
    return "".join(label for label, _text in found.answers)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "options",
    [
        {"options": {"A": "甲", "B": "乙"}},
        {"option": {"A": "甲", "B": "乙"}},
        {"choices": ["甲", "乙"]},
        {"options": ["A. 甲", "B. 乙"]},
        {"options": ["(A)甲", "(B) 乙"]},
        {"options": ["Ａ．甲", "Ｂ．乙"]},
        {"options": ["a、甲", "b、乙"]},
        {"options": [{"key": "A", "value": "甲"}, {"key": "B", "value": "乙"}]},
        {"choices": {"text": ["甲", "乙"], "label": ["A", "B"]}},
        {"options": "(A) 甲\n(B) 乙"},
        {"options": "A. 甲 B. 乙"},
        {"options": "A 甲\nB 乙"},
        {"options": '["甲", "乙"]'},
        {"options": "{'A': '甲', 'B': '乙'}"},
        {"A": "甲", "B": "乙"},
        {"opa": "甲", "opb": "乙", "opc": "", "opd": None},
        {"option_a": "甲", "option_b": "乙"},
        {"Option A": "甲", "Option B": "乙"},
        {"选项A": "甲", "选项B": "乙"},
        {"option1": "甲", "option2": "乙"},
    ],
)
def test_options_in_every_shape(options: dict[str, Any]) -> None:
    """An object, lists with and without labels, one text, columns: all are the same question."""
    found = meant({"question": "问？", **options, "answer": "B"})

    assert MultipleChoice("问？", AB, "B", Where("f", 1)) == found


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("OPTION_LABELS", ["A. x", "B. y", "z"]),
        ("OPTIONS_UNREADABLE", "x or y"),
        ("OPTIONS_UNREADABLE", "A. see B. y B. z"),
        ("OPTIONS_UNREADABLE", [{"x": "y"}, {"x": "z"}]),
        ("WRONG_TYPE", ["x", ["y"]]),
        ("WRONG_TYPE", True),
        ("EMPTY_OPTION", "(A) x.\n(B) y.\n(C) ."),
        ("EMPTY_OPTION", ["x", ""]),
        ("TOO_FEW_OPTIONS", ["x"]),
        ("TOO_FEW_OPTIONS", None),
        ("TOO_MANY_OPTIONS", [str(number) for number in range(27)]),
    ],
)
def test_options_in_doubt_are_an_error(code: str, options: Any) -> None:
    """Where it is not certain what the options are, nothing is guessed."""
    assert code == right({"question": "问？", "options": options, "answer": "A"})


def test_what_looks_like_a_label_stays() -> None:
    """`E. Coli` as the second option, or `A、B和C`, is a text: only labels that all options have in order are taken off."""
    found = meant({"question": "q", "options": ["x", "E. Coli", "A、B和C"], "answer": "E. Coli"})

    assert isinstance(found, MultipleChoice)
    assert (("A", "x"), ("B", "E. Coli"), ("C", "A、B和C")) == found.options
    assert "B" == found.answer


@pytest.mark.parametrize("count", range(2, 11))
def test_two_to_ten_options(count: int) -> None:
    """A to J."""
    options = [f"x{at}" for at in range(count)]
    assert "ABCDEFGHIJ"[count - 1] == right({"question": "q", "choices": options, "answer": options[-1]})


OPTIONS = {"A": "alpha", "B": "beta", "C": "gamma", "D": "12"}


@pytest.mark.parametrize(
    ("expected", "answers"),
    [
        ("B", {"answer": "B"}), ("B", {"answer": "b"}), ("B", {"answer": "(B)"}), ("B", {"answer": "Ｂ"}),
        ("B", {"answer": "B."}), ("B", {"answer": "beta"}), ("B", {"answer": "B. beta"}), ("B", {"answer": "(B) beta"}),
        ("B", {"answer": "opb"}), ("B", {"answer": "option_b"}), ("B", {"answer": "选项B"}), ("B", {"answer": ["B"]}),
        ("B", {"answer": "b", "answer_text": "beta"}), ("B", {"label": "B"}), ("B", {"reference": "beta"}),
        ("B", {"correct_option": "B", "label": "unrelated"}), ("B", {"答案": "B"}), ("B", {"answerKey": "B"}),
        ("AC", {"answer": ["A", "C"]}), ("AC", {"answer": "AC"}), ("AC", {"answer": "(AC)"}), ("AC", {"answer": "C,A"}),
        ("ABCD", {"answer": "ABCD"}), ("AC", {"answer": ["a", "gamma"]}), ("AC", {"answer": "['A', 'C']"}),
        ("D", {"answer": "12"}), ("D", {"answer_idx": "D", "answer": "12"}),
        ("ANSWER_NOT_AN_OPTION", {"answer": "E"}), ("ANSWER_NOT_AN_OPTION", {"answer": "BAD"}),
        ("ANSWER_NOT_AN_OPTION", {"answer": "ABE"}), ("ANSWER_NOT_AN_OPTION", {"answer": "B. gamma"}),
        ("ANSWER_DISAGREES", {"answer": "B", "answer_text": "gamma"}), ("NO_ANSWER", {"answer": []}), ("NO_ANSWER", {}),
        ("WRONG_TYPE", {"answer": True}), ("WRONG_TYPE", {"answer": 1.5}), ("WRONG_TYPE", {"answer": {"x": 1}}),
        ("ANSWER_INDEX", {"answer": 1}), ("ANSWER_INDEX", {"answer": "2"}), ("ANSWER_INDEX", {"cop": 2}),
        ("B", {"answer_idx": 1, "answer": "beta"}), ("B", {"answer_idx": 2, "answer": "beta"}),
        ("ANSWER_DISAGREES", {"answer_idx": 3, "answer": "beta"}),
    ],
)  # fmt: skip
def test_answers_in_every_shape(expected: str, answers: dict[str, Any]) -> None:
    """Letters in any dress, texts, several of either, and numbers only where they leave no doubt."""
    assert expected == right({"question": "q", "options": OPTIONS, **answers})


def test_several_answers_are_sent_one_after_the_other() -> None:
    """Several right options are all in the assistant's text, in the order of the options."""
    found = meant({"question": "q", "options": OPTIONS, "answer": ["C", "A"]})

    assert isinstance(found, MultipleChoice)
    assert ("A", ("C",)) == (found.answer, found.also)
    assert "答案是 A. alpha；C. gamma" == messages(found, "")[-1].content


@pytest.mark.parametrize(
    ("base", "expected", "indexes"),
    [
        (0, "ABDA", [0, 1, 3, 0]), (1, "ADDA", [1, 4, 4, 1]),
        (0, "BADA", [*[0] * 10, 4, 1, 0, 3, 0]), (1, "ABDA", [*[4] * 10, 0, 1, 2, 4, 1]),  # one against ten
        (None, "", [1, 2, 3, 1]), (None, "", [0, 4]), (None, "", [0, *[1, 2, 3] * 13]), (None, "", [0, 0, *[1, 2, 3] * 26]),
        (None, "", [4, 1]), (None, "", [0, 0, 0, 4, 4]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_text", ["{}", "{}.0", None])
def test_numbers_are_counted_as_the_whole_file_tells(
    tmp_path: Path, base: int | None, expected: str, indexes: list[int], as_text: str | None
) -> None:
    """Many rows that agree decide for all rows, and it is said; one alone never does, nor few where there should be many."""
    options = {"A": "w", "B": "x", "C": "y", "D": "z"}
    rows = [
        {"question": "q", "options": options, "answer": at if as_text is None else as_text.format(at)}
        for at in indexes
    ]
    path = written(tmp_path / "x.jsonl", *rows)

    found = list(Source(path).read())

    answers = "".join(one.answer for one in found if isinstance(one, MultipleChoice))
    assert expected == answers[-len(expected) :] if expected else not answers
    said = [one.code for one in found if isinstance(one, Finding)]
    wrong = 0 if base is None else len(rows) - len(answers)
    told = ["INDEX_COUNTED", *["ANSWER_NOT_AN_OPTION"] * wrong]
    assert (told if base is not None else ["ANSWER_INDEX"] * len(rows)) == said
    if base is None:
        counted = [one for one in Source(path, {"counting": "0"}).read() if isinstance(one, MultipleChoice)]
        assert "".join("ABCD"[at] for at in indexes if at < 4) == "".join(one.answer for one in counted)


@pytest.mark.parametrize(("first", "indexes", "expected"), [
    (1, [1, 2, 3], "123"), (0, [0, 1], "01"), (1, [1, 2, 3, 0], "123"), (1, [0, 1, 3, 0], "1241"), (0, [4, 1, 4], "303"),
])  # fmt: skip
def test_labels_that_are_numbers_are_obeyed(
    tmp_path: Path, first: int, indexes: list[int], expected: str
) -> None:
    """A number is the label it is, unless several rows prove that the file counts otherwise; then for all rows."""
    labels = range(first, first + 4)
    as_labels = [
        {"question": "q", "options": {str(label): f"x{label}" for label in labels}, "answer": at}
        for at in indexes
    ]
    as_columns = [
        {"question": "q", **{f"option{label}": f"x{label}" for label in labels}, "answer": at}
        for at in indexes
    ]
    for rows in (as_labels, as_columns):
        found = list(Source(written(tmp_path / "x.jsonl", *rows)).read())

        texts = [one.answer_text for one in found if isinstance(one, MultipleChoice)]
        assert [f"x{label}" for label in expected] == texts


def test_cop_is_counted_by_its_rows(tmp_path: Path) -> None:
    """MedMCQA's field counts from 1, in its copies from 0: only rows tell."""
    row = {"question": "q", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "choice_type": "single"}
    path = tmp_path / "x.json"
    for cops, expected in (([1, 2], ""), ([4, 2, 4], "DBD"), ([0, 2, 0], "ACA")):
        path.write_text(json.dumps([row | {"cop": cop} for cop in cops]))
        found = list(Source(path).read())
        assert expected == "".join(one.answer for one in found if isinstance(one, MultipleChoice))
        said = {one.code for one in found if isinstance(one, Finding)}
        assert {"INDEX_COUNTED" if expected else "ANSWER_INDEX"} == said


def test_a_passage_stands_before_its_question() -> None:
    """The passage is joined, and is not left out as a field that isn't sent; an empty one isn't left out either."""
    found = meant(
        {
            "passage": "文",
            "question": "问？",
            "options": ["(A)甲", "(B)乙"],
            "label": "A",
            "other": None,
            "more": "x",
        }
    )

    assert MultipleChoice("文\n\n问？", AB, "A", Where("f", 1), ("more",)) == found


def test_a_question_inside_metadata() -> None:
    """A row made for an evaluation keeps its question in ``metadata``: that one is taken."""
    found = meant(
        {"role": "x", "input": "…", "reference": "B", "metadata": {"question": "问？", "options": {"A": "甲", "B": "乙"}, "answer_text": "乙"}}
    )  # fmt: skip

    assert MultipleChoice("问？", AB, "B", Where("f", 1), ("role", "input", "reference")) == found


def test_the_system_message_beside_metadata_is_sent() -> None:
    """A question in ``metadata`` takes the row's own system message along."""
    found = meant(
        {"system": "s", "input": "…", "metadata": {"question": "问？", "options": {"A": "甲", "B": "乙"}, "answer": "B"}}
    )  # fmt: skip

    assert isinstance(found, MultipleChoice)
    assert ((Message("system", "s"),), ("input",)) == (found.before, found.extra)


def test_what_is_told_of_a_row_is_no_mark_for_kto() -> None:
    """A row that was found good is sent, one that was found bad is not, unless a person leaves the field out."""
    pair = {"instruction": "u", "output": "a"}

    assert isinstance(meant(pair | {"accepted": True}), Chat)
    assert "REJECTED_ROW" == right(pair | {"accepted": False})
    assert isinstance(meant(pair | {"accepted": False}, Reading(columns=(("ignore", "accepted"),))), Chat)


def test_questions_in_a_list_are_rows_and_exchanges_a_chat() -> None:
    """Only names for who speaks, or for a chat, make one chat of a list of questions and answers."""
    pairs = [{"question": "u", "answer": "a"}] * 2

    assert "ROWS_INSIDE" == right({"example": pairs, "n": 1})
    for row in ({"dialogue": pairs}, {"example": [{"human": "u", "assistant": "a"}] * 2}):
        found = meant(row)
        assert isinstance(found, Chat)
        assert 4 == len(found.messages)


def test_what_turns_are_about_stands_before_the_question() -> None:
    """A passage beside turns in a field for the question is sent, or told."""
    turns = [{"role": "user", "content": "u"}]
    found = meant({"context": "c", "prompt": turns, "response": "a"})
    answered = meant(
        {"context": "c", "question": [*turns, {"role": "assistant", "content": "x"}], "answer": "a"}
    )

    assert isinstance(found, Chat)
    assert isinstance(answered, Chat)
    assert ("c\n\nu", ()) == (found.messages[0].content, found.extra)
    assert ("context",) == answered.extra


def test_old_shapes_of_the_same_question() -> None:
    """MedQA as people keep it: the answer a letter, the options in the question too, five options, no answer_idx."""
    for row in (
        {
            "question": "问？",
            "answer": "B",
            "options": {"A": "甲", "B": "乙"},
            "meta_info": "x",
            "answer_idx": "B",
        },
        {"question": "问？", "answer": "B", "answer_text": "乙", "options": {"A": "甲", "B": "乙"}},
        {"question": "问？", "answer": "乙 \t", "options": ["A. 甲", "B. 乙 \t"]},
        {"Question": "问？", "Options": "(A) 甲\n(B) 乙", "Answer": "(B)"},
    ):
        found = meant(row)
        assert isinstance(found, MultipleChoice)
        assert ("问？", AB, "B") == (found.question, found.options, found.answer)


S, U, A = (Message(role, role[0]) for role in ("system", "user", "assistant"))


@pytest.mark.parametrize(
    ("expected", "row"),
    [
        ((U, A), {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}),
        ((U, A), {"messages": [{"role": "user", "content": [{"type": "text", "text": "u"}]}, {"role": "assistant", "content": "a"}]}),
        ((S, U, A), {"system": "s", "conversations": [{"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}]}),
        ((S, U, A), {"conversations": [{"from": "system", "value": "s"}, {"from": "user", "value": "u"}, {"from": "assistant", "value": "a"}]}),
        ((S, U, A), {"system": "s", "conversation": [{"human": "u", "assistant": "a"}]}),
        ((U, A), {"instruction": "u", "input": "", "output": "a"}),
        ((Message("user", "u\nx"), A), {"instruction": "u", "input": "x", "output": "a"}),
        ((S, U, A, U, A), {"instruction": "u", "output": "a", "system": "s", "history": [["u", "a"]]}),
        ((U, A), {"prompt": "u", "completion": "a"}),
        ((U, A), {"prompt": "u", "response": "a"}),
        ((S, U, A, U, A), {"query": "u", "response": "a", "system": "s", "history": [["u", "a"]]}),
        ((U, A), {"query": "u", "response": "a", "history": []}),
        ((U, A), {"question": "u", "answer": "a"}),
        ((U, A), {"问题": "u", "回答": "a"}),
        ((U, A), {"Question": "u", "Response": "a"}),
    ],
)  # fmt: skip
def test_chats_in_every_shape(expected: tuple[Message, ...], row: dict[str, Any]) -> None:
    """Turns as lists of several kinds, or a question and an answer under any of their names."""
    assert Chat(expected, Where("f", 1)) == meant(row)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("TOOL_TURN", {"conversations": [{"from": "human", "value": "u"}, {"from": "function_call", "value": "x"}]}),
        ("TOOL_TURN", {"conversations": [{"from": "observation", "value": "u"}]}),
        ("UNKNOWN_ROLE", {"conversations": [{"from": "nobody", "value": "u"}]}),
        ("UNKNOWN_ROLE", {"messages": [{"role": "narrator", "content": "u"}]}),
        ("LAST_NOT_ASSISTANT", {"conversations": [{"from": "human", "value": "u"}]}),
        ("EMPTY_CONTENT", {"conversations": [{"from": "human", "value": " "}, {"from": "gpt", "value": "a"}]}),
        ("NO_MESSAGES", {"conversations": []}),
        ("WRONG_TYPE", {"conversations": None}),
        ("NO_QUESTION", {"instruction": "", "output": "a"}),
        ("NOTHING_TO_LEARN", {"instruction": "u", "output": None}),
        ("WRONG_TYPE", {"instruction": "u", "output": ["a", "b"]}),
        ("WRONG_TYPE", {"instruction": "u", "output": "a", "history": [["u"]]}),
        ("NUL", {"prompt": "u\0", "completion": "a"}),
        ("NOTHING_TO_LEARN", {"text": " "}),
        ("LAST_NOT_USER", {"messages": [{"role": "assistant", "content": "a"}], "chosen": "a", "rejected": "b"}),
        ("NOTHING_TO_LEARN", {"prompt": "u", "chosen": "a", "rejected": ""}),
        ("PREFERENCE_UNCLEAR", {"prompt": "u", "chosen": {"role": "user", "content": "a"}, "rejected": "b"}),
        ("PREFERENCE_UNCLEAR", {"prompt": "u", "chosen": "a", "rejected": None}),
        ("DUPLICATE_KEY", {}),
    ],
)  # fmt: skip
def test_faults_of_chats(code: str, row: dict[str, Any]) -> None:
    """What can't be learnt from, or is not known, is named."""
    raw = json.dumps(row).encode() if row else b'{"prompt": "u", "completion": "a", "prompt": "v"}'
    found = understand(raw, "f", 1)
    assert isinstance(found, tuple)
    assert code in [one.code for one in found]


TURN = {"role": "user", "content": "u"}
GOOD, BAD = {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [TURN], "chosen": GOOD, "rejected": BAD},
        {"messages": [TURN], "chosen": "a", "rejected": "b"},
        {"conversations": [{"from": "human", "value": "u"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}},
        {"prompt": "u", "chosen": "a", "rejected": "b"},
        {"instruction": "u", "input": "", "chosen": "a", "rejected": "b"},
        {"chosen": [TURN, GOOD], "rejected": [TURN, BAD]},
        {"prompt": "u", "chosen": [TURN, GOOD], "rejected": [TURN, BAD]},
        {"messages": [TURN, GOOD], "rejected_response": "b"},
    ],
)  # fmt: skip
def test_preferences(row: dict[str, Any]) -> None:
    """Two answers to the same turns, given as texts, turns, or whole chats."""
    assert Preference((U,), A, Message("assistant", "b"), Where("f", 1)) == meant(row)


def test_plain_text() -> None:
    """A text alone is what CPT goes on with; it is taken as it is."""
    assert PlainText(" 正文\n", Where("f", 1), ("id",)) == meant({"text": " 正文\n", "id": 3})


def test_mixed_shapes_in_one_file(tmp_path: Path) -> None:
    """Each row is known by itself; the shape that most have is the file's."""
    path = written(
        tmp_path / "x.jsonl",
        {"question": "q", "options": ["x", "y"], "answer": "A"},
        {"prompt": "u", "completion": "a"},
        {"prompt": "u", "completion": "a"},
        {"nothing": "known"},
    )

    assert ["MultipleChoice", "Chat", "Chat", "Finding"] == [
        type(one).__name__ for one in Source(path).read()
    ]
    assert "prompt" == Source(path).reading(whole=False).shape


def test_columns_are_used_as_given() -> None:
    """The user's word counts: columns by any name, options in any columns, and the rest is not sent."""
    columns = (("question", "z1"), ("A", "z2"), ("B", "z3"), ("answer", "z4"))
    row = {"z1": "问？", "z2": "甲", "z3": "乙", "z4": "B", "question": "other"}

    assert MultipleChoice("问？", AB, "B", Where("f", 1), ("question",)) == meant(row, Reading(columns))
    assert Chat((U, A), Where("f", 1), ("answer",)) == meant(
        {"x": "u", "y": "a", "answer": "n"}, Reading((("instruction", "x"), ("output", "y")))
    )


NAMES = st.sampled_from(
    ["question", "options", "choices", "answer", "answer_idx", "A", "B", "opa", "opb", "cop", "label", "passage",
     "messages", "conversations", "instruction", "input", "output", "history", "system", "prompt", "chosen", "rejected",
     "text", "metadata", "query", "response", "x"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-2, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(
    "AB（1.)\n[]{}'\", \0x", max_size=8
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "content", "from", "value", "A", "B", "text", "label", "question", "options"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.sampled_from([None, 0, 1]))
def test_no_row_crashes_the_meaning(row: dict[str, Any], counting: int | None) -> None:
    """Whatever is in known fields, a row is a whole record or has at least one finding."""
    found = meant(row, Reading(counting=counting))
    if isinstance(found, tuple):
        assert found
    elif isinstance(found, MultipleChoice):
        labels = [label for label, _text in found.options]
        assert {found.answer, *found.also} <= set(labels)
        assert len(labels) >= 2
        assert found.question
    elif isinstance(found, Chat):
        assert "assistant" == found.messages[-1].role


@given(
    st.lists(
        st.text(min_size=1, max_size=9).filter(lambda text: text.strip() == text),
        min_size=2,
        max_size=10,
        unique=True,
    ),
    st.data(),
)
def test_bare_options_come_back_equal(options: list[str], data: st.DataObject) -> None:
    """A list of options and the right one's text give that very text, or an error; never another option."""
    answer = data.draw(st.sampled_from(options))
    found = meant({"question": "q", "options": options, "answer": answer})
    if isinstance(found, MultipleChoice):
        assert not found.also
        assert answer.endswith(found.answer_text)


@pytest.mark.parametrize(
    ("columns", "reply"), [({}, "5"), ({"thinking": "Complex_CoT"}, "<think>\nTwo and three.\n</think>\n\n5")]
)
def test_what_was_thought_is_put_before_the_answer_only_where_a_person_says_so(
    columns: dict[str, str], reply: str, tmp_path: Path
) -> None:
    """A column with thoughts is offered, and sent only by its meaning; an empty one of a row leaves the answer alone."""
    path = tmp_path / "rows.jsonl"
    rows = [
        {"Question": "2 + 3 = ?", "Complex_CoT": words, "Response": "5"} for words in ("Two and three.", " ")
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = list(Source(path, columns).read())
    said = [one.code for one in found if isinstance(one, Finding)]
    assert ([] if columns else ["THOUGHT_APART"]) == said
    assert [reply, "5"] == [one.messages[-1].content for one in found if isinstance(one, Chat)]


@pytest.mark.parametrize("which", ["options", "a given column"])
def test_thoughts_mean_nothing_where_no_answer_in_words_is_sent(which: str, tmp_path: Path) -> None:
    """A meaning that the rows make nothing of is a usage error, never a column that isn't sent in silence."""
    path = tmp_path / "rows.jsonl"
    row = {"question": "2 + 3 = ?", "options": ["5", "6"], "answer": "A", "think": "Two and three."}
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(UsageError):
        Source(path, {"thinking": "think" if which == "options" else "question"}).reading()
