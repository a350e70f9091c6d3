"""What is told of one job: all that the platform says of it, and what it cost by its own model's list price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from wizard.bailian import endpoints, models
from wizard.bailian.service import CANCELED, FAILED, GONE, SUCCEEDED, Job
from wizard.engine.step import Facts
from wizard.engine.view import Block, Table, Text, View
from wizard.locale import _
from wizard.steps.facts import Ended, Estimate
from wizard.steps.origin import replaced_before
from wizard.steps.wording import clock, instant, moment, money, span, status_shown, whose_clock
from wizard.steps.world import World


@dataclass(frozen=True, slots=True)
class Cost:
    """``amount`` in the currency of ``price``, for all the tokens that were billed."""

    amount: Decimal
    price: models.Price


def cost_of(job: Job, facts: Facts, world: World) -> Cost | None:
    """What ``job`` costs: at the price that the session with these facts was shown, if it made it; else by the list price of its model.

    Of a tuned model by that of its base; None where usage or price isn't known.
    """
    price = _price_shown_for(job, facts, world) or _price(job, region_of(facts, world))
    if price is None or job.usage is None:
        return None
    return Cost(Decimal(job.usage) * price.amount / 1000, price)


def region_of(facts: Mapping[str, object], world: World) -> str:
    """The region whose prices and console count."""
    named = "" if world.sandbox else world.named("DASHSCOPE_REGION")
    return str(facts.get("key.region") or named or endpoints.DEFAULT_REGION)


def ending_again(facts: Facts, world: World) -> View:
    """The last screen of a session that has come to its end before."""
    job = Ended.of(facts).as_job(facts["job.id"])
    if not job.output_model:
        return ending(job, facts, world)
    seen = world.seen.get(job.job_id)
    if seen is not None and seen.job is not None and seen.job.output_model:
        name, dated = seen.job.output_model, _("asked at {time}").format(time=clock(str(int(seen.at))))
    else:
        name, dated = job.output_model, _("as of {date}").format(date=moment(job.ended) or _("its end"))
    return ending(
        replace(job, output_model=_("{text} ({aside})").format(text=name, aside=dated)), facts, world
    )


def ending(job: Job, facts: Facts, world: World) -> View:
    """The last screen: what came of it, what it cost, where to look, the commands for later."""
    if not job.model and _is_ours(job, facts):
        job = replace(job, model=facts["training.model"])
    rows = [(_("Job"), job.job_id), *_course(job, world), *_result(job)]
    rows += _bill(job, facts, world)
    rows += _console(job, facts, world)
    for file in replaced_before(job.job_id, world):
        told = _("{text} ({aside})").format(text=file.told(world), aside=_("not looked up again"))
        rows.append((_("Replaced upload"), told))
    if job.status != GONE:
        rows += [
            (_("See it again"), world.command("jobs", "show", job.job_id)),
            (_("Its log"), world.command("jobs", "logs", job.job_id)),
        ]
    rows += [(_("Train another one"), world.command())]
    return _view(rows, job, world)


def everything(job: Job, names: Mapping[str, str], facts: Facts, world: World) -> View:
    """All about one job, whoever made it. ``names`` of its files by their ids, as far as they are known."""
    rows = [(_("Job"), job.job_id)]
    if job.name and job.name != job.job_id:
        rows.append((_("Name"), job.name))
    rows += [*_course(job, world), (_("Model"), job.model or _("not told"))]
    if job.base_model and job.base_model != job.model:
        rows.append((_("Base model"), job.base_model))
    rows.append((_("Training type"), _type_shown(job.training_type)))
    settings = " · ".join(f"{name}={value}" for name, value in job.hyper_parameters.items())
    rows.append((_("Settings"), settings or _("not told")))
    for label, ids in (
        (_("Training data"), job.training_files),
        (_("Validation data"), job.validation_files),
    ):
        rows += [(label, f"{names[one]} ({one})" if names.get(one) else one) for one in ids]
    if not job.validation_files:
        rows.append((_("Validation data"), _("no file of its own")))
    rows += [(_("Created"), moment(job.created) or _("not told"))]
    if job.ended:
        rows += [(_("Ended"), moment(job.ended))]
        began, ended = instant(job.created), instant(job.ended)
        if isinstance(began, datetime) and isinstance(ended, datetime) and began <= ended:
            rows += [(_("Took"), span((ended - began).total_seconds()))]
    rows += [
        *_result(job),
        *_bill(job, facts, world),
        *_console(job, facts, world),
        (_("Its log"), world.command("jobs", "logs", job.job_id)),
    ]
    return _view(rows, job, world, clock=whose_clock())


def _view(rows: list[tuple[str, str]], job: Job, world: World, *, clock: str = "") -> View:
    blocks: list[Block] = [Table((_("What"), _("Value")), tuple(rows))]
    if clock:
        blocks.append(Text(clock, "dim"))
    if job.status in (FAILED, CANCELED, GONE):
        told = why(job.status, job.failure_code, job.failure_message)
        blocks.append(Text("\n".join(told), "warn"))
    if job.status == SUCCEEDED and not world.sandbox:
        blocks.append(
            Text(_("The model has to be deployed before it can be called; a deployment costs extra."), "warn")
        )
    return View(tuple(blocks))


def why(status: str, code: str, message: str) -> tuple[str, str]:
    """Why a job came to nothing, and what to change."""
    from wizard.bailian import explain

    return explain.ended_badly(status, code, message)


def _course(job: Job, world: World) -> list[tuple[str, str]]:
    simulated = _(" (simulated)") if world.sandbox else ""
    rows = [(_("Status"), status_shown(job.status) + simulated)]
    if job.failure_message:
        code = f" ({job.failure_code})" if job.failure_code else ""
        rows.append((_("Reason given"), job.failure_message + code))
    return rows


def _result(job: Job) -> list[tuple[str, str]]:
    return [(_("Your model"), job.output_model)] if job.output_model and job.status == SUCCEEDED else []


def _is_ours(job: Job, facts: Facts) -> bool:
    """Whether it is this session's job."""
    return job.job_id == facts.get("job.id")


