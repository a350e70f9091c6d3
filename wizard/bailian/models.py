"""Which models can be fine-tuned, how, for what price as of which date, and what comes after; the data is ``models.toml``."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from importlib.resources import files
from typing import Any

from wizard.bailian.endpoints import BEIJING
from wizard.bailian.plans import ByHour, ByToken, Uses
from wizard.bailian.retirement import Retirement
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


@dataclass(frozen=True, slots=True)
class TunableModel:
    """A model as the platform's table of tunable models has it.

    ``prices``: at most one a region. ``by_token``, ``by_hour``: the plans by which results can be deployed in Beijing, see ``uses``.
    ``recommended``: ``balanced``, ``better``, ``best``, ``comparable`` or empty. ``text``: whether it is trained with text alone.
    ``retirement``: when the untuned model stops being callable, None where that isn't announced.
    """

    code: str
    family: str
    training_types: tuple[str, ...]
    prices: tuple[Price, ...]
    by_token: ByToken | None = None
    by_hour: ByHour | None = None
    recommended: str = ""
    text: bool = True
    retirement: Retirement | None = None
    notes: tuple[str, ...] = ()

    def price(self, region: str = BEIJING) -> Price | None:
        """The price in ``region``, None where none is published."""
        return next((price for price in self.prices if price.region == region), None)

    def remarks(
        self, today: dt.date | None = None, *, permitted: bool = False, brief: bool = False
    ) -> tuple[str, ...]:
        """What a person should know before choosing it, one sentence each, in the language in use.

        ``permitted``: the platform said that it may be tuned, so that what stands in doubt of that is left out. ``brief``: the end
        of its base in a few words and first, since a list may cut what comes later.
        """
        sentences = {
            "balanced": _("Recommended: a good balance of quality and cost."),
            "better": _("Better answers than the 7B model, at five times its price."),
            "best": _("The best answers of the three; the same price for training as 14B, dearer to use."),
            "comparable": _("The best that you can also compare with its base."),
            "by-invitation": _("The platform may take it from invited accounts only."),
            "deploy-by-contact": _("Deploying a result needs the platform's sales contact."),
        }
        images = () if self.text else (_("For images: only listed, not trained by this wizard."),)
        notes = [note for note in self.notes if not (permitted and note == "by-invitation")]
        found = [*images, *(sentences[word] for word in (self.recommended, *notes) if word)]
        if self.retirement is not None:
            today = today or dt.date.today()  # noqa: DTZ011 - the user's own day
            if brief:
                found.insert(0, self.retirement.brief(today))
            else:
                found.append(self.retirement.warning(today))
        return tuple(found)

    def uses(self, training_type: str, region: str = BEIJING) -> Uses:
        """How a result of ``training_type`` can be used: the plan ``lora`` takes those of efficient_sft, ``mu`` any."""
        if region != BEIJING:
            return Uses(known=False)
        return Uses(self.by_token if training_type == LORA else None, self.by_hour)


@functools.cache
def models() -> tuple[TunableModel, ...]:
    """All tunable models, in the order in which to offer them: recommended, text by family, then those for images."""
    return _Table(
        tomllib.loads(files("wizard.bailian").joinpath("models.toml").read_text(encoding="utf-8"))
    ).models()


def text_models(region: str = BEIJING) -> tuple[TunableModel, ...]:
    """Those for text. Outside Beijing: those that have a price in ``region``, else all, since nobody knows."""
    text = tuple(model for model in models() if model.text)
    return tuple(model for model in text if model.price(region)) or text


def model(code: str) -> TunableModel | None:
    """The model called ``code``, None for one that isn't in the table (a custom model, a newer one): the platform decides."""
    return next((known for known in models() if known.code == code), None)


class _Table:
    """What ``models.toml`` says."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._retirements = {
            entry["date"]: Retirement(
                dt.date.fromisoformat(entry["date"]),
                entry["source"],
                entry["confirmed"],
                entry["still_listed"],
            )
            for entry in data["retirements"]
        }

    def models(self) -> tuple[TunableModel, ...]:
        return tuple(self._model(entry) for entry in self._data["models"])

    def _model(self, entry: dict[str, Any]) -> TunableModel:
        return TunableModel(
            code=entry["code"],
            family=entry["family"],
            training_types=tuple(entry["training_types"]),
            prices=tuple(self._price(price) for price in entry["prices"]),
            by_token=self._by_token(entry["per_token"]) if "per_token" in entry else None,
            by_hour=self._by_hour(entry["units"]) if "units" in entry else None,
            recommended=entry.get("recommended", ""),
            text=entry.get("text", True),
            retirement=self._retirements[entry["base_retired"]] if "base_retired" in entry else None,
            notes=tuple(entry.get("notes", ())),
        )

    def _source(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self._data["sources"][name]
        return found

    def _price(self, entry: dict[str, str]) -> Price:
        source = self._source(entry["source"])
        return Price(
            Decimal(entry["price"]), source["currency"], source["region"], source["text"], source["date"]
        )

    def _by_token(self, entry: dict[str, Any]) -> ByToken:
        source = self._source(entry["source"])
        into, out = entry.get("long", (None, None))
        return ByToken(
            input=Decimal(entry["input"]),
            output=Decimal(entry["output"]),
            thinking=Decimal(entry["thinking"]) if "thinking" in entry else None,
            long=(Decimal(into), Decimal(out)) if into is not None else None,
            currency=source["currency"],
            source=source["text"],
            date=source["date"],
        )

    def _by_hour(self, units: dict[str, int]) -> ByHour:
        """The cheapest of the units that may serve a model."""
        source = self._source(self._data["units"]["source"])
        prices = self._data["units"]["prices"]
        ways = [
            ByHour(unit, least, Decimal(prices[unit]), source["currency"], source["text"], source["date"])
            for unit, least in units.items()
        ]
        return min(ways, key=lambda way: way.hour)


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
