"""Which models can be fine-tuned, how, and for what price as of which date; the data is ``models.toml`` beside this file."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from importlib.resources import files
from typing import Any

from wizard.bailian.endpoints import BEIJING
from wizard.errors import UsageError
from wizard.locale import _

# The wire's values (model-training-api-reference 2026-05-26). Tables in the guides print "sft_efficient": a slip of theirs.
SFT, LORA, CPT, DPO, DPO_LORA = "sft", "efficient_sft", "cpt", "dpo_full", "dpo_lora"
TRAINING_TYPES = (LORA, SFT, DPO_LORA, DPO, CPT)
# Those that chats (questions with answers) can train, the recommended one first.
CHAT_TRAINING_TYPES = (LORA, SFT)

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Price:
    """``amount`` of ``currency`` (CNY or USD) for 1,000 training tokens in ``region``, as ``source`` had it on ``date``."""

    amount: Decimal
    currency: str
    region: str
    source: str
    date: str


def date_shown(date: str) -> str:
    """A price's date for a person: most are days, those of undated pages a season."""
    return {"autumn 2026": _("autumn 2026")}.get(date, date)


@dataclass(frozen=True, slots=True)
class PerToken:
    """What calling a deployed LoRA result costs: ``currency`` per million tokens in and out, nothing while idle."""

    input: Decimal
    output: Decimal
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class TunableModel:
    """A model as the platform's table of tunable models has it.

    ``prices``: at most one a region. ``per_token``: None where a LoRA result can only be deployed by the hour.
    ``recommended``: ``balanced``, ``better``, ``best`` or empty. ``text``: whether it is trained with text alone.
    ``base_retired``: the day (``2026-05-13``) from which the untuned model can't be called any more, empty where none is known.
    """

    code: str
    family: str
    training_types: tuple[str, ...]
    prices: tuple[Price, ...]
    per_token: PerToken | None = None
    recommended: str = ""
    text: bool = True
    base_retired: str = ""
    notes: tuple[str, ...] = ()

    def price(self, region: str = BEIJING) -> Price | None:
        """The price in ``region``, None where none is published."""
        return next((price for price in self.prices if price.region == region), None)

    def remarks(self) -> tuple[str, ...]:
        """What a person should know before choosing it, one sentence each, in the language in use."""
        sentences = {
            "balanced": _("Recommended: a good balance of quality and cost."),
            "better": _("Better answers than the 7B model, at five times its price."),
            "best": _("The best answers of the three; the same price for training as 14B, dearer to use."),
            "retirement-unconfirmed": _(
                "Its use was announced to end in October 2026; whether it can still be fine-tuned is unconfirmed."
            ),
            "deploy-by-contact": _("Deploying a result needs the platform's sales contact."),
        }
        told = tuple(sentences[word] for word in (self.recommended, *self.notes) if word)
        return told if self.text else (_("For images: only listed, not trained by this wizard."), *told)

    def deployable_per_token(self, training_type: str) -> bool:
        """Whether a result of ``training_type`` can be deployed for a price per token, so that it costs nothing idle."""
        return training_type == LORA and self.per_token is not None


@functools.cache
def models() -> tuple[TunableModel, ...]:
    """All tunable models, in the order in which to offer them: recommended, text by family, then those for images."""
    data = tomllib.loads(files("wizard.bailian").joinpath("models.toml").read_text(encoding="utf-8"))
    return tuple(_model(entry, data["sources"]) for entry in data["models"])


def text_models(region: str = BEIJING) -> tuple[TunableModel, ...]:
    """Those for text. Outside Beijing: those that have a price in ``region``, else all, since nobody knows."""
    text = tuple(model for model in models() if model.text)
    return tuple(model for model in text if model.price(region)) or text


def model(code: str) -> TunableModel | None:
    """The model called ``code``, None for one that isn't in the table (a custom model, a newer one): the platform decides."""
    return next((known for known in models() if known.code == code), None)


