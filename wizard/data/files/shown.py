"""A number or a date of a spreadsheet as its format shows it; what no format here can show stays what it is."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

GENERAL = "General"

# The formats that a file names by number alone (ECMA-376, 18.8.30); 14, 22 and 55 to 58 as a Chinese Excel shows them.
BUILT_IN: dict[int, str] = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "yyyy/m/d",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy/m/d h:mm",
    27: 'yyyy"年"m"月"',
    28: 'm"月"d"日"',
    29: 'm"月"d"日"',
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    37: "#,##0",
    38: "#,##0",
    39: "#,##0.00",
    40: "#,##0.00",
    45: "mm:ss",
    49: "@",
    57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE = 10**15  # beyond 15 digits a spreadsheet keeps none
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')
_NUMBER = re.compile(r"([^0#?.,%]*)([0#?,]*)(?:\.([0#?]+))?([^0#?.,]*)")
_DATE = re.compile(r"yyyy|yy|mmmm|mmm|mm?|dd?(?!d)|hh?|ss?|AM/PM|上午/下午|[^A-Za-z]", re.IGNORECASE)


def shown(value: Any, form: str) -> Any:
    """The text that is seen where ``value`` stands in a cell with the format ``form``, or ``value`` itself."""
    if type(value) is bool:
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return general(value) if form in (GENERAL, "@") else _number(value, form)
    if isinstance(value, date | time | timedelta):
        return _moment(value, form)
    return value


def general(value: float) -> str:
    """A number as the format "General" shows it: 15 digits, without what binary fractions add."""
    if value == value // 1 and abs(value) < _WHOLE:
        return str(int(value))
    if abs(value) >= _WHOLE:
        digits, _e, exponent = f"{value:.5E}".partition("E")
        return f"{digits.rstrip('0').rstrip('.')}E{int(exponent):+03d}"
    text = f"{Decimal(f'{value:.15g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: float, form: str) -> Any:
    sections = form.split(";")
    negative = value < 0 and len(sections) > 1
    before, digits, decimals, after = _numeric(sections[1] if negative else sections[0]) or ("", None, "", "")
    if digits is None:
        return value
    percent = after.count("%")
    exact = abs(Decimal(f"{value:.15g}")) * (100**percent)
    places = len(decimals)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _point, rest = f"{rounded:f}".partition(".")
    whole = whole.zfill(digits.replace(",", "").count("0")) if "0" in digits else whole.lstrip("0")
    if "," in digits:
        whole = f"{int(whole or 0):,}"
    while rest and decimals[len(rest) - 1] != "0" and rest.endswith("0"):
        rest = rest[:-1]
    sign = "-" if value < 0 and not negative and rounded else ""
    return f"{sign}{before}{whole}{'.' if rest else ''}{rest}{after}".strip()


@lru_cache(maxsize=256)
def _numeric(form: str) -> tuple[str, str, str, str] | None:
    """(before, digits, decimals, after) of a format for numbers; None where it is of another kind."""
    texts: list[str] = []

    def keep(found: re.Match[str]) -> str:
        texts.append(found[1] or found[2] or found[3] or "")
        return chr(0xE000 + len(texts) - 1) if texts[-1] else ""

    match = _NUMBER.fullmatch(_LITERAL.sub(keep, form))
    if match is None or not match[2] or match[2].endswith(",") or "E" in match[4] or "/" in match[4]:
        return None

    def back(part: str) -> str:
        return "".join(
            texts[ord(char) - 0xE000] if 0 <= ord(char) - 0xE000 < len(texts) else char for char in part
        )

    return back(match[1]), match[2], match[3] or "", back(match[4])


def _moment(value: date | time | timedelta, form: str) -> str:
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    parts = _dated(form)
    if isinstance(value, time):
        if not any(part[0] in "hs" for part in parts):
            return value.isoformat()
        value = datetime.combine(date(1900, 1, 1), value)
    if not parts:
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return "".join(_part(part, at, parts) for part in parts).strip()


@lru_cache(maxsize=256)
def _dated(form: str) -> tuple[str, ...]:
    """The parts of a format for dates; an ``m`` that means minutes is ``n``; empty where it can't be told."""
    parts: list[str] = []
    at, form = 0, form.split(";", maxsplit=1)[0]
    while at < len(form):
        literal, found = _LITERAL.match(form, at), _DATE.match(form, at)
        if literal is not None:
            parts.append(f"'{literal[1] or literal[2] or ''}")
            at = literal.end()
        elif found is not None:
            word = found[0].lower()
            parts.append(
                {"上午/下午": "am/pm"}.get(word, word)
                if word[0] in "ymdhs上" or word == "am/pm"
                else f"'{found[0]}"
            )
            at = found.end()
        else:
            return ()
    clock = [place for place, part in enumerate(parts) if part[0] != "'"]
    for number, place in enumerate(clock):
        near = (
            parts[clock[number - 1]][0] if number else "",
            parts[clock[number + 1]][0] if number + 1 < len(clock) else "",
        )
        if parts[place] in ("m", "mm") and (near[0] == "h" or near[1] == "s"):
            parts[place] = parts[place].replace("m", "n")
    return tuple(parts) if clock else ()


def _part(part: str, at: datetime, parts: tuple[str, ...]) -> str:
    if part[0] == "'":
        return part[1:]
    if part == "am/pm":
        return "AM" if at.hour < 12 else "PM"  # noqa: PLR2004 - noon
    if part in ("mmm", "mmmm"):
        return _MONTHS[at.month - 1] if part == "mmm" else at.strftime("%B")
    if part[0] == "y":
        return f"{at.year:04d}" if part == "yyyy" else f"{at.year % 100:02d}"
    hour = (at.hour % 12 or 12) if "am/pm" in parts else at.hour
    number = {"m": at.month, "d": at.day, "h": hour, "n": at.minute, "s": at.second}[part[0]]
    return f"{number:0{len(part)}d}"
