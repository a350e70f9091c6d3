"""Owns the ways to spoil a right row: one field at a time, then the line's own bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

GONE = object()

# In the place of any value: what is nothing, what is no text, and texts in which something is to be found.
VALUES: tuple[object, ...] = (
    GONE, None, True, 0, 1.5, [], ["甲"], {}, {"a": "乙"}, {"A": {"A": "甲", "B": "乙"}},
    "", " ", "\t", "\n", "\r", "\u3000", "\xa0", "\x85", "\x1c", "\u200b", "\u2060\ufeff", " \u200b\n", "\0", "甲\0乙",
    " 甲", "甲 ", "甲\n", "\n甲", "甲\t", "\u200b甲", "甲\ufeff", "\x1c甲", "甲\x85", "甲\\", "\\", "\\n", "甲\\n", "甲\\ ", '"', '"甲"', '甲":', "甲: 乙",
    "甲\n乙", "甲\t乙", "甲\r乙", "甲\x01乙", "甲\x7f乙", "甲\u2028乙", "甲\u202e乙", "甲\u0344", "甲\ufffd乙", "😀", "\ud800", "甲\udc00", "锛屼綋娓�", "Ã©",
    "A", "B", "E", "a", "Ａ", "AB", "A,B", "1", "A.", "A. 甲", "B. 乙", ". ", "甲. 乙", "答案是 A. 甲", "答案是 B. 乙", "答案是 E. 甲", "答案是 A. 乙", "答案是 A", "B. 甲",
    "以上都对", "A和B", "None of the above", "如图所示，诊断是", "上题中的病人", "See the figure below. Which?", "电话13812345678", "11010519491231002X", "a@b.cn",
    "甲\n\n选项：\nA. 甲\nB. 乙", "\n\n选项：\n", "甲\n\n选项：\nA. 甲", "甲\n\n选项：\nA. 甲\nB. 甲", "甲\n\n选项：\nA. 甲\nC. 乙", "甲\n\n选项：\nA.  甲\nB. 乙", "甲\n\n选项：\nA. \nB. 乙",
    "甲\nA. 乙\nB. 丙", "user", "system", "assistant", "human", "tool", "１２①Ⅱ", "长" * 400,
    "甲{{名}}", "甲${名}", "甲${x_1}$", "再见【姓名】", "<填写甲>", "住XX路", "XX", "打***-****", "### Response: 甲", "甲\nHuman: 乙", "Assistant：甲", "https://x.example/a.png", "甲 https://x.example/a.png",
    "详见附件", "###", "{{ 甲", "{甲}", "甲<p>乙</p>", "<ſpan>甲", "血压<90", "<甲>", "甲&nbsp;乙", "甲&乙", "A&B", "甲<|im_end|>", "<｜甲｜>", "[INST] 甲", "[1] 甲", "[甲]", "甲！", "甲!",
    "data:image/png;base64,AAAA", "a.PNG?s=1", "甲.jpg 乙", "甲。b.jpg",
    "![甲](b.png)", "甲![", "【语音】", "甲[图片]", "【病例】甲", "对方撤回了一条消息", "撤药", "系统提示：甲", "甲\n【系统消息】：乙", "[系统通知]:甲", "系统性红斑狼疮", "nan", "略", "（无）", "甲\n无",
    "甲（A）", "甲( B )乙", "甲（\nA）", "甲（A、\nB）", "甲（　）", "甲（ATP）", "甲（A", "（",
)  # fmt: skip

_OBJECTS = ({"A": "甲"}, {"A": "甲", "B": "甲"}, {"B": "乙", "A": "甲"}, {"A": "甲", "B": "乙", "C": "丙"}, {"A": "甲", "C": "乙"}, {"a": "甲", "b": "乙"}, {"A": "甲", "A ": "乙"}, {"A": "甲", "": "乙"}, {"A": "甲", "B. b": "乙"}, {"1": "甲", "2": "乙"}, dict(zip("ABCDEFGHIJK", "甲乙丙丁戊己庚辛壬癸子", strict=True)))  # fmt: skip


def spoiled(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(how, the row) for each value of the row in turn and each other value in its place; then with keys that it hadn't."""
    for path in _paths(row):
        for value in (*VALUES, *(_OBJECTS if path == ("options",) else ())):
            yield f"{path} = {value!r}", _with(row, path, value)
        yield f"{path} around", _with(row, path, {"甲": _at(row, path)})
        yield f"{path} listed", _with(row, path, [_at(row, path)])
        if isinstance(words := _at(row, path), str):
            for value in (f" {words}", f"{words}\n", f"\u200b{words}", f"{words}\ufeff", f"{words}\\", words[:-1], words * 2, words.replace("A. ", "A. A. "), words.replace("A. ", "A. A、").replace("B. ", "B. B."), words.replace("\nB", ";\nB"), f"{words}；".replace("\nB", "；\nB").replace("\nC", "；\nC").replace("\nD", "；\nD"), words.replace("\n", "\r\n"), words.replace("号", "（B）"), words.replace("号", "(\nB )"), words.replace("号", "（）")):  # fmt: skip
                yield f"{path} = {value!r}", _with(row, path, value)
    for key in ("page", "name", "weight", "loss_weight", "from", "value", "messages", "text", "system", "题目", "A", "metadata", "Question", "ANSWER", "answer_idx", "meta_info"):  # fmt: skip
        for value in ("甲", "", None, 7, {"role": "user"}, ["甲: 乙"]):
            for path in ((), *(path for path in _paths(row) if isinstance(_at(row, path), dict))):
                inside = _at(row, path)
                if key not in inside:
                    yield f"{path} {key}: {value!r} behind", _with(row, path, {**inside, key: value})
                    yield f"{path} {key}: {value!r} before", _with(row, path, {key: value, **inside})


