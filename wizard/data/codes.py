"""The findings of checking: warnings about a row that can be sent, and what only a whole file can show."""

from __future__ import annotations

from wizard.locale import _


def checking() -> dict[str, tuple[str, str, str]]:
    """Each code's severity ("error" or "warning"), what is wrong, and what to do, in the language in use."""
    look = _("Look at the row; if it should be there, nothing is to be done.")
    return {**_rows(look), **_chats(), **_texts(look), **_files(look)}


def _rows(look: str) -> dict[str, tuple[str, str, str]]:
    return {
        "TOO_LONG": (
            "error",
            _("The row has {tokens:,} tokens, more than max_length {limit:,}: the platform would drop it."),
            _("Shorten it, leave it out, or raise max_length."),
        ),
        "EQUAL_OPTIONS": (
            "warning",
            _("Options {first} and {second} are the same text."),
            _("Correct one of them, or leave the row out."),
        ),
        "OPTIONS_NAME_OPTIONS": (
            "warning",
            _("Option {label} speaks of other options: “{text}”."),
            _("Nothing is to be done, but the options must stay in this order."),
        ),
        "NEEDS_PICTURE": (
            "warning",
            _("The question refers to a picture or table (“{words}”), which is not sent."),
            _("Leave the row out, unless the question can be answered without it."),
        ),
        "NEEDS_OTHER_QUESTION": (
            "warning",
            _("The question refers to another question (“{words}”), which is not sent."),
            _("Add what the other question says, or leave the row out."),
        ),
        "CHAT_ANSWER_NOT_AN_OPTION": (
            "error",
            _("The assistant's answer is “{answer}”, but the options are {labels}."),
            _("Correct the row, or leave it out."),
        ),
        "CHAT_ANSWER_DISAGREES": (
            "error",
            _(
                "The assistant's answer is {label} with the text “{answer}”, but option {label} is “{option}”."
            ),
            _("Correct one of the two, or leave the row out."),
        ),
        "PERSONAL_DATA": ("warning", _("The text holds what looks like {kind}: {shown}."), look),
    }


def _chats() -> dict[str, tuple[str, str, str]]:
    return {
        "SYSTEM_NOT_FIRST": (
            "warning",
            _("The system message is message {number}, not the first."),
            _("Put one system message first."),
        ),
        "ROLES_NOT_ALTERNATING": (
            "warning",
            _("Messages {before} and {number} are both from {role}."),
            _("Let user and assistant take turns; join what belongs together."),
        ),
        "NO_USER": (
            "warning",
            _("There is no message from the user."),
            _("Let a user's message come before the assistant's."),
        ),
        "ASSISTANT_FIRST": (
            "warning",
            _("The assistant speaks before the user."),
            _("Let a user's message come before the assistant's."),
        ),
        "OTHER_SHAPE": (
            "error",
            _("The row has no “{field}”, which the file's other rows have."),
            _("Write it as the other rows are, or convert it: bailian-wizard convert."),
        ),
        "CONTENT_NOT_TEXT": (
            "error",
            _("The content of message {number} is a list of parts, which only vision models take."),
            _("Make it a text, or convert the file: bailian-wizard convert."),
        ),
        "REFUSED_KEY": (
            "warning",
            _("“{key}” is not supported by the platform: every assistant message is trained alike."),
            _("Remove it (--fix does)."),
        ),
        "UNKNOWN_KEY": ("warning", _("The platform doesn't know “{key}”."), _("Remove it (--fix does).")),
        "BLANK_LINE": (
            "warning",
            _("The line is blank; the platform's own command line refuses a file with one."),
            _("Remove it (--fix does)."),
        ),
        "BLANKS_AT_ENDS": (
            "warning",
            _("Message {number} ({role}) begins or ends with blanks, which would be learned."),
            _("Remove them (in Bailian's format --fix does)."),
        ),
    }


def _texts(look: str) -> dict[str, tuple[str, str, str]]:
    return {
        "REPLACEMENT_CHARACTER": (
            "warning",
            _("The text holds a replacement character (U+FFFD) near “{near}”: something was lost here."),
            _("Take the row from the original file, read in its own encoding."),
        ),
        "MOJIBAKE": (
            "warning",
            _("The text looks wrongly decoded: “{near}” was probably “{meant}”."),
            _("Take the row from the original file, read in its own encoding."),
        ),
        "HIDDEN_CHARACTER": (
            "warning",
            _("The text holds a control character ({character}) near “{near}”."),
            look,
        ),
    }


def _files(look: str) -> dict[str, tuple[str, str, str]]:
    return {
        "DUPLICATE_ROW": (
            "warning",
            _("The row says the same as {other}."),
            _("Keep one of them, unless it shall count twice."),
        ),
        "DUPLICATE_QUESTION": (
            "warning",
            _("The question is the same as in {other}, with other options."),
            look,
        ),
        "CONTRADICTION": (
            "warning",
            _("{other} asks the same, and its answer is another."),
            _("Find out which one is right, and leave the other out."),
        ),
        "LEAK": (
            "warning",
            _("The same question is in {other}, so this row tests nothing that was not trained."),
            _("Leave it out of one of the two files."),
        ),
        "LEAK_OTHER_OPTIONS": (
            "warning",
            _("The same question is in {other}, with other options."),
            _("Leave it out of one of the two files, unless the options make it another question."),
        ),
        "FEW_ROWS": (
            "warning",
            _("The number of rows is {rows:,}; the platform recommends at least {wanted:,} for training."),
            _("More rows give a better model; below the batch size the platform refuses the job."),
        ),
        "LETTERS_UNBALANCED": (
            "warning",
            _(
                "The right answers' letters are far from balanced: {counts} (chi-square {chi:.1f}, p {p:.1g})."
            ),
            _("A model could learn the letter instead of the answer; shuffle the options."),
        ),
        "LONGEST_IS_RIGHT": (
            "warning",
            _(
                "The longest option is the right one in {share:.0%} of the rows; chance would give {chance:.0%}."
            ),
            _(
                "A model could learn to choose the longest; write the wrong options as long as the right ones."
            ),
        ),
    }
