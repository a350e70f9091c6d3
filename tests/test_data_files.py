"""What people's programs write: cells as they are shown, tables with more than rows, older encodings, and other files."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from wizard.data.files import encodings
from wizard.data.files.lines import SourceUnreadable
from wizard.data.files.shown import shown
from wizard.data.findings import Finding
from wizard.data.shapes.source import Source

HEADER = ["题干", "选项A", "选项B", "正确答案"]


def outcomes(path: Path) -> tuple[list[Any], set[str]]:
    """The records, and the codes of all findings."""
    found = list(Source(path).read())
    return [one for one in found if not isinstance(one, Finding)], {
        one.code for one in found if isinstance(one, Finding)
    }


@pytest.mark.parametrize(
    ("expected", "value", "form"),
    [
        ("5%", 0.05, "0%"),
        ("12.34%", 0.1234, "0.00%"),
        ("1,234.50", 1234.5, "#,##0.00"),
        ("5 mg", 5, '0" mg"'),
        ("38.5℃", 38.5, '0.0"℃"'),
        ("¥5.00", 5, "¥#,##0.00"),
        ("(5)", -5, "#,##0;(#,##0)"),
        ("-5.0", -5, "0.0"),
        ("007", 7, "000"),
        ("3", 2.5, "0"),
        ("1.5", 1.5, "0.0#"),
        ("0.3", 0.1 + 0.2, "General"),
        ("0.0000001", 1e-7, "General"),
        ("1.23457E+16", 1.234567890123457e16, "General"),
        ("TRUE", True, "General"),
        (0.5, 0.5, "# ?/?"),
        (1e7, 1e7, '0!.0,"万"'),
        ("3月5日", date(2026, 3, 5), 'm"月"d"日"'),
        ("2026年3月5日", date(2026, 3, 5), '[$-804]yyyy"年"m"月"d"日";@'),
        ("2026/3/5", date(2026, 3, 5), "yyyy/m/d;@"),
        ("2026-03-05 13:04:05", datetime(2026, 3, 5, 13, 4, 5), "yyyy-mm-dd hh:mm:ss"),  # noqa: DTZ001
        ("1:04 PM", datetime(2026, 3, 5, 13, 4, 5), "h:mm AM/PM"),  # noqa: DTZ001
        ("5-Mar", date(2026, 3, 5), "d-mmm"),
        ("2026-03-05", date(2026, 3, 5), "dddd"),
        ("3:04", time(3, 4), "h:mm"),
        ("30:00:00", timedelta(hours=30), "[h]:mm:ss"),
    ],
)
def test_a_cell_is_what_is_seen(expected: object, value: object, form: str) -> None:
    """A number or date is the text that its format shows; of a format that isn't known here, it stays what it is."""
    assert expected == shown(value, form)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp950", "題目,答案\n患者頭暈時應該先做什麼？,先靜臥，不要跑。\n"),
        ("cp932", "質問,答え\n" + "めまいがするときはまず何をしますか？,横になって休んでください。\n" * 3),
        ("euc_jp", "質問,答え\n" + "めまいがするときはまず何をしますか？,横になって休んでください。\n" * 3),
        ("cp949", "질문,대답\n어지러울 때 먼저 무엇을 해야 합니까?,누워서 쉬고 물을 마시는 것이 좋습니다. 증상이 계속되면 병원에 가세요.\n"),
        ("cp1251", "вопрос,ответ\nЧто делать при головокружении?,Лечь и отдохнуть. Три раза в день после еды.\n"),
        ("cp1252", "question,réponse\n" + "Que faire à l’hôpital ?,Boire de l’eau, éviter la fièvre, être allongé, reposé.\n" * 3),
        ("gb18030", "题目,答案\n高血压?,低盐\n"),
        ("gb18030", "答案\n"),
        ("unclear", "약국은 어디?,이층\n"),
    ],
)  # fmt: skip
def test_an_older_encoding_is_proved_or_asked_about(encoding: str, text: str) -> None:
    """A text comes out in its own characters, or is refused: never in the characters of another encoding."""
    data = text.encode("cp949" if encoding == "unclear" else encoding)
    assert encoding == encodings.sniff(data, whole=True)


def test_two_cells_far_from_each_other_are_refused(tmp_path: Path) -> None:
    """A sheet that would need memory for cells that nobody filled is refused by name, whatever its size in bytes."""
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "question", "x"
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(SourceUnreadable, match="too large"):
        list(Source(tmp_path / "far.xlsx").read())


