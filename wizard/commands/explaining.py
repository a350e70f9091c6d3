"""``explain``: what a code means, of a finding in data or of an error; what an answer of the platform means is ``bailian/explain``'s."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from string import Formatter

from wizard.commands.scene import Scene
from wizard.contract import forms
from wizard.contract.codes import CODES, Code
from wizard.data import examples
from wizard.data.findings import Rule
from wizard.data.rules import rules
from wizard.engine.view import Pairs, Table, Text, View
from wizard.errors import UsageError, WizardError
from wizard.locale import N_, _, enumerated, said

ABOUT_TIMES = N_("⟦…⟧×N stands for what is in the brackets, N times; № counts them.")
_NEAR = 3
ERRORS = "errors"
"""All codes of errors at once."""


def explain(scene: Scene) -> int:
    """``explain [CODE]``: all about one code, or every code of a finding in a line; ``explain errors``: every code of an error."""
    arguments = scene.arguments
    if arguments.code is not None and (asked := errors(arguments.code)):
        return scene.report(forms.ErrorCodes(errors=[_error(code) for code in asked]), _errors_shown(asked))
    if arguments.code is None:
        found, shown = [*rules().values()], _listed()
    else:
        rule = rule_of(arguments.code)
        head = Text(f"{rule.code} · {severity(rule)}", "bad" if rule.severity == "error" else "warn")
        found, shown = [rule], View((head, Pairs(parts(rule))))
    told: forms.Rules = {"findings": [as_dict(rule) for rule in found]}
    return scene.report(told, shown)


def errors(word: str) -> Sequence[Code]:
    """The code of an error that ``word`` names, or all of them for "errors"; none where it names none."""
    name = word.strip().lower().replace("_", "-")
    return [*CODES.values()] if name == ERRORS else [CODES[name]] if name in CODES else []


def _error(code: Code) -> forms.ErrorCode:
    return {
        "code": code.name,
        "exit": code.exit,
        "retryable": code.retryable,
        "about": said(code.about),
        "todo": said(code.todo),
    }


def _errors_shown(codes: Sequence[Code]) -> View:
    if len(codes) > 1:
        heads = (_("Error"), _("Exit code"), _("Run again as it is"), _("What it is"))
        rows = tuple(
            (code.name, f"{code.exit}", _("yes") if code.retryable else _("no"), said(code.about))
            for code in codes
        )
        return View((Table(heads, rows),))
    (code,) = codes
    head = Text(
        _("{text} ({aside})").format(text=code.name, aside=_("exit code {code}").format(code=code.exit)),
        "bad",
    )
    again = (
        _("The same command, run again as it is, may succeed and does no harm.")
        if code.retryable
        else _("Run again as it is, it would end the same way.")
    )
    told = (
        (_("What it is"), said(code.about)),
        (_("What to do"), said(code.todo)),
        (_("Run again as it is"), again),
    )
    return View((head, Pairs(told)))


def rule_of(word: str) -> Rule:
    """The rule that ``word`` names, however it is written. Raises UsageError with the codes that are nearest."""
    known = rules()
    code = word.strip().upper().replace("-", "_")
    if code not in known:
        near = get_close_matches(code, known, _NEAR)
        everything = _("All of them: bailian-wizard explain, bailian-wizard explain errors")
        raise UsageError(
            _("No finding has the code “{code}”.").format(code=word),
            _("Near it: {codes}. All of them: bailian-wizard explain, bailian-wizard explain errors").format(
                codes=enumerated(near)
            )
            if near
            else everything,
        )
    return known[code]


def severity(rule: Rule) -> str:
    """What it means for a row, or a file, to have it."""
    if rule.severity == "error":
        return _("error: what has it can't be sent")
    return _("warning: it can be sent, but you should know")


def general(sentence: str) -> str:
    """A rule's sentence in the language in use, for whatever values."""
    return "".join(
        text + ("" if name is None else "…")
        for text, name, _form, _turned in Formatter().parse(said(sentence))
    )


def fixing(rule: Rule) -> str:
    """What ``check --fix`` does with what has it."""
    if rule.mends:
        return _("In JSON Lines it is mended, and told: “{done}”.").format(done=f"N {said(rule.mends)}")
    if rule.severity == "error":
        return _("It is not mended. A row of JSON Lines that can't be read is put aside, with the reason.")
    return _("It is left as it is.")


def found(rule: Rule) -> str:
    """What is said about the bad example; "" where that can't be found out here."""
    with suppress(WizardError, OSError, ImportError):
        one = examples.found(rule)[0]
        return f"{one.where}: {one.what}"
    return ""


def parts(rule: Rule) -> tuple[tuple[str, str], ...]:
    """(name, text) of all that is to be said, in the order in which it is read."""
    rows = [
        (_("What it is"), general(rule.what)),
        (_("Why it matters"), said(rule.why)),
        (_("What to do"), general(rule.fix)),
        ("--fix", fixing(rule)),
        (_("Example"), f"$ bailian-wizard {' '.join(examples.command(rule))}"),
    ]
    if rule.beside:
        rows.append((examples.BESIDE, examples.shown(rule.beside)))
    rows += [
        (_("with it"), examples.shown(rule.bad)),
        ("", found(rule)),
        (_("without"), examples.shown(rule.good)),
    ]
    if any(isinstance(one, str) and examples.TIMES.search(one) for one in (rule.bad, rule.good)):
        rows.append(("", said(ABOUT_TIMES)))
    return tuple(row for row in rows if row[1])


def as_dict(rule: Rule) -> forms.Rule:
    """The rule for programs."""
    return {
        "code": rule.code,
        "severity": rule.severity,
        "what": general(rule.what),
        "why": said(rule.why),
        "fix": general(rule.fix),
        "mended": bool(rule.mends),
        "example": {
            "command": list(examples.command(rule)),
            "beside": examples.shown(rule.beside) or None,
            "bad": examples.shown(rule.bad),
            "good": examples.shown(rule.good),
        },
    }


def _listed() -> View:
    names = {"error": _("error"), "warning": _("warning")}
    rows = tuple((rule.code, names[rule.severity], general(rule.what)) for rule in rules().values())
    about = _("All about one: bailian-wizard explain CODE")
    return View((Table((_("Finding"), _("Severity"), _("What it is")), rows), Text(about, "dim")))
