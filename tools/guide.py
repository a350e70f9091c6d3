"""The tables of the fine-tuning guides, made of what the program itself says: ``python -m tools.guide``.

Each table stands between ``<!-- name -->`` and ``<!-- /name -->``. Exits 1 where a guide had to be changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from tools.tables import bring_up_to_date, table
from wizard import locale
from wizard.bailian import endpoints, explain
from wizard.bailian.answers import Fault
from wizard.bailian.hyperparameters import HYPERPARAMETERS
from wizard.bailian.models import TRAINING_TYPES, estimate, model, models, text_models
from wizard.bailian.plans import ByToken, date_shown
from wizard.steps.wording import money

DOCS = Path(__file__).parents[1] / "docs"
FILES = {locale.ENGLISH: DOCS / "fine-tuning-guide.md", locale.CHINESE: DOCS / "百炼微调使用指南.md"}

ROWS, TOKENS, LONGEST, EPOCHS = 10_000, 2_000_000, 2048, 3  # the example of what a training costs
AS_OF = date(
    2026, 11, 26
)  # the day on which the notes on retired models are true; a table must not change by itself
COMPARED = ("qwen2.5-7b-instruct", "qwen2.5-14b-instruct", "qwen2.5-32b-instruct")

# An answer of the platform for each cause that wizard/bailian/explain.py knows: status, code, and words of its sentence.
FAULTS: Mapping[str, tuple[int, str, str]] = {
    "key": (401, "InvalidApiKey", ""),
    "arrears": (400, "Arrearage", ""),
    "not-activated": (403, "AccessDenied.Unpurchased", ""),
    "workspace": (403, "Workspace.AccessDenied", ""),
    "free-quota": (403, "AllocationQuota.FreeTierOnly", ""),
    "not-granted": (403, "AccessDenied", "Workspace … does not have … privilege for model …"),
    "model": (403, "Model.AccessDenied", ""),
    "model-unknown": (404, "Model.NotExist", ""),
    "forbidden": (403, "AccessDenied", ""),
    "models-quota": (429, "Throttling", "… running or succeeded allowed per user"),
    "jobs-quota": (429, "Throttling", "Too many fine-tune job in running"),
    "too-often": (429, "Throttling", ""),
    "no-room": (413, "BadRequest.TooLarge", ""),
    "too-many-files": (400, "BadRequest.TooMany", ""),
    "state": (400, "UnsupportedOperation", ""),
    "exists": (409, "Conflict", ""),
    "not-deployable": (400, "InvalidParameter", "… does not exist or is not deployable"),
    "not-found": (404, "NotFound", ""),
}


def guide(language: str) -> str:
    """The guide in ``language``, with its tables as the program has them now."""
    text = FILES[language].read_text("utf-8")
    before = locale.language()
    locale.use(language)
    try:
        for name, made in BLOCKS.items():
            lines = "\n".join(made(language == locale.CHINESE)).rstrip()
            text, count = re.subn(
                rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
                rf"\g<1>{_escaped(lines)}\n\g<2>",
                text,
                flags=re.DOTALL,
            )
            if count != 1:
                raise ValueError(f"{FILES[language].name} has {count} places for {name}")
    finally:
        locale.use(before)
    return text


def _escaped(lines: str) -> str:
    return lines.replace("\\", "\\\\")


def _models(chinese: bool) -> list[str]:
    heads = (
        ("模型", "支持的训练方式", "训练，元/千 Token", "部署后按 Token 调用，元/百万 Token（输入 / 输出）", "按小时部署，每小时至少（元）", "说明")
        if chinese
        else (
            "model",
            "training types",
            "training, CNY per 1,000 tokens",
            "used by token, CNY per million (in / out)",
            "used by the hour, CNY an hour at least",
            "note",
        )
    )  # fmt: skip
    rows = []
    for known in text_models():
        price, token, hour = known.price(), known.by_token, known.by_hour
        kinds = ", ".join(f"`{kind}`" for kind in TRAINING_TYPES if kind in known.training_types)
        rows.append(
            (
                f"`{known.code}`",
                kinds,
                str(price.amount) if price else "–",
                _by_token(token, chinese) if token else "–",
                f"{hour.hour} ({hour.unit} × {hour.least})" if hour else "–",
                locale.joined(*known.remarks(AS_OF)),
            )
        )
    prices = [known.price() for known in text_models()]
    sources = sorted({_source(price.source) for price in prices if price})
    tokens = sorted({_source(known.by_token.source) for known in models() if known.by_token})
    hours = sorted({_source(known.by_hour.source) for known in models() if known.by_hour})
    note = (
        f"北京地域的目录价，来源：{'；'.join(sources)}；按 Token：{'；'.join(tokens)}，只适用于 `efficient_sft` 的结果；按小时：{'；'.join(hours)}。“–”：没有公布。"
        if chinese
        else f"List prices in Beijing; source: {'; '.join(sources)}; by token: {'; '.join(tokens)}, for results of `efficient_sft` only; by the hour: {'; '.join(hours)}. “–”: none is published."
    )
    return [*table(heads, rows), note]


def _by_token(price: ByToken, chinese: bool) -> str:
    shown = f"{price.input} / {price.output}"
    if price.thinking is not None:
        shown += f"（思考 {price.thinking}）" if chinese else f" (thinking {price.thinking})"
    if price.long is not None:
        into, out = price.long
        shown += f"（超过 128K：{into} / {out}）" if chinese else f" (above 128K: {into} / {out})"
    return shown


def _hours(chinese: bool) -> list[str]:
    heads = (
        ("每小时至少（元）", "一天（元）", "模型")
        if chinese
        else ("an hour at least, CNY", "a day, CNY", "models")
    )
    by_price: dict[Decimal, list[str]] = {}
    for known in text_models():
        if known.by_hour is not None:
            by_price.setdefault(known.by_hour.hour, []).append(f"`{known.code}`")
    rows = [(f"{hour:,}", f"{hour * 24:,}", ", ".join(codes)) for hour, codes in sorted(by_price.items())]
    none = [f"`{known.code}`" for known in text_models() if known.by_hour is None]
    return list(table(heads, [*rows, ("没有公布" if chinese else "none published", "–", ", ".join(none))]))


def _source(text: str) -> str:
    document, _comma, date = text.partition(", ")
    return f"{document}, {date_shown(date)}"


def _parameters(chinese: bool) -> list[str]:
    heads = (
        ("参数", "推荐值", "范围", "作用")
        if chinese
        else ("parameter", "recommended", "range", "what it does")
    )
    rows = [
        (known.label() if known.name in known.label() else f"`{known.name}`",
         f"`{known.recommended}`" if known.sent else "", known.range(), known.why())
        for known in HYPERPARAMETERS
    ]  # fmt: skip
    return list(table(heads, rows))


def _cost(chinese: bool) -> list[str]:
    heads = (
        ("模型", "最低", "最高", "预估", "价格日期")
        if chinese
        else ("model", "at least", "at most", "estimated", "price of")
    )
    rows = []
    for code in COMPARED:
        known = model(code)
        price = known.price() if known else None
        if price is None:
            raise ValueError(f"{code} has no price")
        worked_out = estimate(TOKENS, ROWS, LONGEST, EPOCHS, price)
        low, high = worked_out.formula()
        shown = money(worked_out.low, worked_out.high, price.currency)
        rows.append((f"`{code}`", low, high, shown, date_shown(price.date)))
    return list(table(heads, rows))


def _faults(chinese: bool) -> list[str]:
    heads = (
        ("平台的响应", "含义", "怎么办")
        if chinese
        else ("the platform's answer", "what it means", "what to do")
    )
    rows = []
    for status, code, words in FAULTS.values():
        what, todo = explain.refusal(status, Fault(code, words), endpoints.endpoint())
        answer = f"HTTP {status} `{code}`" + (f" ({words})" if words else "")
        rows.append((answer, re.sub(r" \[.*\]$", "", what), todo))
    return list(table(heads, rows))


BLOCKS: Mapping[str, Callable[[bool], list[str]]] = {
    "models": _models, "hours": _hours, "parameters": _parameters, "cost": _cost, "faults": _faults,
}  # fmt: skip


def main() -> int:
    """Bring both guides up to date; the exit code."""
    return bring_up_to_date({path: guide(language) for language, path in FILES.items()})


if __name__ == "__main__":
    sys.exit(main())
