"""Step 5: the whole plan on one screen, any line of which can be changed; then a typed yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from wizard.bailian import models
from wizard.bailian.plans import date_shown
from wizard.engine.step import Answer, Choice, Facts, Field, Step, source_shown
from wizard.engine.view import Block, Table, Text, View
from wizard.locale import _, ngettext
from wizard.steps import afterwards, permission
from wizard.steps.estimate import cost_shown
from wizard.steps.facts import Converted, Estimate, Proof
from wizard.steps.help import about
from wizard.steps.plan import command, plan_of
from wizard.steps.world import World

YES = "yes"

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
CHECKED = Answer(
    key="review.checked",
    kind="choice",
    name=lambda: _("Plan looked at"),
    help=lambda: about("review.checked"),
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
        return (permission.DESPITE, afterwards.WITHOUT, CHANGE, CHECKED, APPROVAL)

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
        )
        checked = CHECKED.ask(
            label=_("Is everything as you want it?"),
            default=plan.digest,
            choices=(
                Choice(plan.digest, _("Yes, go on to the confirmation")),
                Choice("change", _("No, change something"), edits=change.key),
            ),
        )
        if self._world.sandbox:
            label = _("Type {word} to begin (simulated: nothing is sent to Alibaba Cloud and nothing costs)")
        else:
            label = _("Type {word} to upload the data and create the job, which costs money")
        approval = APPROVAL.ask(
            label=label.format(word=YES),
            why=self._in_short(facts),
            word=YES,
            value=plan.digest,
            default=plan.digest if self._world.sandbox else None,
        )
        return (change, checked, *typed, approval)

    def _in_short(self, facts: Facts) -> str:
        """What the yes is given to, once more, so that it stands beside the question on the smallest screen."""
        estimate = Estimate.of(facts)
        rows = ngettext("{count:,} row", "{count:,} rows", estimate.rows).format(count=estimate.rows)
        tokens = ngettext("{count:,} token", "{count:,} tokens", estimate.tokens).format(
            count=estimate.tokens
        )
        epochs = ngettext("{count} epoch", "{count} epochs", facts["training.n_epochs"]).format(
            count=facts["training.n_epochs"]
        )
        parts = [facts["training.model"], rows, f"{tokens} × {epochs}", cost_shown(estimate.cost)]
        if estimate.cost is not None:
            parts.append(_("list price of {date}").format(date=date_shown(estimate.cost.price_date)))
        return " · ".join(parts)

    def view(self, facts: Facts) -> View | None:
        """What leaves this machine, the same as a command, how the cost comes about; then the plan. Asks whether the model may be trained."""
        permission.ask(facts, self._world)
        plan = plan_of(facts, self._world)
        estimate = Estimate.of(facts)
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
        if (cost := estimate.cost) is not None:
            blocks.append(
                Text(
                    "\n".join(
                        (
                            _("At least: {formula}").format(formula=cost.formula_low),
                            _("At most: {formula}").format(formula=cost.formula_high),
                            cost.reason,
                            _(
                                "List price of {date}, from {source}. The real bill is the job's usage."
                            ).format(date=date_shown(cost.price_date), source=cost.price_source),
                        )
                    ),
                    "dim",
                )
            )
        if estimate.rows_counted < estimate.rows:
            blocks.append(
                Text(
                    _("Tokens were counted in {counted:,} of {rows:,} rows, drawn at random.").format(
                        counted=estimate.rows_counted, rows=estimate.rows
                    ),
                    "dim",
                )
            )
        if estimate.tokens_approximate:
            blocks.append(
                Text(
                    _("This model counts tokens a little differently; the figures are approximations."),
                    "warn",
                )
            )
        blocks += filter(None, (_base(facts), permission.warning(facts, self._world)))
        blocks.append(Table((_("What"), _("Value"), _("From")), rows))
        return View(tuple(blocks))

    def line(self, facts: Facts) -> str:
        """The approved digest."""
        return _("approved, digest {digest}").format(digest=facts["review.approval"])

    def _leaves(self, facts: Facts) -> str:
        names = ", ".join(file.name for file in Converted.all(facts) if file.sent)
        if self._world.sandbox:
            return _("Nothing leaves this computer: {names} go to the sandbox.").format(names=names)
        return _(
            "What leaves this computer: {names}, these settings, and the key for signing in; to {endpoint}."
        ).format(names=names, endpoint=Proof.of(facts).endpoint)


def _base(facts: Facts) -> Text | None:
    """What is known of the end of the model's base, where it has one."""
    model = models.model(facts["training.model"])
    if model is None or model.retirement is None:
        return None
    return Text(f"{model.code}: {model.retirement.warning(date.today())}", "warn")  # noqa: DTZ011 - the user's own day
