"""The chat row that Bailian trains on: its words, its exact bytes, and reading its answer back."""

from __future__ import annotations

from typing import Any

import msgspec

from wizard.data.record import Message, MultipleChoice, Record

SYSTEM_PROMPT = "你是一个专业的医学助手，擅长回答医学选择题。请根据题目和选项，给出正确答案。"
OPTIONS = "选项："
ANSWER = "答案是 "


class Wording(msgspec.Struct, frozen=True):
    """The words around a question with options: what stands before the options, and before the answer's label."""

    options: str
    answer: str


CHINESE = "zh"
WORDINGS = {CHINESE: Wording(OPTIONS, ANSWER), "en": Wording("Options:", "The answer is ")}
"""By language; the Chinese ones are the earlier toolkit's, to the byte."""
SYSTEM_PROMPTS = {
    CHINESE: SYSTEM_PROMPT,
    "en": "You are a professional medical assistant who is good at multiple-choice questions on medicine. "
    "Give the right answer to the question from its options.",
}
NEUTRAL_PROMPTS = {
    CHINESE: "你是一个专业的助手，擅长回答选择题。请根据题目和选项，给出正确答案。",
    "en": "You are a professional assistant who is good at multiple-choice questions. "
    "Give the right answer to the question from its options.",
}
"""Of no subject, for a person to edit."""

REPLIES = ("chosen", "rejected")
"""The fields of a record's ``replies``."""

# A line is begin(system) + text(user) + MIDDLE + text(assistant) + END.
MIDDLE = b'}, {"role": "assistant", "content": '
END = b"}]}\n"

# msgspec writes each character as json.dumps(..., ensure_ascii=False) does; a test goes through all of Unicode.
text = msgspec.json.Encoder().encode


def messages(
    record: Record, system_prompt: str, *, add_system: bool = False, language: str = CHINESE
) -> tuple[Message, ...]:
    """The messages that are sent for ``record``.

    A question becomes system, user (question, blank line, ``选项：``, a line an option) and assistant
    (``答案是 <label>. <text>``), in the words of ``language``; an empty ``system_prompt`` leaves the system message out,
    and the row's own takes its place. A chat is sent as it is;
    ``add_system`` puts ``system_prompt`` in front of one that has no system message. Of a preference these are the
    messages before the two answers; a plain text has none.
    """
    if isinstance(record, MultipleChoice):
        choices = "\n".join([f"{label}. {option}" for label, option in record.options])
        wording = WORDINGS[language]
        has_system = any(turn.role == "system" for turn in record.before)
        system = (Message("system", system_prompt),) if system_prompt and not has_system else ()
        return (
            *system,
            *record.before,
            Message("user", f"{record.question}\n\n{wording.options}\n{choices}"),
            Message("assistant", f"{wording.answer}{record.answer}. {record.answer_text}"),
        )
    own = record.messages
    if not own or not system_prompt or not add_system or any(turn.role == "system" for turn in own):
        return own
    return (Message("system", system_prompt), *own)


def chat_row(
    record: Record, system_prompt: str, *, add_system: bool = False, language: str = CHINESE
) -> dict[str, Any]:
    """The object that is sent for ``record``.

    ``{"messages": [{"role": ..., "content": ...}, ...]}`` (see ``messages``); for a preference (DPO) also ``chosen``
    and ``rejected``, each one message; for a plain text (CPT) ``{"text": ...}`` (D-guide 2026-05-26).
    """
    if record.kind == "text":
        return {"text": record.text}
    turns = messages(record, system_prompt, add_system=add_system, language=language)
    replies = {name: _object(turn) for name, turn in zip(REPLIES, record.replies, strict=False)}
    return {"messages": [_object(turn) for turn in turns], **replies}


def line(record: Record, system_prompt: str, *, add_system: bool = False, language: str = CHINESE) -> bytes:
    """The line of the JSONL file: ``json.dumps(chat_row(...), ensure_ascii=False)`` and a line end, in UTF-8."""
    return line_of(record, messages(record, system_prompt, add_system=add_system, language=language))


def line_of(record: Record, turns: tuple[Message, ...]) -> bytes:
    """As ``line``, with the ``messages`` of ``record`` made already."""
    if record.kind == "text":
        return b'{"text": %b}\n' % text(record.text)
    made = written(turns)
    if record.kind == "preference":
        chosen, rejected = [_turn(turn) for turn in record.replies]
        return b'%b, "chosen": %b, "rejected": %b}\n' % (made[:-2], chosen, rejected)
    return made


def characters(record: Record, turns: tuple[Message, ...]) -> int:
    """Of all that is sent for ``record``, whose ``messages`` are ``turns``."""
    return len(record.text) + sum([len(turn.content) for turn in (*turns, *record.replies)])


def written(turns: tuple[Message, ...]) -> bytes:
    """The line that holds ``turns``."""
    return b'{"messages": [' + b", ".join([_turn(turn) for turn in turns]) + b"]}\n"


def begin(system_prompt: str) -> bytes:
    """A line's bytes before the user's text."""
    system = _message("system", system_prompt) + b", " if system_prompt else b""
    return b'{"messages": [' + system + b'{"role": "user", "content": '


def read_back(assistant: str, language: str = CHINESE) -> tuple[str, str]:
    """(label, text) of the answer that an assistant's text gives; ("", "") where it gives none."""
    answer = WORDINGS[language].answer
    head, found, option = assistant.partition(". ")
    return (head[len(answer) :], option) if found and head.startswith(answer) else ("", "")


def _object(turn: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": turn.role, "content": turn.content}
    return made if turn.loss_weight is None else made | {"loss_weight": turn.loss_weight}


def _turn(turn: Message) -> bytes:
    made = _message(turn.role, turn.content)
    return (
        made if turn.loss_weight is None else b'%b, "loss_weight": %b}' % (made[:-1], text(turn.loss_weight))
    )


def _message(role: str, content: str) -> bytes:
    return b'{"role": %b, "content": %b}' % (text(role), text(content))
