"""What the platform says that the key's workspace may do with a model, asked before money is spent, and what a "no" stops.

The answers live in this run only: no fact, so no part of the plan's digest, whether asked or not, and whatever was said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from wizard.bailian import endpoints
from wizard.bailian.service import Grant, Permission
from wizard.engine.plan import Item
from wizard.engine.step import Answer, Facts, Field, Front
from wizard.engine.view import Text
from wizard.errors import ApprovalMissing, Refused, WizardError
from wizard.locale import _, enumerated
from wizard.steps.help import about
from wizard.steps.said import Told, account

if TYPE_CHECKING:
    from wizard.steps.world import World

DESPITE = Answer(
    key="review.despite_permission",
    kind="text",
    name=lambda: _("To go on without the permission"),
    help=lambda: about("review.despite_permission"),
    optional=True,
    public=True,
    in_plan=False,  # it permits the sending; nothing of what is sent depends on it
)
FRESH = 60.0  # seconds for which an answer is not asked for again
_NO_SUCH_ANSWER = 404
_NAMED = 5  # other models that are named where one may not be trained


def ask_all(facts: Mapping[str, Any], world: World, front: Front | None = None) -> None:
    """Ask once a run for all models, so that a list of them can begin with those that may be trained; never raises for an answer."""
    if account(facts) in world.permissions.lists:
        return
    label = _("Asking which models this workspace may train")
    with front.progress(label, None, "seconds") if front else nullcontext():
        found, trouble = _asked(facts, world, "")
    now = time.time()
    for model, told in found.items():
        world.permissions.answers[account(facts), model] = Told(told, now)
    world.permissions.lists[account(facts)] = Told(Permission(""), now, trouble)


def ask(facts: Mapping[str, Any], world: World) -> Told:
    """What the platform says of the chosen model now, or said within the last minute; never raises for an answer."""
    model = facts["training.model"]
    known = world.permissions.of(facts, model)
    if (
        known is not None
        and known.permission.fine_tune is not Grant.UNTOLD
        and 0 <= time.time() - known.at < FRESH
    ):
        return known
    found, trouble = _asked(facts, world, model)
    told = found.get(model)
    if told is None:
        trouble = trouble or _("it doesn't name this model")
    answer = Told(told or Permission(model), time.time(), "" if told else trouble)
    if answer.permission.fine_tune is Grant.NO:
        ask_all(facts, world)  # for what may be trained instead
    world.permissions.answers[account(facts), model] = answer
    return answer


def _asked(facts: Mapping[str, Any], world: World, model: str) -> tuple[dict[str, Permission], str]:
    """What was told, by model, and why that may not be all; what was read before the trouble counts."""
    told: dict[str, Permission] = {}
    try:
        for entry in world.platform(facts).permissions(model):
            told[entry.model] = agreed(entry, told.get(entry.model, entry))
    except Refused as refused:
        if refused.status == _NO_SUCH_ANSWER:
            return told, _("the platform has no such answer here")
        return told, _("the platform refused the question")
    except WizardError:
        return told, _("no answer came")
    return told, ""


def agreed(one: Permission, other: Permission) -> Permission:
    """What two answers about a model both say; where they contradict each other, nothing is told."""

    def both(first: Grant, second: Grant) -> Grant:
        return first if first is second else Grant.UNTOLD

    return Permission(
        one.model,
        both(one.fine_tune, other.fine_tune),
        both(one.deploy, other.deploy),
        both(one.inference, other.inference),
    )


def item(facts: Mapping[str, Any], world: World) -> Item:
    """The plan's line. Its value is always none: an approval is not given to an answer of the platform's."""
    answer = world.permissions.of(facts, facts["training.model"])
    shown = answer.shown() if answer else _("not asked yet")
    return Item("permission", _("May be trained"), None, shown)


def remark(facts: Mapping[str, Any], world: World, codes: Iterable[str]) -> str:
    """About the list of models ``codes``: when it was asked which of them may be trained, or why nobody knows; empty before."""
    asked = world.permissions.lists.get(account(facts)) if "key.proof" in facts else None
    if asked is None:
        return ""
    grants = {world.permissions.fine_tune(facts, code) for code in codes}
    if grants == {Grant.UNTOLD}:
        reason = asked.trouble or _("it names none of them")
        return _(
            "Which of them this workspace may train could not be told: {reason} (asked at {time})."
        ).format(reason=reason, time=asked.clock)
    if grants == {Grant.YES}:
        return _("This workspace may train all of them (asked at {time}).").format(time=asked.clock)
    return _("Those that this workspace may train stand first (asked at {time}).").format(time=asked.clock)


def warning(facts: Mapping[str, Any], world: World) -> Text | None:
    """What to do where the chosen model may not be trained; None where that isn't said."""
    model = facts["training.model"]
    if world.permissions.fine_tune(facts, model) is not Grant.NO:
        return None
    return Text(f"{_refused(model)}\n{what_to_do(facts, world)}", "warn")


def _refused(model: str) -> str:
    return _("The platform says that this workspace may not train {model}.").format(model=model)


def what_to_do(facts: Mapping[str, Any], world: World) -> str:
    """Where a grant is given, and which other models may be trained."""
    from wizard.bailian import models

    region = facts.get("key.region") or endpoints.DEFAULT_REGION
    words = [
        _("Grant it in the console, or ask the workspace's administrator to: {url}").format(
            url=endpoints.console_workspace(region)
        )
    ]
    permitted = [
        model.code
        for model in models.text_models(region)
        if world.permissions.fine_tune(facts, model.code) is Grant.YES
        and facts.get("training.type") in model.training_types
    ]
    if permitted:
        words.insert(
            0, _("Choose a model that it may train: {models}").format(models=enumerated(permitted[:_NAMED]))
        )
    return "\n".join(words)


def despite(facts: Facts, world: World) -> Field:
    """The typed word with which a model is trained that may not be: its name. Nobody is asked where that isn't said."""
    model = facts.get("training.model", "")
    told = world.permissions.fine_tune(facts, model)
    idle = _("the platform says that this workspace may train {model}").format(model=model)
    label = _("{refusal} To send the data all the same, type the model's name").format(
        refusal=_refused(model)
    )
    return typed_name(
        DESPITE,
        label,
        model,
        asked=told is Grant.NO,
        # Untold, it may turn out to be a no right before something is sent: then the word was said.
        without_effect=idle if told is Grant.YES else "",
    )


def typed_name(answer: Answer, label: str, model: str, *, asked: bool, without_effect: str = "") -> Field:
    """A question that only the model's name, typed out, answers; where it isn't ``asked``, none is the answer too."""
    return answer.ask(
        label=label,
        check=_is(model),
        needs=("training.model", "training.type"),
        quiet=not asked,
        optional=not asked,
        without_effect=without_effect,
    )


def _is(model: str) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        return None if str(value).strip() == model else _("It takes {word} only.").format(word=model or "-")

    return check


def demand(facts: Facts, world: World) -> None:
    """Raise ApprovalMissing where the model may not be trained and nobody said to go on; asked anew if a minute has passed."""
    answer = ask(facts, world)
    model = facts["training.model"]
    if answer.permission.fine_tune is Grant.NO and str(facts.get(DESPITE.key) or "").strip() != model:
        raise ApprovalMissing(
            _("{refusal} Nothing was sent.").format(refusal=_refused(model)),
            what_to_do(facts, world)
            + "\n"
            + _("To go on all the same: {words}").format(words=f"--set {DESPITE.key}={model}"),
            digest=facts.get("review.approval") or "",
        )
