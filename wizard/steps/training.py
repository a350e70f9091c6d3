"""Step 4: model, training type and hyper-parameters, and what that may cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from wizard.bailian import models
from wizard.bailian.endpoints import BEIJING
from wizard.bailian.hyperparameters import (
    CHOICE,
    HYPERPARAMETERS,
    INTEGER,
    NUMBER,
    Hyperparameter,
    advice,
    check,
    taken_by,
)
from wizard.bailian.plans import SIGNS, date_shown
from wizard.bailian.service import Grant
from wizard.contract import events
from wizard.engine.step import Answer, Choice, Facts, Field, Kind, Step, Work
from wizard.errors import OverBudget, Remedy, UsageError
from wizard.locale import _, enumerated, joined, ngettext
from wizard.money import limits
from wizard.steps import afterwards, approval, permission
from wizard.steps.dataset import BY_SPLIT
from wizard.steps.estimate import (
    SPLIT_ONLY,
    TYPES,
    cost_shown,
    estimated,
    price_of,
    sent_parameters,
    training_rows,
)
from wizard.steps.facts import Converted, Estimate, trained
from wizard.steps.help import about
from wizard.steps.world import World

MANY_ROWS = (
    10_000  # from here up fewer epochs do (model-training-api-reference, autumn 2026; the earlier toolkit)
)
RATE_FOR_ALL_PARAMETERS = "1e-5"  # the platform's default for sft (model-training-api-reference 2026-02-11)
SMALLEST_BATCH = 8
NEVER_ASKED = ("target_modules", "split")


def _type_label(training_type: str) -> str:
    return _("{text} ({aside})").format(
        text=models.training_type_words(training_type)[0], aside=training_type
    )


_NAME = r"[A-Za-z0-9_.-]{1,100}"


def _name_problem(name: str) -> str | None:
    if re.fullmatch(_NAME, name):
        return None
    return _("A job's name has letters, digits, - _ and . only, at most 100.")


MODEL = Answer(
    key="training.model",
    kind="choice",
    name=lambda: _("Model"),
    help=lambda: about("training.model"),
    public=True,
    schema=lambda: {"enum": [model.code for model in models.models() if model.text]},
)
TYPE = Answer(
    key="training.type",
    kind="choice",
    name=lambda: _("Training type"),
    help=lambda: about("training.type"),
    public=True,
    schema=lambda: {"enum": list(models.TRAINING_TYPES)},
    shown=_type_label,
)
ADJUST = Answer(
    key="training.adjust",
    kind="choice",
    name=lambda: _("Recommended settings"),
    help=lambda: about("training.adjust"),
    attended=True,
    public=True,
    in_plan=False,  # whether to be asked; the settings themselves are
)
JOB_NAME = Answer(
    key="training.job_name",
    kind="text",
    name=lambda: _("Job name"),
    help=lambda: about("training.job_name"),
    schema=lambda: {"pattern": f"^{_NAME}$"},
    check=_name_problem,
)
BUDGET = Answer(
    key="training.budget",
    kind="number",
    name=lambda: _("Budget"),
    help=lambda: about("training.budget"),
    optional=True,
    schema=lambda: {"exclusiveMinimum": 0},
    check=lambda value: None if value > 0 else _("A budget must be above 0."),
    shown=lambda budget: f"{budget:,.2f}",
    unset=lambda: _("no limit"),
)


def parameter(known: Hyperparameter) -> Answer:
    """The answer for a hyper-parameter; one that is sent only where somebody set it may be none."""
    kinds: dict[str, Kind] = {INTEGER: "integer", NUMBER: "number", CHOICE: "choice"}
    kind: Kind = "decimal" if known.as_text else kinds.get(known.kind, "text")
    return Answer(
        key=f"training.{known.name}",
        kind=kind,
        name=known.label,
        help=lambda: known.help(known.recommended),
        public=kind != "text",
        optional=not known.sent,
        schema=lambda: _values(known),
        check=lambda value: check(known.name, value),
        shown=str,
    )


def _values(known: Hyperparameter) -> dict[str, Any]:
    values: dict[str, Any] = {"enum": list(known.choices)} if known.choices else {}
    if known.low is not None and known.high is not None:
        ends = ("exclusiveMinimum", "exclusiveMaximum") if known.open_ends else ("minimum", "maximum")
        values |= dict(zip(ends, (known.low, known.high), strict=True))
    return values


class Training(Step):
    """Asks for the model and how to train it; estimates tokens and cost from the converted rows."""

    id: ClassVar[str] = "training"
    needs: ClassVar[tuple[str, ...]] = ("preview.statistics", "dataset.validation", "key.region")
    gives: ClassVar[tuple[str, ...]] = ("training.estimate",)

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """What is trained, and how."""
        return (MODEL, TYPE, ADJUST, *map(parameter, HYPERPARAMETERS), JOB_NAME, BUDGET)

    def title(self) -> str:
        """As on the screen."""
        return _("Model and training")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """Model, type, then the hyper-parameters: taken as recommended, or each asked."""
        region = facts.get("key.region") or BEIJING
        train = trained(facts)
        suitable = TYPES[train.kind if train is not None else "chat"]
        offered = [model for model in models.text_models(region) if set(model.training_types) & set(suitable)]
        before = facts.get("training.model")
        gone = (
            ""
            if before is None or before in [one.code for one in models.text_models(region)]
            else _gone(before)
        )
        model_field = MODEL.ask(
            label=_("Which model shall be trained?"),
            why=joined(
                gone,
                _dated(offered, region),
                permission.remark(facts, self._world, [model.code for model in offered]),
            ),
            default=None if gone else offered[0].code,  # which may be dearer than what was planned with
            choices=tuple(
                Choice(model.code, model.code, self._about(model, facts), brief=_priced(model, region))
                for model in sorted(
                    offered, key=lambda model: self._world.permissions.order(facts, model.code)
                )
            ),
            foremost=sum(bool(model.recommended) for model in offered),
        )
        chosen = next((model for model in offered if model.code == facts.get("training.model")), offered[0])
        types = [kind for kind in suitable if kind in chosen.training_types]
        no_more = chosen.code == before and facts.get("training.type") in set(suitable) - set(types)
        type_field = TYPE.ask(
            label=_("How shall it be trained?"),
            why=joined(
                _not_so_any_more(chosen.code, facts["training.type"]) if no_more else "",
                afterwards.told(chosen, types, region),
            ),
            default=None if no_more else types[0],
            choices=tuple(
                Choice(kind, _type_label(kind), models.training_type_words(kind)[1]) for kind in types
            ),
        )
        training_type = facts.get("training.type")
        if training_type not in types:
            training_type = types[0]
        fields = [model_field, type_field, self._adjust(facts, training_type)]
        fields += [
            self._parameter(known, facts, training_type)
            for known in taken_by(training_type)
            if known.name not in SPLIT_ONLY or facts.get("dataset.validation") == BY_SPLIT
        ]
        fields += [
            JOB_NAME.ask(
                label=_("What shall the job be called?"), default=self._default_name(facts), quiet=True
            ),
            BUDGET.ask(
                label=_("Budget in CNY (stop if the highest estimate exceeds it; empty: no limit)"),
                quiet=True,
            ),
        ]
        return fields

    def view(self, facts: Facts) -> None:
        """Nothing; but it is asked here which models may be trained, where another run proved the key."""
        if "key.proof" in facts:
            permission.ask_all(facts, self._world)

    def _about(self, model: models.TunableModel, facts: Facts) -> str:
        granted = self._world.permissions.fine_tune(facts, model.code)
        words = list(model.remarks(permitted=granted is Grant.YES, brief=True))
        if granted is Grant.NO:
            words.insert(0, _("this workspace may not train it"))
        return " · ".join(words)

    def _adjust(self, facts: Facts, training_type: str) -> Field:
        recommended = enumerated(
            f"{known.name} {self._default(known, facts, training_type)}"
            for known in taken_by(training_type)
            if known.sent and known.name not in NEVER_ASKED
        )
        return ADJUST.ask(
            label=_("Use the recommended settings?"),
            why=recommended,
            default="recommended",
            choices=(
                Choice("recommended", _("Yes, they suit most data")),
                Choice("adjust", _("No, ask me for each")),
            ),
        )

    def _parameter(self, known: Hyperparameter, facts: Facts, training_type: str) -> Field:
        offered = self._default(known, facts, training_type)
        return parameter(known).ask(
            help=known.help(offered),
            label=_("{name}, {range}").format(name=known.label(), range=known.range()),
            why=known.why(),
            default=offered if known.sent else None,
            choices=tuple(Choice(word, word) for word in known.choices),
            check=lambda value: self._parameter_problem(known.name, value, facts),
            needs=("training.adjust",),
            quiet=not known.sent or known.name in NEVER_ASKED or facts.get("training.adjust") != "adjust",
        )

    def _default(self, known: Hyperparameter, facts: Facts, training_type: str) -> Any:
        rows = training_rows(facts)
        if known.name == "n_epochs" and rows is not None and rows >= MANY_ROWS:
            return 2
        if known.name == "batch_size" and rows is not None and rows <= int(known.recommended or 0):
            return SMALLEST_BATCH
        if known.name == "learning_rate" and training_type == models.SFT:
            return RATE_FOR_ALL_PARAMETERS
        return known.recommended

    @staticmethod
    def _parameter_problem(name: str, value: Any, facts: Facts) -> str | None:
        if problem := check(name, value):
            return problem
        rows = training_rows(facts)
        # Fewer than can be trained at all: no batch size would do, and ``perform`` says so.
        if name == "batch_size" and rows is not None and SMALLEST_BATCH < rows <= value:
            return _(
                "There are {rows:,} training rows; the platform fails a job whose rows are not more than batch_size, "
                "and says so only some ten minutes after it began."
            ).format(rows=rows)
        return None

    def _default_name(self, facts: Facts) -> str:
        files = Converted.all(facts)
        stem = Path(files[0].path).stem if files else "job"
        return f"{stem[:60]}-{self._world.session_id}"

    def perform(self, work: Work) -> Mapping[str, Any]:
        """The estimate, as JSON: amounts as decimal strings, the price with its date and source."""
        facts = work.facts
        rows = training_rows(facts)
        if rows is not None and rows <= SMALLEST_BATCH:
            problem = UsageError(
                _("{rows} training rows are too few: the platform needs more than {least}.").format(
                    rows=rows, least=SMALLEST_BATCH
                ),
                _("Add rows to your data. 1,000 are the least that teaches a model something."),
            )
            problem.remedies = (Remedy(_("Choose other data"), "dataset.source"),)
            raise problem
        estimate = estimated(facts)
        budget = facts.get("training.budget")
        if budget is not None and (
            estimate.cost is None or Decimal(estimate.cost.high) > Decimal(str(budget))
        ):
            over = OverBudget(
                _("The job's cost is {cost}; the upper end is more than your budget of {budget}.").format(
                    cost=cost_shown(estimate.cost), budget=f"{budget:,.2f}"
                ),
                _("Train fewer epochs, a smaller max_length or a cheaper model, or raise the budget."),
            )
            over.remedies = tuple(
                Remedy(_("Change {name}").format(name=name), f"training.{name}")
                for name in ("n_epochs", "max_length", "model", "budget")
            )
            raise over
        approval.allowed(facts | {Estimate.KEY: estimate.as_json()}, self._world)
        if set_here := limits.limits().told():
            work.front.say(_("Limits of this computer's user: {limits}").format(limits=set_here), "dim")
        for line in advice(sent_parameters(facts)):
            work.front.say(line, "warn")
        dropped = estimate.rows_dropped
        if dropped:
            events.tell("warning", code="rows-dropped", count=dropped)
            work.front.say(
                ngettext(
                    "{count:,} row is longer than max_length; the platform drops it without a word.",
                    "{count:,} rows are longer than max_length; the platform drops them without a word.",
                    dropped,
                ).format(count=dropped),
                "warn",
            )
        return {Estimate.KEY: estimate.as_json()}

    def verify(self, facts: Facts) -> str | None:
        """The model must still be in the table, at the price of the estimate: with another one it is another plan to approve."""
        code = facts["training.model"]
        known, kind = models.model(code), facts["training.type"]
        if known is None:
            return _gone(code)
        if kind not in known.training_types:
            return _not_so_any_more(code, kind)
        cost, price = Estimate.of(facts).cost, price_of(facts)
        before = None if cost is None else [cost.price, cost.currency, cost.price_date, cost.price_source]
        if price == before:
            return None
        said = _("the price of {model} was {before}, and is {now}: the plan is approved anew.")
        if price is None:
            said = _("the price of {model} was {before}, and is {now}: the model is asked for again.")
        return said.format(model=code, before=_price_shown(before), now=_price_shown(price))

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the estimate")

    def line(self, facts: Facts) -> str:
        """Model, type and what it may cost."""
        return " · ".join(
            (
                facts["training.model"],
                _type_label(facts["training.type"]),
                ngettext("{count} epoch", "{count} epochs", facts["training.n_epochs"]).format(
                    count=facts["training.n_epochs"]
                ),
                cost_shown(Estimate.of(facts).cost),
            )
        )


def _gone(code: str) -> str:
    return _("{model} is no longer among the models of this version; choose another one.").format(model=code)


def _not_so_any_more(code: str, training_type: str) -> str:
    return _("{model} can no longer be trained as {type} by this version; choose another way.").format(
        model=code, type=_type_label(training_type)
    )


def _dated(offered: Sequence[models.TunableModel], region: str) -> str:
    """What the prices beside the models are, and of when."""
    dates = {price.date for model in offered if (price := model.price(region)) is not None}
    if not dates:
        return ""
    return _("Prices are for 1,000 tokens, from the list of {date}.").format(date=date_shown(max(dates)))


def _price_shown(price: Sequence[str] | None) -> str:
    """A price for 1,000 tokens with the date of its list."""
    if price is None:
        return _("not published")
    amount, currency, date, _source = price
    return _("{price} for 1,000 tokens (list of {date})").format(
        price=f"{SIGNS.get(currency, currency)}{amount}", date=date_shown(date)
    )


def _priced(model: models.TunableModel, region: str) -> str:
    price = model.price(region)
    return "" if price is None else f"{SIGNS[price.currency]}{price.amount}"
