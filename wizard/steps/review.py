"""Step 5: the whole plan on one screen, any line of which can be changed; then a typed yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar

from wizard.bailian import models
from wizard.bailian.hyperparameters import taken_by
from wizard.bailian.plans import date_shown
from wizard.engine.step import Answer, Choice, Facts, Field, Key, Step, source_shown
from wizard.engine.view import Block, Line, Pairs, Table, Text, View
from wizard.local.width import cut
from wizard.locale import _, enumerated, ngettext
from wizard.steps import afterwards, as_read, permission
from wizard.steps.facts import Converted, Counted, Estimate, Proof
from wizard.steps.help import about
from wizard.steps.plan import command, plan_of
from wizard.steps.training import TYPE
from wizard.steps.world import World

YES = "yes"
_RULE = ("", "")
_LINE = 56  # columns of a value on a screen of 80
_WITHOUT_SAYING = "training.target_modules"  # the same in every training of this kind

# None of these is in the plan: they are about it.
CHANGE = Answer(
    key="review.change",
    kind="choice",
    name=lambda: _("Line to change"),
    help=lambda: about("review.change"),
    attended=True,
    public=True,
    in_plan=False,
)
APPROVAL = Answer(
    key="review.approval",
    kind="word",
    name=lambda: _("Approval of the plan"),
    help=lambda: about("review.approval"),
    public=True,
    in_plan=False,
)


class Review(Step):
    """The one wall: before it everything can be undone, behind it nothing is asked unless something is wrong."""

    id: ClassVar[str] = "review"

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """What is said of the plan."""
        return (permission.DESPITE, afterwards.WITHOUT, CHANGE, APPROVAL)

    def title(self) -> str:
        """As on the screen."""
        return _("Review")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """Whether the plan is right, which line to change, and the typed yes, given to the plan's digest."""
        typed = (permission.despite(facts, self._world), afterwards.without(facts))
        if not all(made.KEY in facts for made in (Estimate, Proof, Converted)):
            return (*typed, APPROVAL.ask(label=APPROVAL.name()))
        plan = plan_of(facts, self._world)
        change = CHANGE.ask(
            label=_("What do you want to change?"),
            default="none",
            choices=(
                Choice("none", _("None any more")),
                *(
                    Choice(item.key, item.label, brief=item.shown, edits=item.edits)
                    for item in plan.items
                    if item.edits
                ),
                *as_read.way_in(facts),
            ),
            quiet=True,
        )
        if self._world.sandbox:
            label = _("Type {word} to begin (simulated: nothing is sent to Alibaba Cloud or billed)")
        else:
            label = _("Type {word} to upload the data and create the job, which costs money")
        approval = APPROVAL.ask(
            label=label.format(word=YES),
            help=about("review.practised" if self._world.sandbox else APPROVAL.key),
            word=YES,
            value=plan.digest,
            default=plan.digest if self._world.sandbox else None,
            keys=(
                Key("e", _("change a line"), edits=change.key),
                Key("d", _("the cost explained"), lambda: _formulas(facts)),
                Key("c", _("as a command"), lambda: View((Line(command(facts, plan, self._world)),))),
            ),
        )
        return (change, *typed, approval)

    def whole(self, facts: Facts) -> View:
        """The plan line by line, with how its cost comes about: for who reads it and is asked nothing."""
        plan = plan_of(facts, self._world)
        rows = tuple(
            (item.label, item.shown, source_shown(facts.sources.get(item.edits, ""))) for item in plan.items
        )
        said = _("The same without questions: {command}").format(command=command(facts, plan, self._world))
        blocks = (Text(self._leaves(facts)), Text(said, "dim"), *_formulas(facts).blocks)
        return View((*blocks, *self._warnings(facts), Table((_("What"), _("Value"), _("From")), rows)))

    def view(self, facts: Facts) -> View | None:
        """The plan on one small screen: hyper-parameters in a line, what it costs set off from the rest.

        Asks whether the model may be trained.
        """
        permission.ask(facts, self._world)
        plan = plan_of(facts, self._world)
        settings = {f"training.{known.name}": known.name for known in taken_by(facts[TYPE.key])}
        rows: list[tuple[str, str]] = []
        costs: list[tuple[str, str]] = []
        priced = {"cost": _list_price(facts), "tokens": ""}
        budget = ""
        for item in plan.items:
            source = facts.sources.get(item.edits, "")
            shown = item.shown + (f" [{source_shown(source)}]" if source in ("flag", "answers") else "")
            if item.key == _WITHOUT_SAYING:
                continue
            if item.key in settings:
                short = f"{settings[item.key]} {shown}"
                if rows[-1][0] == _("Settings"):
                    short = f"{rows.pop()[1]} · {short}"
                rows.append((_("Settings"), short))
            elif item.key == TYPE.key:
                rows.append((rows[-1][0], f"{rows.pop()[1]} · {shown}"))
            elif item.key == "key":  # where it goes
                named = _("{title}: {line}").format(title=item.label, line=shown)
                rows.append((rows[-1][0], f"{rows.pop()[1]} · {named}"))
            elif item.key == "system_prompt":
                rows.append((item.label, _in_a_line(shown)))
            elif item.key in priced:
                costs.append((item.label, " · ".join(filter(None, (shown, priced[item.key])))))
            elif item.key == "training.budget":
                budget = _("{title}: {line}").format(title=item.label, line=shown)
            else:
                rows.append((item.label, shown))
        rows += _left_out(facts)
        label, tokens = costs[0]
        costs[0] = (label, " · ".join(filter(None, (tokens, budget))))
        return View((Pairs((*rows, _RULE, *costs, _RULE)), *self._warnings(facts)))

    def _warnings(self, facts: Facts) -> Sequence[Text]:
        """What is known of the base's end, and that the model may not be trained, where that is said."""
        return tuple(filter(None, (_base(facts), permission.warning(facts, self._world))))

    def line(self, facts: Facts) -> str:
        """The approved digest."""
        return _("approved, digest {digest}").format(digest=facts["review.approval"])

    def _leaves(self, facts: Facts) -> str:
        names = enumerated(file.name for file in Converted.all(facts) if file.sent)
        if self._world.sandbox:
            return _("Nothing leaves this computer; what goes to the sandbox: {names}.").format(names=names)
        return _(
            "What leaves this computer: {names}, these settings, and the key for signing in; to {endpoint}."
        ).format(names=names, endpoint=Proof.of(facts).endpoint)


