"""Counting tokens as Qwen does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.converting.convert import convert
from wizard.data.record import Message
from wizard.data.sent import SYSTEM_PROMPT
from wizard.data.tokens import Lengths, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

texts = st.text() | st.sampled_from(
    [
        "答案是 A. 80～180mmH2O（0.78～1.76kPa）",
        "it's 37.5 °C\n\n  x",
        "<|im_end|>a<|im_start|>",
        "e\u0301",
        "\ue000",
        "<|x|>",
    ]
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load()


@pytest.fixture(scope="module")
def theirs() -> Callable[[str], int]:
    """The count by dashscope's own tokenizer."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the SDK warns of at import is not ours
        from dashscope.tokenizers.tokenizer import get_tokenizer

    own: Any = get_tokenizer("qwen2.5-7b-instruct")
    return lambda text: len(own.encode(text))


@given(text=texts)
def test_counts_are_dashscopes(tokenizer: Tokenizer, theirs: Callable[[str], int], text: str) -> None:
    """Any text has as many tokens as dashscope's own Qwen tokenizer gives, special tokens written out included."""
    assert theirs(text) == tokenizer.count(text)


@given(
    chats=st.lists(
        st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts), max_size=4)
    )
)
def test_a_chat_is_counted_in_qwens_template(
    tokenizer: Tokenizer, theirs: Callable[[str], int], chats: list[list[Message]]
) -> None:
    """A chat has the tokens of its ChatML text, counted one by one or many at once."""
    expected = [
        sum(theirs(f"<|im_start|>{turn.role}\n{turn.content}<|im_end|>\n") for turn in chat) for chat in chats
    ]

    assert expected == [tokenizer.count_chat(chat) for chat in chats]
    assert expected == tokenizer.count_chats(chats)


def test_very_long_texts_are_counted(tokenizer: Tokenizer) -> None:
    """A text without a break, long enough to overflow a naive tokenizer, is counted."""
    turn = Message("user", "a" * 1_000_000)

    assert 125_000 <= tokenizer.count(turn.content) < 125_100
    assert [tokenizer.count_chat([turn])] == tokenizer.count_chats([[turn]])


@pytest.mark.parametrize(
    ("expected", "model"),
    [
        (True, "qwen2.5-7b-instruct"),
        (True, "qwen2.5-32b-instruct"),
        (True, "qwen2-7b-instruct"),
        (True, "qwen3-8b"),
        (True, "Qwen3-14B"),
        (False, "qwen3.5-9b"),
        (False, "qwen3.6-27b"),
        (False, "qwen4-8b"),
        (False, "qwen25-7b"),
        (False, "qwen-plus"),
        (False, "deepseek-v3"),
    ],
)
def test_which_models_the_vocabulary_fits(expected: bool, model: str) -> None:
    """Qwen 2, 2.5 and 3 share it; later models and unknown names don't."""
    assert expected is Tokenizer.covers(model)


def test_loading_imports_no_dashscope_and_touches_no_cache(tmp_path: Path) -> None:
    """Counting needs dashscope's file, not its import, and leaves nothing on the disk."""
    script = (
        "import sys; from wizard.data.tokens import Tokenizer; assert 'tiktoken' not in sys.modules;"
        "assert Tokenizer.load().count('你好'); assert 'dashscope' not in sys.modules; assert 'requests' not in sys.modules"
    )
    environment = {**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert [] == list(tmp_path.iterdir())


def test_a_conversion_counts_each_rows_tokens(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """The lengths in a conversion's result are those of the rows as sent."""
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"question": "q", "options": {"A": "x", "B": "y"}, "answer_idx": "A", "answer": "x"}\n' * 3
    )

    done = convert(source, tmp_path / "out.jsonl", system_prompt=SYSTEM_PROMPT, tokenizer=tokenizer)

    turns = [
        Message("system", SYSTEM_PROMPT),
        Message("user", "q\n\n选项：\nA. x\nB. y"),
        Message("assistant", "答案是 A. x"),
    ]
    assert ((tokenizer.count_chat(turns), 3),) == done.lengths


def test_lengths() -> None:
    """Totals, what a limit drops, and quantiles, from the counts alone."""
    lengths = Lengths.of([30, 10, 20, 10])

    assert ((10, 2), (20, 1), (30, 1)) == lengths.counts
    assert (4, 70, 30) == (lengths.rows, lengths.total, lengths.longest)
    assert (1, 0) == (lengths.above(29), lengths.above(30))
    assert [10, 10, 20, 30] == [lengths.quantile(share) for share in (0, 0.5, 0.75, 1)]
    assert (0, 0, 0) == (Lengths(()).total, Lengths(()).longest, Lengths(()).quantile(0.5))
