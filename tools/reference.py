"""The reference in docs/, generated from the parser in both languages: ``python -m tools.reference``.

What the parser doesn't know (files, variables, the keys of answers) stands in ``reference.toml``. Exits 1 where a file had
to be changed, so that a check can see that it was out of date.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.tables import bring_up_to_date, table
from wizard import locale
from wizard.arguments import parser
from wizard.bailian.endpoints import REGIONS
from wizard.bailian.hyperparameters import HYPERPARAMETERS
from wizard.bailian.models import TRAINING_TYPES
from wizard.commands.answers import keys
from wizard.contract.codes import CODES
from wizard.locale import said
from wizard.steps.columns import PREFIX

DOCS = Path(__file__).parents[1] / "docs"
FILES = {locale.ENGLISH: DOCS / "reference.md", locale.CHINESE: DOCS / "reference.zh-CN.md"}
PROSE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def reference(language: str) -> str:
    """The whole page in ``language``."""
    before = locale.language()
    locale.use(language)
    try:
        return "\n".join(_page("zh" if language == locale.CHINESE else "en"))
    finally:
        locale.use(before)


def _page(tongue: str) -> Iterator[str]:
    words = {name: text[tongue] for name, text in PROSE["words"].items()}
    top = parser()
    common = {option for action in _options(_commands(top)["models"]) for option in action.option_strings}
    common -= {"--json"}
    yield from (f"# {words['title']}", "", words["other"], "", words["made"], "")
    yield from (*_prose(top.description or ""), words["streams"], "")
    shared = [action for action in _options(_commands(top)["run"]) if common & set(action.option_strings)]
    yield from (
        f"## {words['everywhere']}",
        "",
        *table((words["argument"], words["meaning"]), _listed(shared)),
    )
    yield from (f"## {words['wizard']}", "", *_usage(top))
    own = [action for action in _options(top) if not common & set(action.option_strings)]
    yield from table((words["argument"], words["meaning"]), _listed(own))
    yield from (f"## {words['commands']}", "")
    for name, command in _commands(top).items():
        yield from _command(name, command, common, words, "###")
    yield from (f"## {words['answers']}", "", words["answers_about"], "")
    yield from table((words["key"], words["meaning"]), list(_answers(tongue)))
    yield from (f"### {words['parameters']}", "", words["parameters_about"], "")
    heads = (words["key"], words["values"], words["recommended"], words["for"], words["meaning"])
    yield from table(heads, list(_parameters(words["all_types"])))
    yield from (f"## {words['codes']}", "", words["codes_about"], "")
    heads = tuple(words[name] for name in ("error", "exit", "again", "meaning", "todo"))
    yield from table(
        heads,
        [
            (
                f"`{code.name}`",
                str(code.exit),
                words["yes"] if code.retryable else "",
                said(code.about),
                said(code.todo),
            )
            for code in CODES.values()
        ],
    )
    for section, head in (("exits", "code"), ("environment", "variable"), ("files", "file")):
        rows = [(f"`{name}`", text[tongue]) for name, text in PROSE[section].items()]
        yield from (f"## {words[section]}", "", *table((words[head], words["meaning"]), rows))


def _command(
    name: str, command: argparse.ArgumentParser, common: set[str], words: dict[str, str], level: str
) -> Iterator[str]:
    yield from (f"{level} {name}", "", *_prose(command.description or ""), *_usage(command))
    rows = _listed([action for action in command._actions if not common & set(action.option_strings)])  # noqa: SLF001 - the only way to them
    if rows:
        yield from table((words["argument"], words["meaning"]), rows)
    for below, action in _commands(command).items():
        yield from _command(f"{name} {below}", action, common, words, f"{level}#")


def _prose(text: str) -> tuple[str, str]:
    return text, ""


def _usage(command: argparse.ArgumentParser) -> tuple[str, ...]:
    return ("```", command.format_usage().strip(), "```", "")


def _options(of: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in of._actions if action.option_strings]  # noqa: SLF001 - the only way to them


def _commands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = (action.choices for action in of._actions if isinstance(action.choices, dict))  # noqa: SLF001 - the only way to them
    return dict(next(found, {}))


def _listed(actions: Sequence[argparse.Action]) -> list[tuple[str, ...]]:
    return [
        (f"`{_invocation(action)}`", action.help or "")
        for action in actions
        if not isinstance(action.choices, dict)
    ]


def _invocation(action: argparse.Action) -> str:
    value = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    if not action.option_strings:
        return str(value)
    takes = "" if action.nargs == 0 or not value else f" {value}"
    return ", ".join(action.option_strings) + takes


def keys_told() -> list[str]:
    """The rows of the table of keys: all but the hyper-parameters, which have their own; one for all meanings of columns."""
    parameters = {f"training.{known.name}" for known in HYPERPARAMETERS}
    told = [key for key in keys() if key not in parameters]
    return list(dict.fromkeys(f"{PREFIX}MEANING" if key.startswith(PREFIX) else key for key in told))


def _answers(tongue: str) -> Iterator[tuple[str, str]]:
    meanings = [key.removeprefix(PREFIX) for key in keys() if key.startswith(PREFIX)]
    letters = [name for name in meanings if len(name) == 1]
    shown = [f"`{name}`" for name in meanings if len(name) > 1]
    filled = {
        "meanings": ", ".join([*shown, f"`{letters[0]}`–`{letters[-1]}`"]),
        "regions": ", ".join(f"`{region.code}`" for region in REGIONS),
        "types": ", ".join(f"`{kind}`" for kind in TRAINING_TYPES),
    }
    for key in keys_told():
        yield f"`{key}`", PROSE["answers"][key][tongue].format(**filled)


def _parameters(everything: str) -> Iterator[tuple[str, ...]]:
    for known in HYPERPARAMETERS:
        types = [f"`{kind}`" for kind in known.training_types]
        yield (
            f"`training.{known.name}`",
            known.range(),
            f"`{known.recommended}`" if known.sent else "",
            everything if len(types) == len(TRAINING_TYPES) else ", ".join(types),
            known.why(),
        )


def main() -> int:
    """Write both files; the exit code."""
    return bring_up_to_date({path: reference(language) for language, path in FILES.items()})


if __name__ == "__main__":
    sys.exit(main())
