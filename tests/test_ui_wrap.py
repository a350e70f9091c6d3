"""Owns the laws of folded lines: nothing wider than the terminal, nothing lost, words and brackets kept whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizard.ui.wrap import width, wrapped

TEXTS = st.text(alphabet="ab-. \u3000中文，。（）“”·é\n", max_size=80)


@given(TEXTS, st.integers(4, 30))
def test_nothing_is_wider_and_nothing_is_lost(text: str, columns: int) -> None:
    """Every line fits, and all but ASCII blanks comes out in order."""
    lines = list(wrapped(text, columns))
    assert all(width(line.rstrip(" ")) <= columns for line in lines)
    assert text.replace(" ", "").replace("\n", "") == "".join(lines).replace(" ", "")


def test_words_and_brackets_stay_whole() -> None:
    """A word that fits is never broken, and no line begins with a closing mark or ends with an opening one."""
    text = "目录价日期：2026 年秋；来源：help.aliyun.com，实际账单以任务的用量（usage）为准。"
    assert [
        "目录价日期：2026",
        "年秋；来源：",
        "help.aliyun.com，",
        "实际账单以任务的用",
        "量（usage）为准。",
    ] == list(wrapped(text, 18))
    assert ["  ab cd", "  ef"] == list(wrapped("  ab cd ef", 8))
