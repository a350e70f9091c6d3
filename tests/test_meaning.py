"""Which column means what: nothing is chosen in silence, nothing that matters is left out unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.checking.inspection import inspect
from wizard.data.converting.convert import convert
from wizard.data.findings import Finding
from wizard.data.identity import asked_by
from wizard.data.record import Chat, MultipleChoice, Where
from wizard.data.shapes.plan import plain_name
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import Outcome, understand
from wizard.errors import UsageError

HERE = Where("f", 1)


def meant(row: dict[str, Any], *columns: tuple[str, str]) -> Outcome:
    return understand(json.dumps(row, ensure_ascii=False).encode(), "f", 1, Reading(columns))


def said(row: dict[str, Any], *columns: tuple[str, str]) -> list[str]:
    """The codes of what is wrong with a row; what is sent of a chat."""
    found = meant(row, *columns)
    if isinstance(found, tuple):
        return [one.code for one in found]
    return [turn.content for turn in found.messages] if isinstance(found, Chat) else [type(found).__name__]


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("name", ["题干（必填）", "*题干", "题干(勿删)", "題幹", " 题 干 ", "题干【必填】", "题干＊", "题干（非必填）"])  # fmt: skip
def test_names_are_the_same_in_every_dress(name: str) -> None:
    """Notes on filling in, stars, blanks, width and traditional characters don't make another column."""
    assert "题干" == plain_name(name)


QUESTIONS = (
    "question",
    "题目",
    "题干",
    "problem",
    "query",
    "prompt",
    "input",
    "instruction",
    "statement",
    "试题内容",
)
REPLIES = (
    "answer",
    "output",
    "response",
    "completion",
    "回答",
    "标准答案",
    "参考答案",
    "target",
    "reference",
    "解答",
)


@given(st.permutations(QUESTIONS), st.permutations(REPLIES), st.sampled_from([None, "", "  ", [], {}]))
def test_an_empty_column_hides_nothing(asked: list[str], replies: list[str], nothing: object) -> None:
    """Whatever stands empty beside them, in whatever order, the filled question and answer are sent."""
    row = dict.fromkeys(asked[1:4] + replies[1:4], nothing)
    keys = sorted({asked[0]: "问？", replies[0]: "答。", **row}, key=str)

    full = {asked[0]: "问？", replies[0]: "答。"}
    assert ["问？", "答。"] == said({key: full.get(key, nothing) for key in keys})


@given(st.lists(st.sampled_from(QUESTIONS), min_size=2, max_size=2, unique=True), st.sampled_from(REPLIES))
def test_two_questions_are_asked_about(asked: list[str], reply: str) -> None:
    """Two filled columns that could be the question: joined where that is Alpaca's pair, else an error that names both."""
    row = {asked[0]: "甲？", asked[1]: "乙？", reply: "答。"}
    if set(asked) == {"instruction", "input"}:
        assert ["甲？\n乙？" if asked[0] == "instruction" else "乙？\n甲？", "答。"] == said(row)
        return
    assert ["TWO_COLUMNS"] == said(row)
    (found,) = meant(row)  # type: ignore[misc]  # an error
    assert isinstance(found, Finding)
    assert f"“{asked[0]}” and “{asked[1]}”" in found.what
    assert f"--columns question={asked[0]}" in found.fix
    assert ["甲？", "答。"] == said(row, ("question", asked[0]))
    assert ["甲？\n乙？", "答。"] == said(row, ("instruction", asked[0]), ("input", asked[1]))


@given(
    st.lists(st.sampled_from(REPLIES), min_size=2, max_size=2, unique=True),
    st.sampled_from(["question", "prompt", "题目"]),
)
def test_two_answers_are_asked_about(replies: list[str], asked: str) -> None:
    """A student's or a model's answer is never taken for the right one unasked, nor the other way round."""
    row = {asked: "问？", replies[0]: "一", replies[1]: "二"}

    assert ["TWO_COLUMNS"] == said(row)
    assert ["问？", "二"] == said(row, ("answer", replies[1]))


def test_given_columns_add_to_the_names() -> None:
    """What a person says of some columns leaves the names of the others as they are."""
    row = {"题目内容2": "问？", "A": "甲", "B": "乙", "答案": "B", "材料": "文。"}
    found = meant(row, ("question", "题目内容2"))

    assert MultipleChoice("文。\n\n问？", (("A", "甲"), ("B", "乙")), "B", HERE) == found


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"question": "q", "answer": "a", "note": "n"}, {"chosen": "note"}),
        ({"text": "t", "note": "n"}, {"passage": "note"}),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "note": "n"}, {"input": "note"}),
    ],
)  # fmt: skip
def test_a_meaning_without_use_is_refused(
    tmp_path: Path, row: dict[str, Any], columns: dict[str, str]
) -> None:
    """A column to which a person gives a meaning is sent, or it is said that rows like these have no use for it."""
    with pytest.raises(UsageError, match=r"means nothing|no column"):
        Source(written(tmp_path / "x.jsonl", row), columns).reading()


