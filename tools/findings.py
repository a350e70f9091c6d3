"""The page of all findings in docs/, generated from their rules in both languages: ``python -m tools.findings``.

What ``explain CODE`` says of each, examples included, whose findings are made anew. Exits 1 where a file had to be changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.tables import bring_up_to_date, table
from wizard import locale
from wizard.commands.explaining import ABOUT_TIMES, fixing, general, severity
from wizard.data import examples
from wizard.data.findings import Rule
from wizard.data.rules import rules
from wizard.locale import _, said

DOCS = Path(__file__).parents[1] / "docs"
FILES = {locale.ENGLISH: DOCS / "findings.md", locale.CHINESE: DOCS / "findings.zh-CN.md"}
BEGINNINGS = {
    locale.ENGLISH: (
        "# bailian-wizard: What can be wrong with data",
        "[简体中文](findings.zh-CN.md) · [Reference](reference.md) · [README](../README.md)",
        "Generated from the program by `python -m tools.findings`; don't edit it by hand.",
        (
            "Each finding has a code, which stands wherever it is shown; `bailian-wizard explain CODE` says the same as this page. "
            "With an error a row or a file can't be sent; with a warning it can, and you should know. The examples are invented."
        ),
    ),
    locale.CHINESE: (
        "# bailian-wizard 数据问题一览",
        "[English](findings.md) · [命令参考](reference.zh-CN.md) · [README](../README.zh-CN.md)",
        "本文由 `python -m tools.findings` 从程序生成，请勿手工修改。",
        (
            "每种问题都有一个代码，显示问题时总会带上它；`bailian-wizard explain CODE` 给出与本页相同的内容。"
            "有“错误”的行或文件无法发送；有“警告”的可以发送，但应当了解。示例均为虚构。"
        ),
    ),
}


def page(language: str) -> str:
    """The whole page in ``language``."""
    before = locale.language()
    locale.use(language)
    try:
        return "\n".join(_page(language))
    finally:
        locale.use(before)


def _page(language: str) -> Iterator[str]:
    for line in (*BEGINNINGS[language], said(ABOUT_TIMES)):
        yield from (line, "")
    names = {"error": _("error"), "warning": _("warning")}
    rows = [
        (f"[`{rule.code}`](#{rule.code.lower()})", names[rule.severity], general(rule.what))
        for rule in rules().values()
    ]
    yield from table((_("Finding"), _("Severity"), _("What it is")), rows)
    for rule in rules().values():
        yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield from (f"## {rule.code}", "", general(rule.what), "", severity(rule), "")
    for label, text in (
        (_("Why it matters"), said(rule.why)),
        (_("What to do"), general(rule.fix)),
        ("`--fix`", fixing(rule)),
        (_("Example"), f"`bailian-wizard {' '.join(examples.command(rule))}`"),
    ):
        yield from (f"**{label}** · {text}", "")
    if rule.beside:
        yield from (f"`{examples.BESIDE}`", "", *_fenced(examples.shown(rule.beside)))
    yield from (f"`{rule.name}` · {_('with it')}", "", *_fenced(examples.shown(rule.bad)))
    yield from _fenced(*(str(one) for one in examples.found(rule)[:1]))
    yield from (f"`{rule.name}` · {_('without')}", "", *_fenced(examples.shown(rule.good)))


def _fenced(*lines: str) -> Iterator[str]:
    yield from ("```", *lines, "```", "")


def main() -> int:
    """Write both files; the exit code."""
    return bring_up_to_date({path: page(language) for language, path in FILES.items()})


if __name__ == "__main__":
    sys.exit(main())
