"""The tables of the fine-tuning guides, made of what the program itself says: ``python -m tools.guide``.

Each table stands between ``<!-- name -->`` and ``<!-- /name -->``. Exits 1 where a guide had to be changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.tables import bring_up_to_date, table
from wizard import locale
from wizard.bailian import endpoints, explain
from wizard.bailian.answers import Fault
from wizard.bailian.hyperparameters import HYPERPARAMETERS
from wizard.bailian.models import TRAINING_TYPES, estimate, model, models, text_models
from wizard.bailian.plans import date_shown
from wizard.steps.wording import money

DOCS = Path(__file__).parents[1] / "docs"
FILES = {locale.ENGLISH: DOCS / "fine-tuning-guide.md", locale.CHINESE: DOCS / "百炼微调使用指南.md"}

ROWS, TOKENS, LONGEST, EPOCHS = 10_000, 2_000_000, 2048, 3  # the example of what a training costs
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
        ("模型", "支持的训练方式", "训练，元/千 Token", "部署后调用，元/百万 Token（输入 / 输出）", "说明")
        if chinese
        else (
            "model",
            "training types",
            "training, CNY per 1,000 tokens",
            "calls, CNY per million tokens (in / out)",
            "note",
        )
    )
    rows = []
    for known in text_models():
        price, calls = known.price(), known.per_token
        kinds = ", ".join(f"`{kind}`" for kind in TRAINING_TYPES if kind in known.training_types)
        deployed = f"{calls.input} / {calls.output}" if calls else "–"
        rows.append(
            (
                f"`{known.code}`",
                kinds,
                str(price.amount) if price else "–",
                deployed,
                " ".join(known.remarks()),
            )
        )
    prices = [known.price() for known in text_models()]
    sources = sorted({_source(price.source) for price in prices if price})
    calls = sorted({_source(known.per_token.source) for known in models() if known.per_token})
    note = (
        f"北京地域的目录价，来源：{'；'.join(sources)}；调用价格：{'；'.join(calls)}，取各档中最贵的，只适用于 `efficient_sft` 的结果。“–”：没有公布按 Token 计费的部署。"
        if chinese
        else f"List prices in Beijing; source: {'; '.join(sources)}; calls: {'; '.join(calls)}, the dearest tier, for results of `efficient_sft` only. “–”: no deployment by token is published."
    )
    return [*table(heads, rows), note]


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
        ("平台的回答", "含义", "怎么办")
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
    "models": _models, "parameters": _parameters, "cost": _cost, "faults": _faults,
}  # fmt: skip


def main() -> int:
    """Bring both guides up to date; the exit code."""
    return bring_up_to_date({path: guide(language) for language, path in FILES.items()})


if __name__ == "__main__":
    sys.exit(main())
