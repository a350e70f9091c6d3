"""Step 5: the whole plan on one screen, any line of which can be changed; then a typed yes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.bailian import models
from wizard.bailian.hyperparameters import taken_by
from wizard.engine.plan import Item, Plan
from wizard.engine.step import Choice, Facts, Field, Step, source_shown, written
from wizard.engine.view import Block, Table, Text, View
from wizard.locale import _, ngettext
from wizard.steps.estimate import cost_shown, price_of, sent_parameters
from wizard.steps.help import about
from wizard.steps.wording import bytes_shown, moment
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.money.ledger import Spent

YES = "yes"
SENT_ROLES = ("train", "validation")
ANSWERS = ("dataset.", "preview.", "key.", "training.")
BESIDES = ("cost", "tokens", "job_name", "budget", "again")
"""Lines that don't make it another training: with the rest equal, it is the same once more."""
LOOKS = ("preview.looks_right", "training.adjust", "key.save")  # asked of a person only


class Review(Step):
    """The one wall: before it everything can be undone, behind it nothing is asked unless something is wrong."""

    id: ClassVar[str] = "review"

    def __init__(self, world: World) -> None:
        self._world = world

    def title(self) -> str:
        """As on the screen."""
        return _("Review")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """Whether the plan is right, which line to change, and the typed yes, given to the plan's digest."""
        if "training.estimate" not in facts or "key.proof" not in facts or "preview.files" not in facts:
            return (
                Field(
                    key="review.approval",
                    public=True,
                    kind="word",
                    label=_("Approval of the plan"),
                    help=about("review.approval"),
                ),
            )
        plan = plan_of(facts, self._world)
        change = Field(
            key="review.change",
            public=True,
            help=about("review.change"),
            kind="choice",
            label=_("Which line shall be changed?"),
            default="none",
            choices=(
                Choice("none", _("None any more")),
                *(
                    Choice(item.key, item.label, item.shown, edits=item.edits)
                    for item in plan.items
                    if item.edits
                ),
            ),
            quiet=True,
            attended=True,
        )
        checked = Field(
            key="review.checked",
            public=True,
            help=about("review.checked"),
            kind="choice",
            label=_("Is everything as you want it?"),
            default=plan.digest,
            choices=(
                Choice(plan.digest, _("Yes, go on to the confirmation")),
                Choice("change", _("No, change something"), edits=change.key),
            ),
            attended=True,
        )
        if self._world.sandbox:
            label = _("Type {word} to begin (simulated: nothing is sent to Alibaba Cloud and nothing costs)")
        else:
            label = _("Type {word} to upload the data and create the job, which costs money")
        approval = Field(
            key="review.approval",
            public=True,
            help=about("review.approval"),
            kind="word",
            label=label.format(word=YES),
            why=self._in_short(facts),
            word=YES,
            value=plan.digest,
            default=plan.digest if self._world.sandbox else None,
        )
        return (change, checked, approval)

    def _in_short(self, facts: Facts) -> str:
        """What the yes is given to, once more, so that it stands beside the question on the smallest screen."""
        estimate = facts["training.estimate"]
        rows = ngettext("{count:,} row", "{count:,} rows", estimate["rows"]).format(count=estimate["rows"])
        tokens = ngettext("{count:,} token", "{count:,} tokens", estimate["tokens"]).format(
            count=estimate["tokens"]
        )
        epochs = ngettext("{count} epoch", "{count} epochs", facts["training.n_epochs"]).format(
            count=facts["training.n_epochs"]
        )
        parts = [facts["training.model"], rows, f"{tokens} × {epochs}", cost_shown(estimate)]
        if estimate["low"] is not None:
            parts.append(_("list price of {date}").format(date=models.date_shown(estimate["price_date"])))
        return " · ".join(parts)

    def view(self, facts: Facts) -> View | None:
        """What leaves this machine, the same as a command, how the cost comes about; then the plan."""
        plan = plan_of(facts, self._world)
        estimate = facts["training.estimate"]
        rows = tuple(
            (item.label, item.shown, source_shown(facts.sources.get(item.edits, ""))) for item in plan.items
        )
        # The table stands last, next to the question: on a small screen it is what can still be seen.
        blocks: list[Block] = []
        blocks.append(Text(self._leaves(facts)))
        blocks.append(
            Text(
                _("The same without questions: {command}").format(command=command(facts, plan, self._world)),
                "dim",
            )
        )
        if estimate["low"] is not None:
            blocks.append(
                Text(
                    "\n".join(
                        (
                            _("At least: {formula}").format(formula=estimate["formula_low"]),
                            _("At most: {formula}").format(formula=estimate["formula_high"]),
                            estimate["reason"],
                            _(
                                "List price of {date}, from {source}. The real bill is the job's usage."
                            ).format(
                                date=models.date_shown(estimate["price_date"]),
                                source=estimate["price_source"],
                            ),
                        )
                    ),
                    "dim",
                )
            )
        if estimate["rows_counted"] < estimate["rows"]:
            blocks.append(
                Text(
                    _("Tokens were counted in {counted:,} of {rows:,} rows, drawn at random.").format(
                        counted=estimate["rows_counted"], rows=estimate["rows"]
                    ),
                    "dim",
                )
            )
        if estimate["tokens_approximate"]:
            blocks.append(
                Text(
                    _("This model counts tokens a little differently; the figures are approximations."),
                    "warn",
                )
            )
        blocks.append(Table((_("What"), _("Value"), _("From")), rows))
        return View(tuple(blocks))

    def line(self, facts: Facts) -> str:
        """The approved digest."""
        return _("approved, digest {digest}").format(digest=facts["review.approval"])

    def _leaves(self, facts: Facts) -> str:
        names = ", ".join(_name(file) for file in facts["preview.files"] if file["role"] in SENT_ROLES)
        if self._world.sandbox:
            return _("Nothing leaves this computer: {names} go to the sandbox.").format(names=names)
        return _(
            "What leaves this computer: {names}, these settings, and the key for signing in; to {endpoint}."
        ).format(names=names, endpoint=facts["key.proof"]["endpoint"])


