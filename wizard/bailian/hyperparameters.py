"""The hyper-parameters of a job: their wire names and types, what is recommended, and which values make sense and why.

Sources: model-training-api-reference 2026-02-11 (the last with defaults) and 2026-05-26, the console's and the upload rules' pages
of summer and autumn 2026, and the vendor's own command line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from wizard.bailian.models import DPO, DPO_LORA, LORA, SFT, TRAINING_TYPES
from wizard.errors import UsageError
from wizard.locale import _, enumerated, language

INTEGER, NUMBER, TEXT, CHOICE = "integer", "number", "text", "choice"

_LORA_ONLY = (LORA, DPO_LORA)
_NOT_CPT = (LORA, SFT, DPO_LORA, DPO)
_SFT_ONLY = (LORA, SFT)

_API_2026_02 = "help.aliyun.com model-training-api-reference, 2026-02-11"
_API = "help.aliyun.com model-training-api-reference, 2026-05-26"
_CONSOLE = "help.aliyun.com model-training-on-console, summer 2026"
_VENDOR_CLI = "the platform's own command line (bl), 2026"
_NONE = "no document; the wizard's own bounds, to catch slips"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyper-parameter under its wire name.

    ``recommended``: in the wire's type; ``sent``: whether it goes out unasked, with that value. ``low`` and ``high``: bounds,
    the ends included unless ``open_ends``. ``as_text``: a number that the wire has as a string.
    ``source``: where the bounds come from. ``training_types``: those that take it.
    """

    name: str
    kind: str
    recommended: int | float | str | None
    source: str
    sent: bool = False
    low: float | None = None
    high: float | None = None
    open_ends: bool = False
    as_text: bool = False
    choices: tuple[str, ...] = ()
    training_types: tuple[str, ...] = TRAINING_TYPES

    def parse(self, text: str) -> int | float | str:
        """``text`` as the wire wants it; UsageError, with the sentence of ``check``, for what can't be sent."""
        problem = check(self.name, text)
        if problem:
            raise UsageError(problem, self.why())
        text = text.strip()
        if self.kind == INTEGER:
            return int(text)
        return float(text) if self.kind == NUMBER and not self.as_text else text

    def label(self) -> str:
        """Its name for people with the wire's in brackets; the wire's alone for those that few need."""
        words = {
            "n_epochs": _("Epochs"),
            "batch_size": _("Batch size"),
            "learning_rate": _("Learning rate"),
            "max_length": _("Longest row"),
            "lora_rank": _("LoRA rank"),
            "target_modules": _("LoRA target"),
            "split": _("Part that is trained"),
        }
        return (
            _("{text} ({aside})").format(text=words[self.name], aside=self.name)
            if self.name in words
            else self.name
        )

    def why(self) -> str:
        """What it does and what to mind, in one or two sentences, in the language in use."""
        return _why(self.name)

    def help(self, offered: Any) -> str:
        """Three lines for who asks: what it does, which values there are and which is ``offered``, where to look."""
        said = (
            _("It takes {range}; recommended: {value}.")
            if self.sent
            else _("It takes {range}. Leave it empty, and the platform uses its own, usually {value}.")
        )
        more = _("More: https://help.aliyun.com/zh/model-studio/model-training-api-reference")
        return "\n".join((self.why(), said.format(range=self.range(), value=offered), more))

    def range(self) -> str:
        """The values that it takes, for a person to read."""
        if self.choices:
            return enumerated(self.choices)
        if self.low is None or self.high is None:
            return _("any text") if self.kind == TEXT else ""
        if self.open_ends:
            return _("between {low:g} and {high:g}").format(low=self.low, high=self.high)
        return _("{low:g} to {high:g}").format(low=self.low, high=self.high)


HYPERPARAMETERS: tuple[Hyperparameter, ...] = (
    Hyperparameter("n_epochs", INTEGER, 3, _CONSOLE, sent=True, low=1, high=200),
    Hyperparameter("batch_size", INTEGER, 16, _VENDOR_CLI, sent=True, low=8, high=1024),
    Hyperparameter(
        "learning_rate", NUMBER, "1e-4", _NONE, sent=True, low=0, high=0.01, open_ends=True, as_text=True
    ),
    Hyperparameter("lora_rank", INTEGER, 64, _NONE, sent=True, low=1, high=512, training_types=_LORA_ONLY),
    Hyperparameter(
        "target_modules",
        TEXT,
        "ALL",
        "no document; the earlier toolkit",
        sent=True,
        training_types=_LORA_ONLY,
    ),
    Hyperparameter("max_length", INTEGER, 2048, _CONSOLE, sent=True, low=500, high=32768),
    # The console itself sends it with continued pre-training, too (payload in the vendor's own command line, 2026).
    Hyperparameter("split", NUMBER, 0.9, _API, sent=True, low=0, high=1, open_ends=True),
    Hyperparameter(
        "lr_scheduler_type",
        CHOICE,
        "linear",
        _API_2026_02,
        choices=(
            "linear",
            "cosine",
            "inverse_sqrt",
            "polynomial",
            "cosine_with_restarts",
            "constant",
            "constant_with_warmup",
            "reduce_lr_on_plateau",
        ),
    ),
    Hyperparameter("warmup_ratio", NUMBER, 0.05, _API_2026_02, low=0, high=1, training_types=_NOT_CPT),
    Hyperparameter("weight_decay", NUMBER, 0.1, _API_2026_02, low=0, high=0.2, training_types=_NOT_CPT),
    Hyperparameter("eval_steps", INTEGER, 50, _NONE, low=1, high=100_000),
    Hyperparameter("logging_steps", INTEGER, 5, _NONE, low=1, high=100_000, training_types=_NOT_CPT),
    Hyperparameter("lora_alpha", INTEGER, 32, _NONE, low=1, high=1024, training_types=_LORA_ONLY),
    Hyperparameter("lora_dropout", NUMBER, 0.1, _API_2026_02, low=0, high=0.2, training_types=_LORA_ONLY),
    Hyperparameter(
        "save_strategy", CHOICE, "epoch", _API_2026_02, choices=("epoch", "steps"), training_types=_SFT_ONLY
    ),
    Hyperparameter("save_steps", INTEGER, 50, _NONE, low=1, high=100_000, training_types=_SFT_ONLY),
    Hyperparameter("save_total_limit", INTEGER, 1, _API_2026_02, low=1, high=10, training_types=_SFT_ONLY),
    Hyperparameter(
        "max_split_val_dataset_sample", INTEGER, 1000, _NONE, low=1, high=100_000, training_types=_NOT_CPT
    ),
)