def _left_out(facts: Facts) -> Iterator[tuple[str, str]]:
    """A line for each source of which rows are not used, with the list of them."""
    for entry in Counted.all(facts):
        if entry.left_out:
            told = ngettext(
                "{count:,} row is not used; it is listed in {name}",
                "{count:,} rows are not used; they are listed in {name}",
                entry.left_out,
            )
            yield _("Left out"), told.format(count=entry.left_out, name=entry.left_out_file)


def _in_a_line(text: str) -> str:
    """``text`` as long as a line of the small screen takes; the line's own change shows all of it."""
    return cut(" ".join(text.split()), _LINE)


def _base(facts: Facts) -> Text | None:
    """What is known of the end of the model's base, where it has one."""
    model = models.model(facts["training.model"])
    if model is None or model.retirement is None:
        return None
    warning = model.retirement.warning(date.today())  # noqa: DTZ011 - the user's own day
    return Text(_("{title}: {line}").format(title=model.code, line=warning), "warn")


def _list_price(facts: Facts) -> str:
    """Since when the price is known; empty where none is published."""
    cost = Estimate.of(facts).cost
    return "" if cost is None else _("list price of {date}").format(date=date_shown(cost.price_date))


def _formulas(facts: Facts) -> View:
    """How the cost comes about, at least and at most."""
    estimate = Estimate.of(facts)
    blocks: list[Block] = []
    if (cost := estimate.cost) is not None:
        lines = (
            _("At least: {formula}").format(formula=cost.formula_low),
            _("At most: {formula}").format(formula=cost.formula_high),
            cost.reason,
            _("List price of {date}, from {source}. The real bill is the job's usage.").format(
                date=date_shown(cost.price_date),
                source=cost.price_source.removesuffix(f", {cost.price_date}"),
            ),
        )
        blocks.append(Text("\n".join(lines), "dim"))
    if estimate.rows_counted < estimate.rows:
        counted = _("Tokens were counted in {counted:,} of {rows:,} rows, drawn at random.").format(
            counted=estimate.rows_counted, rows=estimate.rows
        )
        blocks.append(Text(counted, "dim"))
    if estimate.tokens_approximate:
        told = _("This model counts tokens a little differently; the figures are approximations.")
        blocks.append(Text(told, "warn"))
    return View(tuple(blocks))