def plan_of(facts: Facts, world: World) -> Plan:
    """What will be done: where, with which bytes, which settings, at which price. Equal plans have equal digests."""
    proof, estimate = facts["key.proof"], facts["training.estimate"]
    place = _("the sandbox on this computer (simulated)") if world.sandbox else proof["endpoint"]
    items = [
        Item(
            "platform",
            _("Platform"),
            [proof["endpoint"], proof["fingerprint"], facts["key.workspace"]],
            place,
        ),
        Item("key", _("Key"), None, _("none is needed") if world.sandbox else proof["shown"]),
    ]
    roles = {"train": _("Training data"), "validation": _("Validation data")}
    edits = {"train": "dataset.source", "validation": "dataset.validation"}
    for role in SENT_ROLES:
        files = [file for file in facts["preview.files"] if file["role"] == role]
        for number, file in enumerate(files, 1):
            shown = ngettext(
                "{name}, {rows:,} row, {size}", "{name}, {rows:,} rows, {size}", file["rows"]
            ).format(name=_both_names(file, facts), rows=file["rows"], size=bytes_shown(file["size"]))
            value = [_name(file), file["sha256"], file["rows"]]
            # Each part has a key of its own: of lines with one key, only the last would count in the digest.
            key = role if number == 1 else f"{role}-{number}"
            label = roles[role]
            if len(files) > 1:
                label = _("{text} ({number} of {count})").format(text=label, number=number, count=len(files))
            items.append(Item(key, label, value, shown, edits=edits[role]))
    if not any(file["role"] == "validation" for file in facts["preview.files"]):
        items.append(
            Item(
                "validation",
                _("Validation data"),
                None,
                _("a tenth of the training rows"),
                edits="dataset.validation",
            )
        )
    prompt = facts["preview.system_prompt"]
    items.append(
        Item("system_prompt", _("System prompt"), None, prompt or _("none"), edits="preview.system_prompt")
    )
    items += _training_items(facts)
    tokens = _("{tokens:,} in {rows:,} rows").format(
        tokens=estimate["tokens"], rows=estimate["rows"] - estimate["rows_dropped"]
    )
    if estimate["rows_dropped"]:
        tokens += _("; {count:,} too long, dropped by the platform").format(count=estimate["rows_dropped"])
    cost = cost_shown(estimate) + (_(" (simulated: nothing is billed)") if world.sandbox else "")
    items += [
        Item("tokens", _("Tokens to train"), [estimate["tokens"], estimate["rows"]], tokens),
        Item("cost", _("Cost"), [estimate["low"], estimate["high"], price_of(facts)], cost),
    ]
    earlier = world.ledger.on(_counting(items, ()).base)
    others = [one for one in earlier if one.session != world.session_id]
    planned = _counting(items, others)
    # This session's own: its approval of this very plan is not another time; one of an earlier wording of it is.
    mine = [one for one in earlier if one.session == world.session_id and one.approval != planned.digest]
    return _counting(items, [*mine, *others]) if mine else planned