def test_what_is_written_raised_or_lowered(tmp_path: Path) -> None:
    """Raised and lowered figures are the characters that there are for them, whichever way the text is kept."""
    raised, lowered = InlineFont(vertAlign="superscript"), InlineFont(vertAlign="subscript")
    book = Workbook()
    book.active.append(["问题", "答案"])
    book.active["A2"] = CellRichText("CO", TextBlock(lowered, "2"), " 的量？")
    book.active["B2"] = CellRichText("10", TextBlock(raised, "-9"), "/L", TextBlock(raised, "注"))
    book.save(tmp_path / "a.xlsx")
    (found,), _codes = outcomes(tmp_path / "a.xlsx")
    assert ["CO₂ 的量？", "10⁻⁹/L注"] == [turn.content for turn in found.messages]


def test_a_header_over_two_rows_below_titles(tmp_path: Path) -> None:
    """Cells merged over rows and columns make a header; titles above it are told, and rows keep the sheet's numbers."""
    book = Workbook()
    sheet = book.active
    for row in (
        ["某题库"],
        [],
        ["题干", "选项", None, "正确答案"],
        [None, "A", "B", None],
        ["几？", "1", "2", "B"],
    ):
        sheet.append(row)
    for cells in ("A1:D1", "A3:A4", "B3:C3", "D3:D4"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "a.xlsx")
    (found,), codes = outcomes(tmp_path / "a.xlsx")
    assert (5, (("A", "1"), ("B", "2")), "B") == (found.where.line, found.options, found.answer)
    assert {"TITLE_ROWS"} == codes


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("NOT_A_ROW", ["（示例，请勿删除）一年有几季？", "三", "四", "B"]),
        ("NOT_A_ROW", ["【填写示例】几？", "1", "2", "A"]),
        ("NOT_A_ROW", ["合 计", "40", "", ""]),
        ("NOT_A_ROW", ["Total:", "40", "", ""]),
        ("NOT_A_ROW", ["制表人：某某", "", "", ""]),
        ("NOT_A_ROW", ["Exported on: 2026-01-01", "", "", ""]),
        ("HEADER_AGAIN", HEADER),
        ("HEADER_AGAIN", HEADER[::-1]),
        ("", ["合计是多少？", "1", "2", "A"]),
        ("", ["示例中的几？", "1", "2", "A"]),
        ("", ["Total cholesterol is high. What now?", "1", "2", "A"]),
        ("", ["审核人：应由谁担任？", "医生", "护士", "A"]),
    ],
)
def test_what_is_no_row_is_told(code: str, row: list[str], tmp_path: Path) -> None:
    """Names, sums, authors and examples are passed over with a word; a question that speaks of them is sent."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join(map(",".join, [HEADER, ["几？", "1", "2", "A"], row])), "utf-8")
    found, codes = outcomes(path)
    assert (1 if code else 2, {code} - {""}) == (len(found), codes)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("a.csv", b"<!DOCTYPE html><html><body>login</body></html>", "HTML"),
        ("a.xls", b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", "HTML"),
        ("a.pdf", b"%PDF-1.7\n", "PDF"),
        ("a.pkl", b"\x80\x04\x95", "pickle"),
        ("a.sql", b"-- dump\nINSERT INTO `q` VALUES (1);\n", "SQL"),
        ("a.rtf", b"{\\rtf1 x}", "RTF"),
        ("a.doc", b"\xd0\xcf\x11\xe0" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\0\0", "password"),
        ("a.txt", "1、几？[单选题]\n一(正确答案)\n".encode(), "问卷星"),
    ],
)  # fmt: skip
def test_other_files_are_called_by_their_name(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    """What is no file of rows is named, with the way out; it is never a row that is no JSON."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceUnreadable) as refused:
        list(Source(tmp_path / name).read())
    assert said in f"{refused.value.message} {refused.value.hint}"


def test_a_zip_is_known_by_its_table_of_contents(tmp_path: Path) -> None:
    """A folder that is called as a workbook's part, or a workbook kept inside, makes no workbook of an archive."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as whole:
        whole.writestr("xl/train.csv", "question,answer\n几？,一\n")
        whole.writestr("docProps/notes.md", "x")
    (found,), _codes = outcomes(tmp_path / "a.zip")
    assert "几？" == found.messages[0].content
