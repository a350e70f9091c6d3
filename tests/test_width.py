"""Owns the laws of folded lines: nothing wider than the terminal, nothing lost, words and brackets kept whole."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth
from rich.cells import cell_len

from wizard.local.width import breadth, cut, wrapped

TEXTS = st.text(alphabet="ab-. \u3000中文，。（）“”·é/\n", max_size=80)


@given(TEXTS, st.integers(4, 30))
def test_nothing_is_wider_and_nothing_is_lost(text: str, columns: int) -> None:
    """Every line fits, and all but ASCII blanks comes out in order."""
    lines = list(wrapped(text, columns))
    assert all(breadth(line.rstrip(" ")) <= columns for line in lines)
    assert text.replace(" ", "").replace("\n", "") == "".join(lines).replace(" ", "")


@given(TEXTS, st.integers(2, 30))
def test_what_is_cut_fits_and_says_so(text: str, columns: int) -> None:
    """What fits stays; else as much as fits with the mark behind it."""
    shown = cut(text, columns)
    assert breadth(shown) <= columns
    assert shown == text or (shown[-1] == "…" and text.startswith(shown[:-1]))
    assert breadth(shown) >= min(breadth(text), columns - 1)


def test_the_libraries_that_draw_count_alike() -> None:
    """Letters, Chinese, marks, combining and invisible characters take the columns that rich and prompt_toolkit give them."""
    ranges = [
        (0x20, 0x7E),
        (0xA0, 0xAC),
        (0xAE, 0x5FF),
        (0x1100, 0x11FF),
        (0x200B, 0x206F),
        (0x2500, 0x25FF),
        (0x2E80, 0x3163),
        (0x3400, 0x4DBF),
        (0x4E00, 0xA48C),
        (0xAC00, 0xD7A3),
        (0xF900, 0xFF9F),
        (0x1F400, 0x1F4FC),
        (0x20000, 0x2A6D0),
    ]
    there = (char for first, last in ranges for char in map(chr, range(first, last + 1)))
    known = [char for char in there if unicodedata.category(char) != "Cn"]
    assert [] == [char for char in known if not breadth(char) == cell_len(char) == get_cwidth(char)]


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
