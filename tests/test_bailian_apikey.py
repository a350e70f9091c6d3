"""The key: cleaned from whatever people paste, refused without a word of it, printed by nothing."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian.apikey import ApiKey
from wizard.errors import UsageError

CANARY = "sk-canary-4f8b1c2d9e7a6053"
BODY = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=20, max_size=60)
KEYS = BODY.map(lambda body: f"sk-c{body}")
AROUND = st.sampled_from(
    [
        "{}",
        " {}\n",
        "\u3000{}\u00a0",
        "\ufeff{}\u200b",
        "export DASHSCOPE_API_KEY={}\n",
        'export DASHSCOPE_API_KEY="{}";',
        "DASHSCOPE_API_KEY='{}'",
        "DASHSCOPE_API_KEY = {}",
        "set DASHSCOPE_API_KEY={}",
        'set "DASHSCOPE_API_KEY={}"',
        "set MY_NAME={}",
        'setx DASHSCOPE_API_KEY "{}"',
        "$env:DASHSCOPE_API_KEY='{}'",
        '$env:DASHSCOPE_API_KEY = "{}";',
        "Bearer {}",
        "Authorization: Bearer {}",
        "“{}”",
        "‘{}’",
        "＂{}＂",
        "「{}」",
        "export DASHSCOPE_API_KEY=“ {} ”\r\n",
        "dashscope_api_key: {}",
    ]
)


def widened(text: str) -> str:
    """``text`` as an input method in full-width mode writes it."""
    return "".join(
        chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text
    )


@given(key=KEYS, around=AROUND, wide=st.booleans())
def test_what_people_paste_around_a_key_is_taken_off(key: str, around: str, *, wide: bool) -> None:
    """The key comes out of every wrapping, also typed full-width, and cleaning it again changes nothing."""
    cleaned = ApiKey.clean(around.format(widened(key) if wide else key))
    assert key == cleaned.reveal()
    assert cleaned == ApiKey.clean(cleaned.reveal())


@given(st.text(max_size=300))
def test_anything_at_all_is_a_key_or_a_usage_error(text: str) -> None:
    """No text makes it fail otherwise, and what is accepted fits into a header and into .env."""
    try:
        key = ApiKey.clean(text).reveal()
    except UsageError as problem:
        shown = problem.message + problem.hint + "".join(traceback.format_exception(problem))
        pieces = (text[start : start + 12] for start in range(len(text) - 11))
        assert not any(piece in shown for piece in pieces)
    else:
        assert all("!" <= character <= "~" for character in key)
        assert not set("$'\"\\#=") & set(key)
        assert 16 <= len(key) <= 256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "sk-short",
        "sk-" + "x" * 300,
        "sk-canary-4f8b 1c2d9e7a6053",
        "sk-canary-4f8b\n1c2d9e7a6053",
        "sk-canary-4f8b–1c2d9e7a6053",
        "sk-canary-密钥-1c2d9e7a6053",
        "sk-canary-$HOME-2d9e7a6053",
        'sk-canary-"-1c2d9e7a60532d9',
        "sk-canary-#-1c2d9e7a6053000",
        "sk-sp-canary-4f8b1c2d9e7a60",
        "export DASHSCOPE_API_KEY=",
    ],
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(text: str) -> None:
    """The error says what is wrong and holds nothing of what was pasted."""
    with pytest.raises(UsageError) as caught:
        ApiKey.clean(text)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args) + caught.value.hint
    assert not any(piece in shown for piece in ("canary", "1c2d9e7a", "xxxx"))


def test_a_coding_plan_key_is_told_apart() -> None:
    """A key that can't fine-tune is refused with the reason, not with "wrong key" later."""
    with pytest.raises(UsageError, match="can't fine-tune"):
        ApiKey.clean("sk-sp-canary-4f8b1c2d9e7a60")


def test_nothing_prints_it() -> None:
    """Neither str, repr, format, vars, pickle, copy nor JSON gives it away; it can't be changed."""
    key = ApiKey.clean(CANARY)
    assert "sk-…6053" == key.masked == str(key) == f"{key}"
    assert CANARY not in f"{key!r} {key.fingerprint} {[key]} { ({'key': key}) }"
    assert not hasattr(key, "__dict__")
    for serialise in (pickle.dumps, json.dumps, vars):
        with pytest.raises(TypeError):
            serialise(key)
    with pytest.raises(AttributeError):
        key.other = 1
    assert key is copy.copy(key) is copy.deepcopy({"key": key})["key"]


@given(KEYS, KEYS)
def test_the_fingerprint_tells_keys_apart(one: str, other: str) -> None:
    """Twelve hex digits, the same for the same key only."""
    first, second = ApiKey(one), ApiKey(other)
    assert len(first.fingerprint) == 12
    assert int(first.fingerprint, 16) >= 0
    assert (one == other) == (first.fingerprint == second.fingerprint) == (first == second)