CONTEXTS = ("context", "passage", "background", "case", "病例", "案例", "案情", "案例材料", "共用题干", "材料", "material", "document", "法条", "contexts", "premise")  # fmt: skip


@given(
    st.sampled_from(CONTEXTS),
    st.sampled_from(["文。", ["文。"], [{"title": "t", "text": "文。"}], {"contexts": ["文。"]}]),
)
def test_what_a_question_is_about_comes_before_it(name: str, value: Any) -> None:
    """The passage, case or material, with its title, is part of what is asked: of a choice, a pair and a preference, and as a list, too."""
    about = "t\n文。" if "title" in str(value) else "文。"
    choice = meant({name: value, "question": "问？", "options": ["甲", "乙"], "answer": "B"})
    assert isinstance(choice, MultipleChoice)
    assert f"{about}\n\n问？" == choice.question
    assert [f"{about}\n\n问？", "答。"] == said({name: value, "question": "问？", "answer": "答。"})
    preferred = meant({name: value, "question": "问？", "chosen": "好", "rejected": "坏"})
    assert not isinstance(preferred, tuple | MultipleChoice)
    assert f"{about}\n\n问？" == asked_by(preferred).stem


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({"prompt": "q", "completion": "a", "label": True}, "KTO_ROW", "label"),
        ({"prompt": "q", "completion": "a", "label": "False"}, "KTO_ROW", "label"),
        ({"prompt": "q", "completion": "a", "kto_tag": True}, "KTO_ROW", "kto_tag"),
        ({"question": "q", "answer": "a", "correct": False}, "KTO_ROW", "correct"),
        ({"问题": "q", "回答": "a", "是否正确": "否"}, "KTO_ROW", "是否正确"),
        ({"query": "q", "response": "a", "images": ["1.png"]}, "PICTURE_FIELD", "images"),
        ({"query": "q", "response": "a", "image": "1.png"}, "PICTURE_FIELD", "image"),
        ({"query": "q", "response": "a", "videos": ["1.mp4"]}, "PICTURE_FIELD", "videos"),
        ({"query": "q", "response": "a", "audios": ["1.wav"]}, "PICTURE_FIELD", "audios"),
        *(
            ({"query": "q", "response": "a", "附": value}, "PICTURE_FIELD", "附")
            for value in ("https://x.cn/a.PNG?s=1", "题 1.jpg", ["b.mp3"], "data:image/png;base64,AAAA")
        ),
        ({"题目": "q", "选项": ["x", "y"], "答案": "A", "题目图片": "1.png"}, "PICTURE_FIELD", "题目图片"),
        ({"question": "q", "answer": "A", "possible": ["one", "two"]}, "OPTIONS_NOT_READ", "possible"),
        ({"question": "q", "answer": "b", "possible": "A. one\nB. two"}, "OPTIONS_NOT_READ", "possible"),
    ],
)
def test_what_must_not_be_lost_is_an_error(row: dict[str, Any], code: str, field: str) -> None:
    """Marks of bad answers, pictures and options that nobody reads keep a row back, unless a person leaves them out."""
    assert [code] == said(row)
    assert [code] != said(row, ("ignore", field))
    found = meant(row, ("ignore", field))
    assert not isinstance(found, tuple)
    assert field in found.extra


@pytest.mark.parametrize("nothing", [None, "", []])
@pytest.mark.parametrize("field", ["label", "kto_tag", "images", "audios"])
def test_nothing_is_no_value(field: str, nothing: object) -> None:
    """A field that is there without a value says nothing."""
    assert ["q", "a"] == said({"query": "q", "response": "a", field: nothing})


@pytest.mark.parametrize("beside", ["label", "entities", "tags", "类别", "sentiment", "summary", "spans"])
def test_a_text_beside_something_to_learn_is_asked_about(beside: str) -> None:
    """A text with a label is no plain text to go on training with, unless a person says so."""
    assert ["UNKNOWN_SHAPE"] == said({"text": "正文", beside: "x"})
    assert ["PlainText"] == said({"text": "正文", beside: "x"}, ("text", "text"))
    assert ["PlainText"] == said({"text": "正文", "id": 3, "source": "web"})


