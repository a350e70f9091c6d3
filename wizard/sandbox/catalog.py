"""The models that can be tuned here and the training types of each, and the rules for hyper-parameters: data only."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.bailian.models import CPT, DPO_LORA, LORA, SFT, TRAINING_TYPES, models

if TYPE_CHECKING:
    from wizard.bailian.models import TunableModel

LORA_TYPES = frozenset({LORA, DPO_LORA})
DEFAULT_TRAINING_TYPE = SFT  # model-training-api-reference, 2026-02-11

_ALL = frozenset(TRAINING_TYPES)


@functools.cache
def bases() -> dict[str, TunableModel]:
    """The models that can be tuned, by id: the wizard's own table, Beijing as of autumn 2026."""
    return {model.code: model for model in models()}


@dataclass(frozen=True, slots=True)
class Rule:
    """What one hyper-parameter may be.

    ``kind`` is ``int``, ``float``, ``bool``, ``str`` or ``any``; ``low`` and ``high`` (both allowed) bound a number; ``choices`` a
    string. ``text``: a number may also come as a string, as documented examples have it. ``only``: training types that
    know it.
    """

    kind: str
    low: float = 0
    high: float = 1e9
    choices: tuple[str, ...] = ()
    text: bool = False
    only: frozenset[str] = _ALL


_NOT_CPT = _ALL - {CPT}

# Names and ranges: model-training-api-reference 2026-02-11 and 2026-05-26, the console's guide of mid-2026. Upper bounds
# of batch_size and lora_rank are not published and are the sandbox's own.
HYPER_PARAMETERS: dict[str, Rule] = {
    "n_epochs": Rule("int", 1, 200),
    "batch_size": Rule("int", 1, 1024),
    "max_length": Rule("int", 500, 131_072),
    "learning_rate": Rule("float", 1e-12, 1, text=True),
    "lr_scheduler_type": Rule(
        "str",
        choices=(
            "linear",
            "inverse_sqrt",
            "polynomial",
            "cosine",
            "cosine_with_restarts",
            "constant",
            "constant_with_warmup",
            "reduce_lr_on_plateau",
        ),
    ),
    "eval_steps": Rule("int", 1),
    "logging_steps": Rule("int", 1),
    # The console itself sends split and save_* for cpt (payload in the official command line's source).
    "split": Rule("float", 0.01, 1),
    "max_split_val_dataset_sample": Rule("int", 1),
    "save_strategy": Rule("str", choices=("epoch", "steps")),
    "save_steps": Rule("int", 1, text=True),
    "save_total_limit": Rule("int", 1, 10, text=True),
    "warmup_ratio": Rule("float", 0, 1, only=_NOT_CPT),
    "weight_decay": Rule("float", 0, 0.2, only=_NOT_CPT),
    "lora_rank": Rule("int", 1, 1024, only=LORA_TYPES),
    "lora_alpha": Rule("int", 1, only=LORA_TYPES),
    "lora_dropout": Rule("float", 0, 0.2, only=LORA_TYPES),
    # In no document, but the toolkits of 2025 send it with every LoRA job.
    "target_modules": Rule("str", only=LORA_TYPES),
    "freeze_vit": Rule("bool", only=_NOT_CPT),
    "data_augmentation": Rule("bool", only=_NOT_CPT),
    "augmentation_types": Rule("str", only=_NOT_CPT),
    "augmentation_ratio": Rule("str", only=_NOT_CPT),
    # In no document either; the console itself sends it (payload in the official command line's source).
    "resume_from_checkpoint": Rule("any"),
    # Known to the vendor's command only (dashscope 2.0.2, ``ft create --prompt-loss``).
    "prompt_loss": Rule("float", 0, 1, only=_NOT_CPT),
}

# Used where a job doesn't say. Last published 2026-02-11; batch_size was "depends on the model" even then.
DEFAULTS: dict[str, int | float | str] = {
    "n_epochs": 1,
    "batch_size": 16,
    "max_length": 2048,
    "split": 0.8,
    "max_split_val_dataset_sample": 1000,
    "eval_steps": 50,
    "logging_steps": 5,
    "lr_scheduler_type": "cosine",
    "warmup_ratio": 0.05,
    "save_strategy": "epoch",
    "save_steps": 50,
    "save_total_limit": 1,
    "weight_decay": 0.1,
    "lora_rank": 8,
    "lora_alpha": 32,
    "lora_dropout": 0.1,
}
_SPLITTING = frozenset(
    {"split", "max_split_val_dataset_sample"}
)  # without effect where validation data is given


def setting(hyper_parameters: dict[str, object], name: str) -> float:
    """The number in force for ``name``: as sent, else its default."""
    value = hyper_parameters.get(name, DEFAULTS[name])
    assert isinstance(value, int | float | str)
    return float(value)


def learning_rate(hyper_parameters: dict[str, object], training_type: str) -> float:
    """The peak learning rate in force: as sent, else about 1e-4 with LoRA and 1e-5 without (2026-02-11)."""
    value = hyper_parameters.get("learning_rate", _default_learning_rate(training_type))
    assert isinstance(value, int | float | str)
    return float(value)


def _default_learning_rate(training_type: str) -> str:
    return "1e-4" if training_type in LORA_TYPES else "1e-5"


def told(
    hyper_parameters: dict[str, object], training_type: str, settings: str, *, validated: bool
) -> dict[str, object]:
    """What a job says of its hyper-parameters; ``validated``: validation data was given, so that nothing is split off.

    ``declared``: those that were sent, as they were sent (get-fine-tuning-job-api, autumn 2026). ``used``: with those that
    the platform added, "实际使用的超参数" (create-fine-tuning-job-api, the newer page). ``text``: as ``used``, all as text.
    """
    if settings == "declared":
        return hyper_parameters
    added = {
        name: value
        for name, value in {**DEFAULTS, "learning_rate": _default_learning_rate(training_type)}.items()
        if training_type in HYPER_PARAMETERS[name].only and not (validated and name in _SPLITTING)
    }
    used = {**added, **hyper_parameters}
    if settings == "used":
        return used
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in used.items()}