def _model(entry: dict[str, Any], sources: dict[str, dict[str, str]]) -> TunableModel:
    per_token = None
    if deployed := entry.get("per_token"):
        source = sources[deployed["source"]]
        per_token = PerToken(
            Decimal(deployed["input"]), Decimal(deployed["output"]), source["currency"], source["text"]
        )
    return TunableModel(
        code=entry["code"],
        family=entry["family"],
        training_types=tuple(entry["training_types"]),
        prices=tuple(_price(price["price"], sources[price["source"]]) for price in entry["prices"]),
        per_token=per_token,
        recommended=entry.get("recommended", ""),
        text=entry.get("text", True),
        base_retired=entry.get("base_retired", ""),
        notes=tuple(entry.get("notes", ())),
    )


def _price(amount: str, source: dict[str, str]) -> Price:
    return Price(Decimal(amount), source["currency"], source["region"], source["text"], source["date"])


def training_type_words(training_type: str) -> tuple[str, str]:
    """A training type's name and one line about it, in the language in use."""
    return {
        LORA: (_("LoRA"), _("Trains a small addition to the model: fast, and enough for most tasks.")),
        SFT: (
            _("all parameters"),
            _("Trains the whole model: for much data; the result is deployed by the hour."),
        ),
        DPO_LORA: (_("preferences, LoRA"), _("Learns from a better and a worse answer to each question.")),
        DPO: (_("preferences, all parameters"), _("As the former, training the whole model.")),
        CPT: (_("continued pre-training"), _("Learns from plain text without questions.")),
    }[training_type]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job may cost, in ``price.currency``, rounded outwards to cents, and the tokens that it may be billed for.

    ``rows``, ``max_length`` and ``tokens`` are what it was computed from: rows that fit into ``max_length``, their tokens.
    """

    low: Decimal
    high: Decimal
    tokens_low: int
    tokens_high: int
    tokens: int
    rows: int
    max_length: int
    n_epochs: int
    price: Price

    def formula(self) -> tuple[str, str]:
        """How the lower and the upper end come about, in the language in use."""
        words = {
            "tokens": f"{self.tokens:,}",
            "rows": f"{self.rows:,}",
            "length": f"{self.max_length:,}",
            "epochs": self.n_epochs,
            "price": self.price.amount,
            "currency": self.price.currency,
        }
        return (
            _("{tokens} tokens × {epochs} epochs × {price} {currency} / 1,000").format(**words),
            _("{rows} rows × {length} tokens × {epochs} epochs × {price} {currency} / 1,000").format(**words),
        )

    def reason(self) -> str:
        """Why it is a range."""
        return _(
            "The platform doesn't publish how it counts tokens. At least, it counts the tokens of the rows; at most, each "
            "row as max_length tokens, as one trainer's log showed (December 2025). The bill is known when the job has ended."
        )


def estimate(tokens_fit: int, rows_fit: int, max_length: int, n_epochs: int, price: Price) -> Estimate:
    """What training on ``rows_fit`` rows with ``tokens_fit`` tokens in all may cost.

    Both count only rows that fit into ``max_length``: longer ones are dropped, not trained (model-training-on-console
    2026-05-26). Billed are tokens times epochs (model-training-and-deployment-billing 2026-05-26). UsageError for negative
    numbers.
    """
    if min(tokens_fit, rows_fit, max_length, n_epochs) < 0 or price.amount < 0:
        raise UsageError(_("An estimate needs numbers that aren't negative."))
    tokens_low = tokens_fit * n_epochs
    tokens_high = max(rows_fit * max_length * n_epochs, tokens_low)
    return Estimate(
        low=(tokens_low * price.amount / 1000).quantize(_CENT, ROUND_DOWN),
        high=(tokens_high * price.amount / 1000).quantize(_CENT, ROUND_UP),
        tokens_low=tokens_low,
        tokens_high=tokens_high,
        tokens=tokens_fit,
        rows=rows_fit,
        max_length=max_length,
        n_epochs=n_epochs,
        price=price,
    )
