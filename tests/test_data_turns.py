"""Turns, roles and preferences in every spelling: one chat comes of them all, and what can't be sent is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizard.data.checking import audit
from wizard.data.checking.mending import mend
from wizard.data.converting.convert import convert
from wizard.data.record import Chat, Message, MultipleChoice, Preference
from wizard.data.sent import line, messages
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import _PREFERENCES
from wizard.data.shapes.roles import (
    ASSISTANT,
    REJECTING,
    ROLES,
    SYSTEM,
    TOOL,
    USER,
    VERDICTS,
    role_named,
    transcript,
)
from wizard.data.shapes.understand import Outcome, understand

CASES = Path(__file__).parent / "cases"
S, U, A = Message("system", "s"), Message("user", "u"), Message("assistant", "a")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def meant(row: object) -> Outcome:
    return understand(json.dumps(row, ensure_ascii=False).encode(), "f", 1)


def turns(row: object) -> tuple[Message, ...]:
    found = meant(row)
    assert isinstance(found, Chat), found
    return found.messages


def codes(row: object) -> list[str]:
    found = meant(row)
    return [one.code for one in found] if isinstance(found, tuple) else []


def extra(row: object) -> tuple[str, ...]:
    found = meant(row)
    assert not isinstance(found, tuple), found
    return found.extra


def spellings(word: str) -> set[str]:
    return {word, word.upper(), word.capitalize(), f" {word} ", word.translate(WIDE), f"{word}："}


@pytest.mark.parametrize("role", ROLES)
def test_every_word_for_a_role_means_it(role: str) -> None:
    """Whatever its case, width and blanks, and whether it stands as role, from, sender, type or before a colon."""
    for word in ROLES[role]:
        for name in spellings(word):
            talk = [
                {"role": name, "content": "x"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": "a"},
            ]
            if role == TOOL:
                assert ["TOOL_TURN"] == codes({"messages": talk})
                continue
            assert (Message(role, "x"), U, A) == turns({"messages": talk})
            rest = talk[1:]
            other = [{"from": name, "value": "x"}, *rest]
            assert (Message(role, "x"), U, A) == turns({"conversations": other})
            assert (Message(role, "x"), U, A) == turns(
                {"messages": [{"type": name, "data": {"content": "x"}}, *rest]}
            )
            assert (Message(role, "x"), U, A) == turns({"dialogue": [{"speaker": name, "text": "x"}, *rest]})
            assert (Message(role, "x"), U, A) == turns({"messages": [{name: "x"}, *rest]})
        said = [f"{word}：x", "用户：u", "助手: a"]
        if role != TOOL:
            assert (Message(role, "x"), U, A) == turns({"data": said})


def test_no_word_means_two_roles() -> None:
    """A word stands once in the table, as it is compared."""
    words = [word for some in ROLES.values() for word in some]
    assert len(set(words)) == len(words)
    assert {USER, ASSISTANT, SYSTEM, TOOL} == set(ROLES)


PARTS = [{"type": "text", "text": "u"}]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": PARTS}, {"role": "assistant", "content": ["a"]}]},
        {"messages": json.dumps([{"role": "user", "content": "u"}, {"role": "ai", "content": "a"}])},
        {"conversation": [{"input": "u", "output": "a"}]},
        {"conversations": [["u", "a"]]},
        {"conversations": ["Human: u", "Assistant: a"]},
        {"turns": [{"user": "u"}, {"assistant": "a"}]},
        {"聊天记录": [{"角色": "客户", "内容": "u"}, {"角色": "客服", "内容": "a"}]},
        {"data": ["u", "a"]},
        {"data": ["问：u", "答：a"]},
        [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}],
        {"input": [{"role": "user", "content": "u"}], "output": [{"role": "assistant", "content": "a"}]},
        {"prompt": [{"role": "user", "content": "u"}], "completion": [{"role": "assistant", "content": "a"}]},
        {"prompt": [{"role": "user", "content": "u"}], "completion": "a"},
        {"input": "[{'role': 'user', 'content': 'u'}]", "output": "{'role': 'assistant', 'content': 'a'}"},
        {"input": {"messages": [{"role": "user", "content": "u"}]}, "output": {"role": "assistant", "content": "a"}},
        {"contents": [{"role": "user", "parts": [{"text": "u"}]}, {"role": "model", "parts": [{"text": "a"}]}]},
        {"chat_messages": [{"sender": "human", "text": "u"}, {"sender": "assistant", "text": "a", "content": [{"type": "text", "text": "a"}]}]},
        {"fields": {"question": "u"}, "responses": [{"values": {"answer": {"value": "a"}}}]},
        {"inputs": {"question": "u"}, "outputs": {"output": "a"}},
        {"inputs": {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}, "outputs": {}},
        {"Q": "u", "A": "a"},
        {"题干": "u", "答案": "a"},
        {"input": "u", "target": "a"},
    ],
)  # fmt: skip
def test_one_chat_in_every_way(row: object) -> None:
    """A question and its answer are the same two messages, whoever wrote them down."""
    assert (U, A) == turns(row)
    assert () == extra(row)


@pytest.mark.parametrize(
    "past",
    [
        [["u", "a"]],
        [{"query": "u", "response": "a"}],
        [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}],
        ["客户：u", "客服：a"],
        "客户：u\n客服：a",
        "Human: u\nAssistant: a",
        "[['u', 'a']]",
    ],
)
def test_history_in_every_way(past: object) -> None:
    """Turns before the question stand before it, also where it has options; a history without speakers is part of it."""
    for name in ("history", "dialogue_history", "past", "历史对话"):
        assert (S, U, A, U, A) == turns({"system": "s", name: past, "query": "u", "response": "a"})
        found = meant({name: past, "question": "u", "options": ["x", "y"], "answer": "A"})
        assert isinstance(found, MultipleChoice)
        assert (U, A) == found.before
        assert ["system", "user", "assistant", "user", "assistant"] == [
            one.role for one in messages(found, "p")
        ]
    text = meant({"history": "头痛三天", "question": "u", "options": ["x", "y"], "answer": "A"})
    assert isinstance(text, MultipleChoice)
    assert ("头痛三天\n\nu", ()) == (text.question, text.before)


def test_a_history_that_ends_with_the_user() -> None:
    """Two turns of one speaker that follow each other are one."""
    assert (Message("user", "x\nu"), A) == turns({"history": "客户：x", "query": "u", "response": "a"})


def test_the_own_system_message_wins() -> None:
    """A row's own system message is kept beside options, and none of ours takes its place."""
    found = meant({"system": "你是律师。", "question": "u", "options": ["x", "y"], "answer": "B"})
    assert isinstance(found, MultipleChoice)
    assert ["你是律师。"] == [
        one.content for one in messages(found, "ours", add_system=True) if one.role == "system"
    ]