def test_options_that_stand_apart_come_in_an_order_of_the_question() -> None:
    """The right one is at each place, the same row always gives the same order, and none is lost."""
    rows = [
        {"question": f"q{number}", "correct_answer": "right", "distractors": ["x", "y", "z"]}
        for number in range(60)
    ]
    found = [meant(row) for row in rows]
    assert found == [meant(row) for row in rows]
    records = [one for one in found if isinstance(one, MultipleChoice)]
    assert 60 == len(records)
    assert {"right"} == {one.answer_text for one in records}
    assert set("ABCD") == {one.answer for one in records}
    assert {("right", "x", "y", "z")} == {
        tuple(sorted(text for _label, text in one.options)) for one in records
    }


def test_a_person_leaves_a_field_out(command: Command, folder: Path) -> None:
    """``--ignore`` is taken by convert, check and why, and what it leaves out is told; ``--fix`` drops no such field."""
    rows = [
        {
            "messages": [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": "a"}],
            "label": True,
        }
        for n in range(3)
    ]
    written(folder / "x.jsonl", *rows)

    assert 1 == command("convert", "x.jsonl", "o.jsonl").returncode
    done = command("convert", "x.jsonl", "o.jsonl", "--ignore", "label", "--json")
    assert 0 == done.returncode, done
    assert {"label": 3} == outputs.result(done.stdout)["files"][0]["reading"]["not_sent"]
    assert 0 == command("why", "x.jsonl:1", "--ignore", "label").returncode
    assert "KTO_ROW" not in command("check", "x.jsonl", "--ignore", "label", "--no-stats").stdout
    command("check", "x.jsonl", "--fix")
    assert not (folder / "x.fixed.jsonl").exists()


WARNED = {
    "NOT_FILLED_IN": ("我是{{name}}。", "{{ user.name }} 您好", "{{姓名}}", "您好，${name}，请讲", "再见，【姓名】", "在XX路", "请拨打***-****", "<填写时间>"),
    "TEMPLATE_TOKEN": ("是。<|im_end|>", "<s>问", "[INST] 问", "<|endoftext|>", "</s>", "### Response: 王工", "好。\nHuman: 几点？", "Assistant：五元"),
    "MARKUP": ("<p>是</p>", "一<br/>二", "140&nbsp;mmHg", "&gt;3", "<span style='x'>是</span>"),
    "LINE_END_WRITTEN": (r"一\n二", r"one\nand two", r"一\r\n二"),
    "MISSING_VALUE": ("nan", "NaN", "null", "#N/A", "<NA>"),
    "PLACEHOLDER": ("[语音]", "略", "见解析", "同上", "TODO", "无", "None", "略。", "“店主”撤回了一条消息", "系统提示：已关闭", "[图片]好看吗", "暂无", "详见附件", "###"),
    "LETTER_ALONE": ("A", "B.", "（C）", "AC"),
    "NEEDS_PICTURE": ("<img src='a.png'/> 是手", "<image>是什么", "![](a.png)", "https://x.example/a.png", "答案是 B. https://x.example/b.JPG?s=1"),
}  # fmt: skip
CLEAN = ("x < 3 且 y > 4", r"\nabla f \neq 0", "f(x) = {1, 2}", "AT&T", "<5 mg", "无发热，无咳嗽。", "答案略有不同", "print('a\\n')", "[1] 见上文", "A型血", "【姓名】李四\n【日期】：周一", "核型为46,XX。", "${ab}^2$", "```\necho ${HOME}\n```", "见 https://x.example/a.png 。", "The Human: a book", "### 步骤")  # fmt: skip


def warned(text: str) -> set[str]:
    record = Chat((*_turns("问？", text),), HERE)
    return {one.code for one in inspect(record, asked_by(record))}


def _turns(asked: str, reply: str) -> tuple[Any, Any]:
    from wizard.data.record import Message

    return Message("user", asked), Message("assistant", reply)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in WARNED.items() for text in texts])
def test_what_nobody_meant_to_train_is_warned_of(code: str, text: str) -> None:
    """Unfilled templates, their signs, markup, written line ends, missing values, placeholders, bare letters."""
    assert code in warned(text)


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_looks_so_is_not_warned_of(text: str) -> None:
    """Comparisons, formulas, programs and sentences that begin alike."""
    assert set() == warned(text) - {"MOJIBAKE"}


def test_a_question_in_many_rows_of_one_file_is_converted_or_refused_as_one(tmp_path: Path) -> None:
    """Rows of one file with and without options each come to what they are."""
    rows: list[dict[str, Any]] = [
        {"题干": "选？", "A": "甲", "B": "乙", "答案": "A"},
        {"题干": "填？", "A": "", "B": None, "答案": "七"},
        {"题干": "缺？", "A": "", "B": "", "答案": "A"},
    ]
    done = convert(
        written(tmp_path / "x.jsonl", *rows), tmp_path / "o.jsonl", system_prompt="", on_error="skip"
    )

    assert (2, 1) == (done.rows, done.left_out)
