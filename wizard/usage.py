"""How the command line explains itself: argparse's own words in the language in use, and help that fits the screen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from wizard import process
from wizard.errors import UsageError
from wizard.local.width import wrapped
from wizard.locale import _, enumerated

Row = tuple[str, str]
"""Commands that belong together, and one line about them."""


class Parser(argparse.ArgumentParser):
    """A parser whose usage is one line, and whose errors read like all others of this program.

    ``rows``: what help says in place of one line for each command, so that it fits a small screen. ``FOLDED``: options that every
    command takes; they are named in one line, and explained by the reference.
    """

    FOLDED = ("plain", "allow_endpoint", "allow_owner", "dir", "quiet", "retry", "debug")

    def __init__(self, *, rows: Sequence[Row] = (), **more: Any) -> None:
        speak()
        # An abbreviation that works today is another option's name tomorrow, and a subcommand's whole option may be one.
        super().__init__(formatter_class=Help, allow_abbrev=False, **more)
        self._rows = rows

    def format_usage(self) -> str:
        """One line: options are listed below it, or one ``--help`` away."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._in_usage(), [])
        return formatter.format_help()

    def format_help(self) -> str:
        """Usage, what it is, commands, options."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._in_usage(), [])
        formatter.add_text(self.description)
        if self._rows:
            formatter.start_section(_("commands ({command} --help tells more)").format(command="COMMAND"))
            formatter.add_arguments([argparse.Action([], names, help=about) for names, about in self._rows])
            formatter.end_section()
        for group in self._action_groups:
            listed = [action for action in group._group_actions if not (self._rows and _is_commands(action))]  # noqa: SLF001 - argparse has no other way to its groups
            folded = [] if self._rows else [action for action in listed if action.dest in self.FOLDED]
            formatter.start_section(group.title)
            formatter.add_arguments([action for action in listed if action not in folded])
            formatter.end_section()
            if named := [_as_typed(action) for action in folded if action.help != argparse.SUPPRESS]:
                formatter.add_text(_("Also, as everywhere: {options}").format(options=enumerated(named)))
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def error(self, message: str) -> NoReturn:
        """Raises UsageError with what is wrong, and how it is used."""
        more = _("More: {command}").format(command=f"{self.prog} --help")
        raise UsageError(message, f"{self.format_usage()}{more}")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Where argparse writes all it says: a word of the command line that it repeats may be a key, or hold escapes."""
        if not message:
            return
        if file is not sys.stdout:
            process.say(message.removesuffix("\n"))
            return
        process.out(message.removesuffix("\n"))
        with process.results():
            sys.stdout.flush()

    def _in_usage(self) -> list[argparse.Action]:
        options = argparse.Action([], "options", metavar=_("[OPTION ...]"))
        rest = [action for action in self._actions if not action.option_strings]
        # A choice of commands would be followed by dots of its own, and all of ours may be left out.
        return [
            options,
            *(
                argparse.Action([], "", metavar=f"[{action.metavar} ...]") if _is_commands(action) else action
                for action in rest
            ),
        ]


def _as_typed(action: argparse.Action) -> str:
    return " ".join(
        (
            action.option_strings[-1],
            *filter(None, [action.metavar if isinstance(action.metavar, str) else ""]),
        )
    )


def _is_commands(action: argparse.Action) -> bool:
    return action.nargs == argparse.PARSER


class Help(argparse.HelpFormatter):
    """Folds by columns: a Chinese character takes two."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, max_help_position=26, **more)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return [*wrapped(" ".join(text.split()), width)]

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = (" ".join(part.split()) for part in text.splitlines())
        return "\n".join(indent + line for part in parts for line in wrapped(part, width - len(indent)))


def speak() -> None:
    """Let argparse look up its own sentences in our catalogue.

    It looks them up as ``_`` and ``ngettext`` in its own module, from Python 2.7 to 3.14. Should that end, those sentences
    are English again, and nothing else happens.
    """
    words = _words()

    def word(sentence: str) -> str:
        return words.get(sentence, sentence)

    vars(argparse).update(_=word, ngettext=lambda one, many, count: word(one if count == 1 else many))


def _words() -> dict[str, str]:
    """The sentences of argparse that a user can meet, as Python 3.11 to 3.14 have them."""
    return {
        "usage: ": _("usage: "),
        "positional arguments": _("positional arguments"),
        "options": _("options"),
        "subcommands": _("subcommands"),
        "show this help message and exit": _("show this help message and exit"),
        "show program's version number and exit": _("show program's version number and exit"),
        "argument %(argument_name)s: %(message)s": _("argument %(argument_name)s: %(message)s"),
        "the following arguments are required: %s": _("the following arguments are required: %s"),
        "unrecognized arguments: %s": _("unrecognized arguments: %s"),
        "unexpected option string: %s": _("unexpected option string: %s"),
        "ambiguous option: %(option)s could match %(matches)s": _(
            "ambiguous option: %(option)s could match %(matches)s"
        ),
        "invalid choice: %(value)r (choose from %(choices)s)": _(
            "invalid choice: %(value)r (choose from %(choices)s)"
        ),
        "invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)": _(
            "invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)"
        ),
        "unknown parser %(parser_name)r (choices: %(choices)s)": _(
            "unknown parser %(parser_name)r (choices: %(choices)s)"
        ),
        "invalid %(type)s value: %(value)r": _("invalid %(type)s value: %(value)r"),
        "ignored explicit argument %r": _("ignored explicit argument %r"),
        "not allowed with argument %s": _("not allowed with argument %s"),
        "one of the arguments %s is required": _("one of the arguments %s is required"),
        "expected one argument": _("expected one argument"),
        "expected at most one argument": _("expected at most one argument"),
        "expected at least one argument": _("expected at least one argument"),
        "expected %s argument": _("expected %s argument"),
        "expected %s arguments": _("expected %s arguments"),
    }
