"""What a job's creation is checked for at once, as against what only data processing finds (``survey``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.bailian.models import TRAINING_TYPES
from wizard.sandbox.catalog import DEFAULT_TRAINING_TYPE, HYPER_PARAMETERS, LORA_TYPES, Rule
from wizard.sandbox.training import as_datasets
from wizard.sandbox.wire import Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAX_TEXT = 200
_MOUNTED_REGIONS = ("cn-beijing", "ap-southeast-1")  # create-fine-tuning-job-api, autumn 2026


@dataclass(frozen=True, slots=True)
class Wish:
    """A job's creation, checked: every type is right, the model is known. Whether the files are there is not checked yet."""

    model: str
    training_type: str
    hyper_parameters: dict[str, object]
    training: list[dict[str, Any]]
    validation: list[dict[str, Any]]
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
    training = _datasets(body, "training")
    if not training:
        raise invalid("Missing training files")
    if model not in models:
        raise Refusal(404, "NotFound", f"Model: {model} not found!")
    validation = _datasets(body, "validation")
    training_type = _text(body, "training_type") or DEFAULT_TRAINING_TYPE
    if training_type not in TRAINING_TYPES:
        raise invalid(f"training_type must be one of {', '.join(TRAINING_TYPES)}, got {training_type}.")
    return Wish(
        model=model,
        training_type=training_type,
        hyper_parameters=_hyper_parameters(body.get("hyper_parameters"), training_type),
        training=training,
        validation=validation,
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


def _datasets(body: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """The data in ``<kind>_datasets`` or, from older clients, ``<kind>_file_ids``, which exclude each other (2026-10-11)."""
    ids, datasets = body.get(f"{kind}_file_ids"), body.get(f"{kind}_datasets")
    if ids and datasets:
        raise invalid(f"{kind}_file_ids and {kind}_datasets are mutually exclusive.")
    if datasets:
        if not isinstance(datasets, list):
            raise invalid(f"{kind}_datasets must be a list.")
        return [_dataset(dataset, f"{kind}_datasets") for dataset in datasets]
    if isinstance(ids, str):
        ids = [ids] if ids else []  # dashscope 1.14 sends a single one bare
    if not ids:
        return []
    if not isinstance(ids, list) or not all(isinstance(file_id, str) and file_id for file_id in ids):
        raise invalid(f"{kind}_file_ids must be a list of file ids.")
    return as_datasets(ids)


def _dataset(dataset: Any, name: str) -> dict[str, Any]:
    """One entry, with the fields that are documented (create-fine-tuning-job-api, autumn 2026)."""
    if not isinstance(dataset, dict):
        raise invalid(f"{name} must be a list of objects.")
    kind = dataset.get("data_source_type")
    if kind == "file_id":
        return {"data_source_type": kind, **_texts(dataset, ("file_id",), name)}
    if kind != "oss_mount":
        raise invalid(f"{name}: data_source_type {kind!s:.100} is not supported here.")
    mount = dataset.get("mount_storage")
    if not isinstance(mount, dict):
        raise invalid(f"{name}: mount_storage is missing.")
    mount = _texts(mount, ("region", "bucket", "file_path"), f"{name}.mount_storage")
    if mount["region"] not in _MOUNTED_REGIONS:
        raise invalid(f"{name}.mount_storage: region must be one of {', '.join(_MOUNTED_REGIONS)}.")
    return {"data_source_type": kind, "mount_storage": mount}


def _texts(given: Mapping[str, Any], names: Iterable[str], where: str) -> dict[str, str]:
    found = {}
    for name in names:
        value = given.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(f"{where}: {name} is missing.")
        found[name] = value
    return found


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
    return dict(given)


def _check(name: str, value: object, rule: Rule) -> None:
    where = f"hyper_parameters.{name}"
    if rule.kind == "any":
        return
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