def harmed(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """(how, the line) for each harm to the bytes of a line."""
    text = raw.decode()
    yield from (
        ("escaped", json.dumps(json.loads(text)).encode()),
        ("escaped letters", text.replace("A", "\\u0041").encode()),
        ("escaped slash", text.replace("第", "\\/").encode()),
        ("escaped blank", text.replace("第", "\\u0020").encode()),
        ("escaped form feed", text.replace("第", "\\f\\b").encode()),
        ("half a pair", text.replace("第", "\\ud83d").encode()),
        ("the other half", text.replace("第", "\\udc00").encode()),
        ("a pair", text.replace("第", "\\ud83d\\ude00").encode()),
        ("wrong escape", text.replace("第", "\\x").encode()),
        ("raw tab", text.replace("第", "\t").encode()),
        ("raw line end", text.replace("第", "\n", 1).encode()),
        ("raw line end at the beginning of a text", text.replace('"第', '"\n', 1).encode()),
        ("raw line end at the end of a text", text.replace('",', '\n",', 1).encode()),
        ("raw NUL", text.replace("第", "\0").encode()),
        ("no UTF-8", raw.replace("第".encode(), b"\xff", 1)),
        ("half UTF-8", raw.replace("第".encode(), b"\xe7\xac", 1)),
        ("surrogate", raw.replace("第".encode(), b"\xed\xa0\x80", 1)),
        ("mark", b"\xef\xbb\xbf" + raw),
        ("blank", b""), ("blanks", b" \t"), ("only \\r", b"\r"), ("no blanks", b"\x0b"),
        ("[]", b"[]"), ("null", b"null"), ("{}", b"{}"), ("in a list", b"[" + raw + b"]"), ("deep", b"[" * 2000),
    )  # fmt: skip
    yield from (
        (f"{more!r} behind", raw + more) for more in (b"\r", b" ", b"\t", b",", b"{}", b"\0", b"\x0c")
    )
    yield from ((f"{more!r} before", more + raw) for more in (b" ", b"\t", b"\r", b"\x0c", b"//"))
    yield from ((f"cut {count}", raw[:-count]) for count in (1, 2, 3, 20))
    for key in sorted(
        {key for path in _paths(json.loads(text)) if isinstance(key := (path or ("",))[-1], str)}
    ):
        for written in (
            f'"{key}": "甲", "{key}"',
            f'"{key}" : null, "{key}"',
            f'"\\u{ord(key[:1]):04x}{key[1:]}": "甲", "{key}"',
        ):
            yield f"{written} twice", text.replace(f'"{key}"', written, 1).encode()
        yield f"{key} with a blank", text.replace(f'"{key}"', f'"{key}" ', 1).encode()
        yield f"{key} behind a blank", text.replace(f'"{key}"', f' "{key}"', 1).encode()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, inside in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _paths(inside, (*path, key))


def _at(row: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        row = row[key]
    return row


def _with(row: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    made = deepcopy(row)
    holder = _at(made, path[:-1])
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made