def _bill(job: Job, facts: Facts, world: World) -> list[tuple[str, str]]:
    """Tokens and cost, and what this session expected of its own job."""
    if job.usage is None:
        if job.final or job.status == GONE:
            return [(_("Billed tokens"), _("not told by the platform"))]
        return [(_("Billed tokens"), _("known once it has ended"))]
    simulated = _(" (simulated)") if world.sandbox else ""
    cost = cost_of(job, facts, world)
    if cost is None:
        shown = _("unknown: no price of {model} is published for this region").format(model=job.model or "?")
    else:
        shown = money(cost.amount, cost.amount, cost.price.currency) + simulated
    before = Estimate.of(facts).cost if _is_ours(job, facts) and Estimate.KEY in facts else None
    if before is not None:
        expected = money(before.low, before.high, before.currency)
        shown = _("{cost}; estimated before: {expected}").format(cost=shown, expected=expected)
    return [(_("Billed tokens"), f"{job.usage:,}{simulated}"), (_("Cost by list price"), shown)]


def _price_shown_for(job: Job, facts: Facts, world: World) -> models.Price | None:
    """The price at which its own session was approved."""
    cost = Estimate.of(facts).cost if Estimate.KEY in facts and _is_ours(job, facts) else None
    if cost is None or job.model not in ("", facts.get("training.model")):
        return None
    return models.Price(
        Decimal(cost.price), cost.currency, region_of(facts, world), cost.price_source, cost.price_date
    )


def _price(job: Job, region: str) -> models.Price | None:
    known = models.model(job.model) or models.model(job.base_model)
    return known.price(region) if known is not None else None


def _console(job: Job, facts: Facts, world: World) -> list[tuple[str, str]]:
    if world.sandbox:
        return []
    region = region_of(facts, world)
    rows = [(_("In the console"), endpoints.console_jobs(region))]
    if job.status == SUCCEEDED:
        rows.append((_("Deploy it at"), endpoints.console_deploy(region)))
    return rows


def _type_shown(training_type: str) -> str:
    if training_type in models.TRAINING_TYPES:
        return _("{text} ({aside})").format(
            text=models.training_type_words(training_type)[0], aside=training_type
        )
    return training_type or _("not told")