def test_further_exchanges_in_columns() -> None:
    """user2 and assistant2 are the second exchange of the row's chat; where both are empty there is none."""
    row = {
        "user": "u",
        "assistant": "a",
        "user2": "u",
        "assistant2": "a",
        "user_3": "",
        "assistant_3": None,
        "id": 1,
    }
    assert (U, A, U, A) == turns(row)
    assert ("id",) == extra(row)
    assert (U, A, U, A) == turns({"user1": "u", "assistant1": "a", "用户2": "u", "助手2": "a"})
    assert codes(row | {"assistant2": ""})


B = Message("assistant", "b")
TURN, GOOD, BAD = ({"role": one.role, "content": one.content} for one in (U, A, B))


@pytest.mark.parametrize(("chosen", "rejected"), _PREFERENCES)
def test_preferences_under_every_name(chosen: str, rejected: str) -> None:
    """Both answers may be texts, turns or whole chats, and what they answer a text or turns."""
    for good, bad in (("a", "b"), (GOOD, BAD), ([GOOD], [BAD]), ([TURN, GOOD], [TURN, BAD])):
        for before in (
            {"prompt": "u"},
            {"prompt": [TURN]},
            {"messages": [TURN]},
            {"input": {"messages": [TURN]}},
            {"prompt": "u", "messages": [TURN, GOOD]},
        ):
            if "prompt" in before and "messages" in before and not (isinstance(good, list) and len(good) > 1):
                continue
            found = meant(before | {chosen: good, rejected: bad})
            assert isinstance(found, Preference), (before, chosen, good, found)
            assert ((U,), A, B, ()) == (found.messages, found.chosen, found.rejected, found.extra)