def _counting(items: Sequence[Item], earlier: Sequence[Spent]) -> Plan:
    """The plan with how often it was approved before."""
    again = [Item("again", _("Trained before"), len(earlier), _earlier_shown(earlier))] if earlier else []
    return Plan((*items, *again), besides=BESIDES)


def _earlier_shown(earlier: Sequence[Spent]) -> str:
    """The same data, model and settings were approved before: how often, and what came of the first."""
    first = earlier[0]
    outcome = " ".join(filter(None, (first.id or _("outcome unknown"), first.status, moment(first.at))))
    return ngettext(
        "once, with the same data, model and settings: {outcome}",
        "{count} times, with the same data, model and settings; the first: {outcome}",
        len(earlier),
    ).format(count=len(earlier), outcome=outcome)


def _training_items(facts: Facts) -> list[Item]:
    model = facts["training.model"]
    kind = facts["training.type"]
    sent = sent_parameters(facts)
    type_shown = f"{models.training_type_words(kind)[0]} ({kind})"
    items = [
        Item("model", _("Model"), model, model, edits="training.model"),
        Item("training_type", _("Training type"), kind, type_shown, edits="training.type"),
    ]
    items += [
        Item(
            known.name, known.label(), sent[known.name], str(sent[known.name]), edits=f"training.{known.name}"
        )
        for known in taken_by(kind)
        if known.name in sent
    ]
    budget = facts.get("training.budget")
    return [
        *items,
        Item(
            "job_name",
            _("Job name"),
            facts["training.job_name"],
            facts["training.job_name"],
            edits="training.job_name",
        ),
        Item(
            "budget",
            _("Budget"),
            budget,
            _("no limit") if budget is None else f"{budget:,.2f}",
            edits="training.budget",
        ),
    ]


def command(facts: Facts, plan: Plan, world: World) -> str:
    """The unattended command that does the same."""
    words = ["bailian-wizard", "run", "--yes", *(("--sandbox",) if world.sandbox else ())]
    for key, source in facts.sources.items():
        chosen = source in ("asked", "flag", "answers") and key.startswith(ANSWERS) and key not in LOOKS
        if chosen or key == "training.job_name":
            words += ["--set", f"{key}={written(facts[key])}"]
    return shlex.join([*words, "--approve", plan.digest])


def _both_names(file: Any, facts: Facts) -> str:
    """A file's name on the platform, behind the user's own where it isn't to be recognised in it."""
    from pathlib import PurePath

    name = _name(file)
    sources = [one["source"] for one in facts.get("preview.statistics") or () if one["role"] == file["role"]]
    own = PurePath(sources[0]).name if len(sources) == 1 else ""
    return (
        name
        if PurePath(own).stem in name
        else _("{own} (on the platform: {name})").format(own=own, name=name)
    )


def _name(file: Any) -> str:
    from pathlib import PurePath

    return PurePath(file["path"]).name
