"""What a job's creation is checked for at once, as against what only data processing finds (``survey``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.sandbox.catalog import DEFAULT_TRAINING_TYPE, HYPER_PARAMETERS, LORA_TYPES, TRAINING_TYPES, Rule
from wizard.sandbox.wire import Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """A job's creation, checked: every type is right, the model is known. Whether the files are there is not checked yet."""

    model: str
    training_type: str
    hyper_parameters: dict[str, object]
    training: tuple[str, ...]
    validation: tuple[str, ...]
    training_datasets: list[dict[str, Any]] | None
    validation_datasets: list[dict[str, Any]] | None
    job_name: str
    model_name: str
    suffix: str


def wish(body: Mapping[str, Any], models: Iterable[str], refuse_fields: frozenset[str]) -> Wish:
    """``body`` of a creation; raises Refusal with the first thing that is wrong. ``models``: names that can be tuned.

    An unknown top-level field is ignored, except ``finetuned_output``, which "current servers reject" (dashscope 2.0.2).
    """
    for name in (*sorted(refuse_fields), "finetuned_output"):
        if name in body:
            raise invalid(f"Field {name} is not supported.")
    model = _text(body, "model")
    if not model:
        raise invalid("Missing model")
    training, training_datasets = _sources(body, "training")
    if not training:
        raise invalid("Missing training files")
    if model not in models:
        raise Refusal(404, "NotFound", f"Model: {model} not found!")
    validation, validation_datasets = _sources(body, "validation")
    training_type = _text(body, "training_type") or DEFAULT_TRAINING_TYPE
    if training_type not in TRAINING_TYPES:
        raise invalid(f"training_type must be one of {', '.join(TRAINING_TYPES)}, got {training_type}.")
    return Wish(
        model=model,
        training_type=training_type,
        hyper_parameters=_hyper_parameters(body.get("hyper_parameters"), training_type),
        training=training,
        validation=validation,
        training_datasets=training_datasets,
        validation_datasets=validation_datasets,
        job_name=_text(body, "job_name"),
        model_name=_text(body, "model_name"),
        suffix=_text(body, "finetuned_output_suffix"),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise invalid(f"{name} must be a string of at most {_MAX_TEXT} characters.")
    return value


def _sources(body: Mapping[str, Any], kind: str) -> tuple[tuple[str, ...], list[dict[str, Any]] | None]:
    """File ids from ``<kind>_file_ids`` or ``<kind>_datasets``, which exclude each other (2026-10-11), and the latter as sent."""
    ids, datasets = body.get(f"{kind}_file_ids"), body.get(f"{kind}_datasets")
    if ids and datasets:
        raise invalid(f"{kind}_file_ids and {kind}_datasets are mutually exclusive.")
    if datasets:
        return _dataset_ids(datasets, f"{kind}_datasets"), datasets
    if not ids:
        return (), None
    if not isinstance(ids, list) or not all(isinstance(file_id, str) and file_id for file_id in ids):
        raise invalid(f"{kind}_file_ids must be a list of file ids.")
    return tuple(ids), None


def _dataset_ids(datasets: Any, name: str) -> tuple[str, ...]:
    if not isinstance(datasets, list):
        raise invalid(f"{name} must be a list.")
    ids = []
    for dataset in datasets:
        if not isinstance(dataset, dict):
            raise invalid(f"{name} must be a list of objects.")
        kind, file_id = dataset.get("data_source_type"), dataset.get("file_id")
        if kind != "file_id":
            raise invalid(f"{name}: data_source_type {kind} is not supported here.")
        if not isinstance(file_id, str) or not file_id:
            raise invalid(f"{name}: file_id is missing.")
        ids.append(file_id)
    return tuple(ids)


def _hyper_parameters(given: Any, training_type: str) -> dict[str, object]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise invalid("hyper_parameters must be an object.")
    for name, value in given.items():
        rule = HYPER_PARAMETERS.get(name)
        if rule is None:
            raise invalid(f"Unknown hyper-parameter: {name}")
        if training_type not in rule.only:
            if rule.only == LORA_TYPES:
                raise invalid(f"hyper_parameters.{name} is only valid with efficient_sft or dpo_lora.")
            raise invalid(f"hyper_parameters.{name} is not valid with {training_type}.")
        _check(name, value, rule)
    saved, evaluated = given.get("save_steps"), given.get("eval_steps")
    if saved and evaluated and int(saved) % int(evaluated):
        raise invalid("hyper_parameters.save_steps must be a multiple of eval_steps.")
    return dict(given)


def _check(name: str, value: object, rule: Rule) -> None:
    where = f"hyper_parameters.{name}"
    if rule.kind == "bool":
        if not isinstance(value, bool):
            raise invalid(f"{where} must be true or false.")
    elif rule.kind == "str":
        if not isinstance(value, str) or (rule.choices and value not in rule.choices):
            allowed = f" one of {', '.join(rule.choices)}" if rule.choices else " a string"
            raise invalid(f"{where} must be{allowed}.")
    else:
        number = _number(value, rule)
        if number is None or not rule.low <= number <= rule.high:
            noun = "an integer" if rule.kind == "int" else "a number"
            limits = f"[{rule.low:g}, {rule.high:.12g}]"
            raise invalid(f"{where} must be {noun} in {limits}, got {value!r:.40}.")


def _number(value: object, rule: Rule) -> float | None:
    """``value`` as a number if ``rule`` takes it so: text where that is allowed, never true and false."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not rule.text:
        return None
    if rule.kind == "int" and isinstance(value, float):
        return None
    try:
        number = int(value) if rule.kind == "int" else float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == number else None  # noqa: PLR0124 - NaN is the one that isn't