def hyperparameter(name: str) -> Hyperparameter | None:
    """The one called ``name`` on the wire, None for one that isn't known here."""
    return next((known for known in HYPERPARAMETERS if known.name == name), None)


def taken_by(training_type: str) -> tuple[Hyperparameter, ...]:
    """Those that ``training_type`` takes (the console's page, summer 2026)."""
    return tuple(known for known in HYPERPARAMETERS if training_type in known.training_types)


def recommended(training_type: str) -> dict[str, int | float | str]:
    """What is sent unless the user says otherwise, in the wire's types."""
    return {
        known.name: known.recommended
        for known in taken_by(training_type)
        if known.sent and known.recommended is not None
    }


def check(name: str, value: Any) -> str | None:
    """The sentence that says why ``value`` (as typed, or in the wire's type) can't be ``name``; None where it can."""
    known = hyperparameter(name)
    if known is None:
        return _("{name} is not a hyper-parameter that the platform documents.").format(name=name)
    text = str(value).strip()
    if known.kind == CHOICE:
        return None if text in known.choices else _must_be(known)
    if known.kind == TEXT:
        plain = text.isascii() and text.isprintable() and 0 < len(text) <= 200  # noqa: PLR2004 - a name, not an essay
        return None if plain else _("{name} must be a short text of plain letters.").format(name=name)
    if isinstance(value, bool):
        return _must_be(known)
    number = _number(text, whole=known.kind == INTEGER)
    if number is None:
        sentence = (
            _("{name} must be a whole number, and {value!r} isn't one.")
            if known.kind == INTEGER
            else _("{name} must be a number, and {value!r} isn't one.")
        )
        return sentence.format(name=name, value=text[:40])
    low, high = known.low or 0, known.high or math.inf
    inside = low < number < high if known.open_ends else low <= number <= high
    return None if inside else _must_be(known)


def advice(values: Mapping[str, Any]) -> tuple[str, ...]:
    """What is allowed in ``values`` (in the wire's types) and yet not recommended, one sentence each."""
    steps, evaluated = values.get("save_steps"), values.get("eval_steps")
    if isinstance(steps, int) and isinstance(evaluated, int) and evaluated > 0 and steps % evaluated:
        # create-fine-tuning-job-api, autumn 2026
        return (_("The platform recommends that save_steps be a multiple of eval_steps."),)
    return ()


def _must_be(known: Hyperparameter) -> str:
    sentence = (
        _("{name} must be one of {range}. {why}") if known.choices else _("{name} must be {range}. {why}")
    )
    return sentence.format(name=known.name, range=known.range(), why=known.why())


def _number(text: str, *, whole: bool) -> float | None:
    try:
        number = float(int(text)) if whole else float(text)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None


def _why(name: str) -> str:
    return _whys(language()).get(name, "")


@cache
def _whys(_language: str) -> Mapping[str, str]:
    return {
        "n_epochs": _("How often all rows are trained. 3 to 5 below 10,000 rows, 1 or 2 above; the cost grows with it."),
        "batch_size": _(
            "How many rows are trained at once. There must be more rows than that, or the job fails after some minutes."
        ),
        "learning_rate": _(
            "How large each step is: about 1e-4 for LoRA, 1e-5 for all parameters. Too large, and the loss isn't a number."
        ),
        "lora_rank": _("How large the trained addition is. 64 is usual, 8 the platform's own default."),
        "target_modules": _(
            "Which parts of the model LoRA is added to. No document of the platform names it: it comes from an earlier "
            "toolkit, and if the platform refuses it, it can be left out."
        ),
        "max_length": _(
            "Rows with more tokens are dropped without a word. A larger value may cost more: some trainers count each row as "
            "that long."
        ),
        "split": _("The part of the rows that is trained; the rest is for validation. Ignored with a validation file."),
        "lr_scheduler_type": _("How the learning rate falls during training."),
        "warmup_ratio": _("The part of the training during which the learning rate rises."),
        "weight_decay": _("Holds the parameters small, against learning by heart."),
        "eval_steps": _("After how many steps the validation loss is measured."),
        "logging_steps": _("After how many steps the loss is logged."),
        "lora_alpha": _("How much the trained addition weighs."),
        "lora_dropout": _("The part of the addition that is switched off at random, against learning by heart."),
        "save_strategy": _("Whether a state of the model is saved after each epoch or after a number of steps."),
        "save_steps": _("After how many steps a state is saved; best a multiple of eval_steps."),
        "save_total_limit": _("How many states are kept."),
        "max_split_val_dataset_sample": _("How many rows are taken for validation at most."),
    }  # fmt: skip