def test_whole_chats_as_two_texts() -> None:
    """Human and Assistant at the beginning of lines make turns of two texts that begin alike."""
    found = meant({"chosen": "\n\nHuman: u\n\nAssistant: a", "rejected": "\n\nHuman: u\n\nAssistant: b"})
    assert isinstance(found, Preference)
    assert ((U,), A, B) == (found.messages, found.chosen, found.rejected)
    assert ["PREFERENCE_UNCLEAR"] == codes(
        {"chosen": "Human: u\nAssistant: a", "rejected": "Human: x\nAssistant: b"}
    )


CALL = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "content": "a", "tool_calls": CALL},
        {"role": "assistant", "content": None, "tool_calls": CALL},
        {"role": "assistant", "content": None, "function_call": {"name": "f"}},
        {"role": "tool", "content": "8"},
        {"role": "function", "name": "f", "content": "8"},
        {"from": "observation", "value": "8"},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "content": "8"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
    ],
)
def test_calls_of_tools_are_named_once(turn: dict[str, Any]) -> None:
    """A row with a call of a tool is that, once, and nothing else; its text is never sent alone."""
    for field in ("messages", "conversations", "contents"):
        assert ["TOOL_TURN"] == codes({field: [TURN, turn, {"role": "assistant", "content": ""}]})
    assert ["TOOL_TURN"] == codes({"prompt": "u", "chosen": [turn], "rejected": "b"})
    assert ["TOOL_TURN"] == codes({"input": [TURN, turn], "output": [GOOD]})


@pytest.mark.parametrize(
    "part",
    [
        {"image": "a.jpg"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "input_image", "image_url": "x"},
        {"type": "image", "source": {"type": "base64"}},
        {"type": "input_audio", "input_audio": {}},
        {"type": "video", "video": ["1.jpg"]},
        {"inlineData": {"mimeType": "image/png"}},
        {"type": "file", "file": {}},
    ],
)
def test_what_is_no_text_is_named(part: dict[str, Any]) -> None:
    """A picture, a sound, a video or a file in a turn refuses the row by its name."""
    assert ["MEDIA_TURN"] == codes({"messages": [{"role": "user", "content": [{"text": "u"}, part]}, GOOD]})


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking", "思考过程"])
def test_thinking_stands_in_the_last_answer(field: str) -> None:
    """As the guide writes it; what was thought before another answer is told as not sent, and nothing stands there twice."""
    wanted = Message("assistant", "<think>\nt\n</think>\n\na")
    assert (U, wanted) == turns({"messages": [TURN, GOOD | {field: "t\n"}]})
    assert (U, A, U, A) == turns({"messages": [TURN, GOOD | {field: "t"}, TURN, GOOD]})
    assert ("messages.reasoning_content",) == extra({"messages": [TURN, GOOD | {field: "t"}, TURN, GOOD]})
    twice = {"messages": [TURN, {"role": "assistant", "content": wanted.content, field: "t"}]}
    assert ((U, wanted), ("messages.reasoning_content",)) == (turns(twice), extra(twice))
    found = meant({"prompt": "u", "chosen": GOOD | {field: "t"}, "rejected": "b"})
    assert isinstance(found, Preference)
    assert (wanted, ()) == (found.chosen, found.extra)
    parts = [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "a"}]
    assert (U, wanted) == turns({"messages": [TURN, {"role": "assistant", "content": parts}]})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"loss_weight": 0.5}, 0.5),
        ({"loss_weight": 1.0}, 1.0),
        ({"loss_weight": "1.0"}, 1.0),
        ({"loss_weight": 0}, 0),
        ({"loss_weight": None}, None),
        ({"weight": 0}, 0),
        ({"weight": 1}, None),
    ],
)
def test_weights_are_kept(given: dict[str, Any], kept: float | None) -> None:
    """The platform's own field is written where the row has it, and for OpenAI's ``weight``; elsewhere it is told."""
    row = {"messages": [TURN, GOOD | given]}
    found = meant(row)
    assert isinstance(found, Chat)
    assert (kept, ()) == (found.messages[-1].loss_weight, found.extra)
    written = json.loads(line(found, ""))["messages"][-1]
    assert (GOOD if kept is None else GOOD | {"loss_weight": kept}) == written
    assert ("messages.loss_weight",) == extra({"messages": [TURN | {"loss_weight": 1}, GOOD]})
    assert ("rejected.loss_weight",) == extra(
        {"prompt": "u", "chosen": GOOD, "rejected": BAD | {"loss_weight": 1}}
    )


