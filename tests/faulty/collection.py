"""Owns the table: name, bytes, and the (code, line) pairs that checking must give, no more and no fewer."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass

from faulty.rows import SYSTEM, asked, chat, choice, dumped, lines, talk, third, turn

QUIET = frozenset({"FEW_ROWS"})  # of nearly every file of a few rows, and named only where a file is about it

_USER, _ANSWER = turn("user", "体温正常吗？"), turn("assistant", "正常。")
_GARBLED = "正常成人的体温，约为".encode().decode("gb18030", "replace").replace("\ufffd", "")


@dataclass(frozen=True)
class Faulty:
    """A file and what must be said about it."""

    name: str
    data: bytes
    expected: tuple[tuple[str, int], ...]


def _at3(*codes: str) -> tuple[tuple[str, int], ...]:
    return tuple((code, 3) for code in codes)


BAILIAN = {
    # what is no JSON, or no row
    "truncated": (third(dumped(chat(3))[:-3]), _at3("NOT_JSON")),
    "single_quotes": (third(b"{'messages': []}"), _at3("NOT_JSON")),
    "no_json": (third("你好，这不是 JSON".encode()), _at3("NOT_JSON")),
    "trailing_comma": (third(dumped(chat(3))[:-1] + b",}"), _at3("NOT_JSON")),
    "two_objects": (third(dumped(chat(3)) + dumped(chat(9))), _at3("NOT_JSON")),
    "comment": (third(b"// " + dumped(chat(3))), _at3("NOT_JSON")),
    "nan": (third(b'{"messages": Infinity}'), _at3("NOT_JSON")),
    "raw_tab": (third(dumped(chat(3)).replace(b"36.5", b"36\t5")), _at3("NOT_JSON")),
    "mark_inside": (third(b"\xef\xbb\xbf" + dumped(chat(3))), _at3("NOT_JSON")),
    "array": (third([chat(3)]), _at3("NOT_AN_OBJECT")),
    "text": (third(b'"text"'), _at3("NOT_AN_OBJECT")),
    "number": (third(b"17"), _at3("NOT_AN_OBJECT")),
    "null": (third(b"null"), _at3("NOT_AN_OBJECT")),
    "true": (third(b"true"), _at3("NOT_AN_OBJECT")),
    "deep": (third(b'{"messages": ' + b"[" * 100_000), _at3("JSON_TOO_DEEP")),
    "huge_number": (third(b'{"messages": 1e999}'), _at3("JSON_TOO_DEEP")),
    "long_line": (third(dumped(talk(turn("user", "长" * 3_400_000), _ANSWER))), _at3("LINE_TOO_LONG")),
    "gbk_line": (third(json.dumps(chat(3), ensure_ascii=False).encode("gb18030")), _at3("INVALID_UTF8")),
    "invalid_byte": (third(dumped(chat(3)).replace(b"36.5", b"36\xff5")), _at3("INVALID_UTF8")),
    "overlong": (third(dumped(chat(3)).replace(b"36.5", b"\xc0\xaf")), _at3("INVALID_UTF8")),
    "raw_surrogate": (third(dumped(chat(3)).replace(b"36.5", b"\xed\xa0\x80")), _at3("INVALID_UTF8")),
    "lone_surrogate": (third(dumped(chat(3)).replace(b"36.5", b"\\ud800")), _at3("LONE_SURROGATE")),
    "half_pair": (third(dumped(chat(3)).replace(b"36.5", b"\\udc00")), _at3("LONE_SURROGATE")),
    "nul-character": (third(dumped(chat(3)).replace(b"36.5", b"\\u0000")), _at3("NUL")),
    "repeated_key": (third(dumped(chat(3)).replace(b'"content"', b'"role": "user", "content"', 1)), _at3("DUPLICATE_KEY")),
    "repeated_messages": (third(b'{"messages": [],' + dumped(chat(3))[1:]), _at3("DUPLICATE_KEY")),
    "repeated_escaped": (third(dumped(chat(3)).replace(b'{"role"', b'{"\\u0072ole": "user", "role"', 1)), _at3("DUPLICATE_KEY")),
    "repeated_blank": (third(dumped(chat(3)).replace(b'{"role"', b'{"role" : "user", "role"', 1)), _at3("DUPLICATE_KEY")),
    # the chat's shape
    "no_messages": (third({"id": 7}), _at3("UNKNOWN_SHAPE")),
    "alpaca_row": (third({"instruction": "x", "output": "y"}), _at3("OTHER_SHAPE")),
    "choice_row": (third(choice(3)), _at3("OTHER_SHAPE")),
    "empty_object": (third({}), _at3("UNKNOWN_SHAPE")),
    "empty_messages": (third({"messages": []}), _at3("NO_MESSAGES")),
    "messages_object": (third({"messages": {"role": "user"}}), _at3("WRONG_TYPE")),
    "messages_null": (third({"messages": None}), _at3("WRONG_TYPE")),
    "message_null": (third(talk(_USER, _ANSWER, None)), _at3("WRONG_TYPE")),  # type: ignore[arg-type]  # that is the fault
    "message_text": (third({"messages": ["hi"]}), _at3("WRONG_TYPE")),
    "no_role": (third(talk(_USER, {"content": "正常。"})), _at3("UNKNOWN_ROLE")),
    "role_human": (third(talk(turn("human", "你好"), _ANSWER)), _at3("UNKNOWN_ROLE")),
    "role_capital": (third(talk(turn("User", "你好"), _ANSWER)), _at3("UNKNOWN_ROLE")),
    "role_number": (third(talk(turn(1, "你好"), _ANSWER)), _at3("UNKNOWN_ROLE")),
    "role_tool": (third(talk(_USER, turn("tool", "{}"), _ANSWER)), _at3("TOOL_TURN")),
    "content_null": (third(talk(_USER, turn("assistant", None))), _at3("EMPTY_CONTENT")),
    "content_missing": (third(talk(_USER, {"role": "assistant"})), _at3("EMPTY_CONTENT")),
    "content_number": (third(talk(_USER, turn("assistant", 123))), _at3("WRONG_TYPE")),
    "content_parts": (third(talk(_USER, turn("assistant", [{"text": "x"}]))), _at3("CONTENT_NOT_TEXT")),
    "empty_answer": (third(talk(_USER, turn("assistant", ""))), _at3("EMPTY_CONTENT")),
    "blank_answer": (third(talk(_USER, turn("assistant", " \u3000\u200b\n"))), _at3("EMPTY_CONTENT")),
    "blank_question": (third(talk(turn("user", "\ufeff"), _ANSWER)), _at3("EMPTY_CONTENT")),
    "empty_system": (third(talk(turn("system", ""), _USER, _ANSWER)), _at3("EMPTY_CONTENT")),
    "no_assistant": (third(talk(turn("system", SYSTEM), _USER)), _at3("LAST_NOT_ASSISTANT")),
    "system_only": (third(talk(turn("system", SYSTEM))), _at3("LAST_NOT_ASSISTANT")),
    "last_user": (third(talk(_USER, _ANSWER, _USER)), _at3("LAST_NOT_ASSISTANT")),
    "two_users": (third(talk(_USER, turn("user", "还有呢？"), _ANSWER)), _at3("ROLES_NOT_ALTERNATING")),
    "two_assistants": (third(talk(_USER, _ANSWER, _ANSWER)), _at3("ROLES_NOT_ALTERNATING")),
    "system_second": (third(talk(_USER, turn("system", SYSTEM), _ANSWER)), _at3("SYSTEM_NOT_FIRST")),
    "two_systems": (third(talk(turn("system", SYSTEM), turn("system", "x"), _USER, _ANSWER)), _at3("SYSTEM_NOT_FIRST")),
    "no_user": (third(talk(turn("system", SYSTEM), _ANSWER)), _at3("NO_USER")),
    "assistant_first": (third(talk(_ANSWER, _USER, turn("assistant", "好。"))), _at3("ASSISTANT_FIRST")),
    "extra_key": (third(chat(3, id=7)), _at3("UNKNOWN_KEY")),
    "extra_keys": (third(chat(3, id=7, source="x")), _at3("UNKNOWN_KEY", "UNKNOWN_KEY")),
    "key_name": (third(talk(turn("user", "体温？", name="李"), _ANSWER)), _at3("REFUSED_KEY")),
    "key_weight": (third(talk(_USER, turn("assistant", "好。", weight=0))), _at3("REFUSED_KEY")),
    "key_in_message": (third(talk(_USER, turn("assistant", "好。", reasoning_content="x"))), _at3("THINKING_KEY")),
    "loss_weight": (third(talk(_USER, turn("assistant", "好。", loss_weight=0.5))), ()),
    # what the texts say
    "blanks_after": (third(talk(_USER, turn("assistant", "正常。 \n"))), _at3("BLANKS_AT_ENDS")),
    "blanks_before": (third(talk(turn("user", "\u3000体温？"), _ANSWER)), _at3("BLANKS_AT_ENDS")),
    "replacement": (third(talk(_USER, turn("assistant", "体温\ufffd常"))), _at3("REPLACEMENT_CHARACTER")),
    "utf8_as_gbk": (third(talk(turn("user", _GARBLED), _ANSWER)), _at3("MOJIBAKE")),
    "utf8_as_latin1": (third(talk(turn("user", "体温".encode().decode("latin-1")), _ANSWER)), _at3("MOJIBAKE", "HIDDEN_CHARACTER")),
    "utf8_as_cp1252": (third(talk(turn("user", "the patientâ€™s cafÃ©"), _ANSWER)), _at3("MOJIBAKE")),
    "kun_jin_kao": (third(talk(turn("user", "体温锟斤拷多少"), _ANSWER)), _at3("MOJIBAKE")),
    "french": (third(talk(turn("user", "Où est le café de l'hôtel, à côté ?"), _ANSWER)), ()),
    "control": (third(talk(turn("user", "体\x07温"), _ANSWER)), _at3("HIDDEN_CHARACTER")),
    "bidi": (third(talk(turn("user", "体\u202e温"), _ANSWER)), _at3("HIDDEN_CHARACTER")),
    "mobile": (third(talk(turn("user", "请拨打13812345678联系"), _ANSWER)), _at3("PERSONAL_DATA")),
    "long_number": (third(talk(turn("user", "编号813812345678901"), _ANSWER)), ()),
    "identity_number": (third(talk(turn("user", "身份证11010519491231002X。"), _ANSWER)), _at3("PERSONAL_DATA")),
    "wrong_check_digit": (third(talk(turn("user", "编号110105194912310021。"), _ANSWER)), ()),
    "e_mail": (third(talk(turn("user", "写信到 li.wei@example.com"), _ANSWER)), _at3("PERSONAL_DATA")),
    "at_sign": (third(talk(turn("user", "每天@医生"), _ANSWER)), ()),
    "three_kinds": (third(talk(turn("user", "13812345678，a@b.cn，11010519491231002X"), _ANSWER)), _at3(*["PERSONAL_DATA"] * 3)),
    "picture": (third(talk(turn("user", "如图所示，诊断是？"), _ANSWER)), _at3("NEEDS_PICTURE")),
    "picture_in_english": (third(talk(turn("user", "A radiograph is shown. What now?"), _ANSWER)), _at3("NEEDS_PICTURE")),
    "heart_curve": (third(talk(turn("user", "心电图检查的意义是？"), _ANSWER)), ()),
    "other_question": (third(talk(turn("user", "承上題，下一步是？"), _ANSWER)), _at3("NEEDS_OTHER_QUESTION")),
    # questions with options inside a chat
    "answer_e": (third(asked("体温？", "36|37|38|39", "E. 40")), _at3("CHAT_ANSWER_NOT_AN_OPTION")),
    "answer_of_other": (third(asked("体温？", "36|37|38|39", "A. 37")), _at3("CHAT_ANSWER_DISAGREES")),
    "answer_explained": (third(asked("体温？", "36|37|38|39", "B. 37\n解析：略")), ()),
    "equal_options": (third(asked("体温？", "36|37|36|39", "B. 37")), _at3("EQUAL_OPTIONS")),
    "all_of_the_above": (third(asked("哪项对？", "甲|乙|丙|以上都对", "D. 以上都对")), _at3("OPTIONS_NAME_OPTIONS")),
    "a_and_b": (third(asked("哪项对？", "甲|乙|A和B|丁", "C. A和B")), _at3("OPTIONS_NAME_OPTIONS")),
    # the file
    "empty": (b"", (("EMPTY_FILE", 0),)),
    "blank_lines_only": (b"\n \n\n", (("EMPTY_FILE", 0),)),
    "mark": (b"\xef\xbb\xbf" + third(chat(3)), (("BOM", 1),)),
    "blank_line": (third(b""), _at3("BLANK_LINE")),
    "blank_last": (third(chat(3)) + b"\n", (("BLANK_LINE", 6),)),
    "windows_ends": (third(chat(3)).replace(b"\n", b"\r\n"), ()),
    "no_last_end": (third(chat(3)).rstrip(b"\n"), ()),
    "separators_inside": (third(talk(turn("user", "体\u2028温\u0085？"), _ANSWER)), _at3("HIDDEN_CHARACTER")),
    "duplicate": (lines(chat(1), chat(2), chat(1)), _at3("DUPLICATE_ROW")),
    "thrice": (lines(chat(1), chat(1), chat(1)), (("DUPLICATE_ROW", 2), ("DUPLICATE_ROW", 3))),
    "duplicate_wide": (
        lines(asked("体温，是多少(T1)？", "36|37", "A. 36"), chat(2), asked("体温 是多少（Ｔ１）?", "３６|３７", "A. ３６")),
        _at3("DUPLICATE_ROW"),
    ),
    "duplicate_reordered": (
        lines(asked("体温？", "甲|乙|丙", "A. 甲"), chat(2), asked("体温？", "丙|乙|甲", "C. 甲")),
        _at3("DUPLICATE_ROW"),
    ),
    "contradiction": (
        lines(asked("体温？", "甲|乙|丙", "A. 甲"), chat(2), asked("体温？", "甲|乙|丙", "B. 乙")),
        _at3("CONTRADICTION"),
    ),
    "other_options": (
        lines(asked("体温？", "甲|乙|丙", "A. 甲"), chat(2), asked("体温？", "甲|乙|丁", "A. 甲")),
        _at3("DUPLICATE_QUESTION"),
    ),
    "always_a": (
        lines(*[asked(f"第{number}题", f"甲{number}|乙{number}|丙{number}|丁{number}", f"A. 甲{number}") for number in range(60)]),
        (("LETTERS_UNBALANCED", 0),),
    ),
    "longest": (
        lines(*[
            asked(f"第{n}题", "|".join(f"选项{n}{'很长很长' if at == n % 4 else ''}" + "甲乙丙丁"[at] for at in range(4)),
                  f"{'ABCD'[n % 4]}. 选项{n}很长很长{'甲乙丙丁'[n % 4]}")
            for n in range(60)
        ]),
        (("LONGEST_IS_RIGHT", 0),),
    ),
    "few_rows": (third(chat(3)), (("FEW_ROWS", 0),)),
}  # fmt: skip

SOURCE = {
    "no_question": (third(choice(3, question=...), choice), _at3("NO_QUESTION")),
    "question_number": (third(choice(3, question=[7]), choice), _at3("WRONG_TYPE")),
    "no_options": (third(choice(3, options=...), choice), _at3("TOO_FEW_OPTIONS")),
    "one_option": (third(choice(3, options={"D": "x"}, answer="x"), choice), _at3("TOO_FEW_OPTIONS")),
    "empty_option": (third(choice(3, options={"A": "x", "B": " ", "D": "y"}, answer="y"), choice), _at3("EMPTY_OPTION")),
    "no_answer": (third(choice(3, answer=..., answer_idx=...), choice), _at3("NO_ANSWER")),
    "answer_not_there": (third(choice(3, answer_idx="E", answer=...), choice), _at3("ANSWER_NOT_AN_OPTION")),
    "answers_disagree": (third(choice(3, answer="第3题的选项A"), choice), _at3("ANSWER_DISAGREES")),
    "equal": (third(choice(3, options={"A": "x", "B": "x", "D": "y"}, answer="y"), choice), _at3("EQUAL_OPTIONS")),
    "repeated": (third(dumped(choice(3)).replace(b'"answer":', b'"question":'), choice), _at3("DUPLICATE_KEY")),
    "blank_line": (third(b"", choice), ()),
    "reordered": (
        lines(
            choice(1),
            choice(1, options={label: f"第1题的选项{text}" for label, text in zip("ABCD", "BDCA", strict=True)}, answer_idx="A"),
        ),
        (("DUPLICATE_ROW", 2),),
    ),
    "contrary": (lines(choice(1), choice(1, answer="第1题的选项C", answer_idx="C")), (("CONTRADICTION", 2),)),
    "picture": (third(choice(3, question="下图最可能是（　　）。"), choice), _at3("NEEDS_PICTURE")),
    "english_above": (
        third(choice(3, options={"A": "x", "B": "y", "D": "None of the above"}, answer="None of the above"), choice),
        _at3("OPTIONS_NAME_OPTIONS"),
    ),
}  # fmt: skip

OTHER = {
    "other/packed.jsonl.gz": (gzip.compress(third(dumped(choice(3))[:-9], choice)), _at3("NOT_JSON")),
    "other/array.json": (dumped([choice(number) for number in range(5)]), ()),
    "other/not_a_table.parquet": (b"PAR1" + b"\0" * 40, None),
    "other/not_a_sheet.xlsx": (b"PK\x03\x04" + b"\0" * 40, None),
    "other/zeros.jsonl": (b"\0" * 4096, None),
    "other/noise.jsonl": (bytes(range(256)) * 16, None),
}

COLLECTION = [
    *[Faulty(f"bailian/{name}.jsonl", data, expected) for name, (data, expected) in BAILIAN.items()],
    *[Faulty(f"source/{name}.jsonl", data, expected) for name, (data, expected) in SOURCE.items()],
    *[Faulty(name, data, expected) for name, (data, expected) in OTHER.items() if expected is not None],
]
UNREADABLE = [(name, data) for name, (data, expected) in OTHER.items() if expected is None]