@pytest.mark.parametrize("value", [5, -0.1, True, "high", []])
def test_weights_beyond_what_is_documented(value: object) -> None:
    """A weight outside 0 to 1 is an error of the row."""
    assert ["LOSS_WEIGHT"] == codes({"messages": [TURN, GOOD | {"loss_weight": value}]})


def test_rows_that_were_rejected() -> None:
    """Each word for a rejection, under each name for a verdict, refuses the row; others are told as not sent, where there is any."""
    pair = {"instruction": "u", "output": "a"}
    for field in VERDICTS["status"]:
        for value in REJECTING:
            assert ["REJECTED_ROW"] == codes(pair | {field: value})
        assert (field,) == extra(pair | {field: "approved"})
    for how, bad in (("bad if true", (True, "True", 1, "是")), ("bad if false", (False, "false", 0, "否"))):
        for field in VERDICTS[how]:
            assert [["REJECTED_ROW"]] * 4 == [codes(pair | {field: value}) for value in bad]
            assert () == extra(pair | {field: None})
    question = {"question": "u", "options": {"A": "x", "B": "y"}, "answer_idx": "A", "answer": "x"}
    assert ["REJECTED_ROW"] == codes(question | {"status": "驳回"})


def test_the_quick_lane_sees_rejections(tmp_path: Path) -> None:
    """Rows in MedQA's own shape that were rejected are left out, too."""
    path, output = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    rows = [
        {
            "question": f"第{at}问",
            "options": {"A": "x", "B": "y"},
            "answer_idx": "A",
            "answer": "x",
            "status": status,
        }
        for at, status in enumerate(("approved", "rejected") * 20)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    done = convert(path, output, system_prompt="", on_error="skip", workers=0)
    assert (20, 20, (("status", 20),)) == (done.rows, done.left_out, done.extra)


def test_exports_that_are_not_read_are_named() -> None:
    """Several people's labels are no answer; the program is named."""
    for row, program in (
        ({"id": 1, "data": {"text": "u"}, "annotations": []}, "Label Studio"),
        ({"fields": {"text": "u"}, "responses": []}, "Argilla"),
        ({"mapping": [], "current_node": ""}, "ChatGPT"),
    ):
        found = meant(row)
        assert isinstance(found, tuple)
        assert program in found[0].what


def test_a_branch_that_is_not_shown_is_told() -> None:
    """Of a conversation of ChatGPT the branch that was shown last is sent."""
    (row, *_rest) = json.loads((CASES / "people" / "d20_chatgpt.json").read_text("utf-8"))
    found = meant(row)
    assert isinstance(found, Chat)
    assert ("第0单：能退货吗？", "可以0。") == tuple(one.content for one in found.messages)
    assert "mapping.message" in found.extra


def checked(path: Path) -> tuple[set[str], int]:
    (found,) = audit.check([path], workers=0)
    return set(found.findings.counts), found.tally.rows


@pytest.mark.parametrize(
    "name", ["d06_anthropic", "l37_multi_parts", "l27_msgs_role_caps", "d32_langchain_types"]
)
def test_another_program_s_chats_are_a_source(name: str) -> None:
    """A file that has to be converted is judged as one: ``check`` counts the rows that ``convert`` sends."""
    path = CASES / "people" / f"{name}.jsonl"
    found, rows = checked(path)
    assert len(path.read_text("utf-8").splitlines()) == rows
    assert not {"CONTENT_NOT_TEXT", "UNKNOWN_ROLE"} & found


def test_thinking_where_the_guide_wants_none(tmp_path: Path) -> None:
    """<think> before the last answer, and one without its line breaks, are warned of, in the quick lane too."""
    found, rows = checked(CASES / "data" / "c07_think_in_the_middle.jsonl")
    assert ({"THINK_NOT_LAST", "THINK_LINES"}, 40) == (found & {"THINK_NOT_LAST", "THINK_LINES"}, rows)
    path = tmp_path / "x.jsonl"
    answers = (
        ["a"] * 20 + ["<think>t</think>a"] * 3 + ["<think>\nt\n</think>\n\na", "<think>\n\n</think>\n\na"]
    )
    talks = [[TURN | {"content": f"u{at}"}, GOOD | {"content": said}] for at, said in enumerate(answers)]
    path.write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks), "utf-8")
    (one,) = audit.check([path], workers=0)
    assert (3, 25) == (one.findings.counts["THINK_LINES"], one.tally.rows)


def test_fix_keeps_what_a_row_says(tmp_path: Path) -> None:
    """``--fix`` writes thinking and weights as the platform has them, and never drops tools or an answer."""
    path = tmp_path / "x.jsonl"
    tools = [{"type": "function"}]
    rows = [
        {"messages": [TURN, GOOD | {"reasoning_content": "t"}]},
        {"messages": [TURN, GOOD | {"weight": 0}, TURN, GOOD | {"weight": 1}]},
        {"messages": [TURN, GOOD | {"name": "n"}], "tools": tools},
        {"messages": [TURN, GOOD], "rejected_response": "b"},
        {"messages": [TURN, GOOD], "system": "s"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    mended = [json.loads(line) for line in mend(path).output.read_text("utf-8").splitlines()]
    assert [
        {"messages": [TURN, GOOD | {"content": "<think>\nt\n</think>\n\na"}]},
        {"messages": [TURN, GOOD | {"loss_weight": 0}, TURN, GOOD]},
        {"messages": [TURN, GOOD], "tools": tools},
        {"messages": [TURN], "chosen": GOOD, "rejected": BAD},
        {"messages": [{"role": "system", "content": "s"}, TURN, GOOD]},
    ] == mended


def test_nothing_vanishes() -> None:
    """Every text of a row in every file of chats is in what is sent, or stands under a field that is told as not sent."""
    for path in sorted(CASES.glob("*/*.jsonl")):
        for raw in path.read_bytes().splitlines()[:3]:
            found = understand(raw, "f", 1)
            if not isinstance(found, Chat | Preference):
                continue
            sent, told = line(found, "").decode(), " ".join(found.extra)
            lost = [
                (where, words)
                for where, words in leaves(json.loads(raw))
                if json.dumps(words, ensure_ascii=False)[1:-1] not in sent
                and not any(name in told for name in where if not name.isdigit())
                and not role_named(words)
                and where[-1] != "type"
            ]
            assert [] == lost, path.name


def leaves(value: object, *where: str) -> list[tuple[tuple[str, ...], str]]:
    """(its place, text) of each text in a row; of a text that holds turns those of its turns."""
    if isinstance(value, str):
        value = literal(value)
    if isinstance(value, str):
        said = [words for _role, words in transcript(value)] or [value]
        return [(where, words) for words in said if words.strip()]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [leaf for name, one in inside for leaf in leaves(one, *where, str(name))]
