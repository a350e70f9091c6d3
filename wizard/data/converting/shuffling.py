"""A seeded order for the options of a question, and whether its options may be put in another order at all."""

from __future__ import annotations

import re
from hashlib import blake2b

import msgspec

from wizard.data.record import MultipleChoice

# Words by which an option speaks of others, or a question of its options by their letters: such rows keep their order.
# A row too many that stays as it is does no harm; one that is turned into nonsense does.
_LETTERS = (
    r"(?<![A-Za-z])[A-J](?:\s?[、，,；;+＋/／&＆和与與及或跟并並]\s?|\s+(?:and|or|nor|plus)\s+)+[A-J](?![A-Za-z])"
    r"|^[A-J]{2,5}(?=$|[都均皆全对對正错錯是])"
)
_OF_OTHERS = re.compile(
    "以上|上述|上面|以下|下述|前述|(?:前|后|後|上|其他|其它|其余|其餘|另外?)[一二两兩三四五几幾]?(?:者|项|項|种|種|个|個)"
    "|[二两兩三四五](?:者|项|項|个|個)(?:都|均|皆|兼|全|俱|之)|(?:都|均|皆|全部?)(?:不?(?:是|对|對|正确|正確|可|错|錯)|非)"
    "|其[他它余餘](?:选项|選項|答案)|(?:选项|選項|答案)\\s*[A-J一二三四五]"
    "|(?i:\\babove\\b|\\bbelow\\b|\\bpreceding\\b|\\b(?:all|none|any|both|either|neither)\\s+(?:of\\s+)?(?:the\\s+|these|those|them)"
    "|^\\s*(?:all|none|both|neither|either)(?:\\s+are\\b|\\s+is\\b|\\s*[.!]?\\s*$)|\\b(?:options?|choices?|answers?)\\s+[(（]?[A-J]\\b)"
    f"|{_LETTERS}",
    re.MULTILINE,
)
_OF_LETTERS = re.compile(
    "(?:选项|選項|答案)\\s*[（(]?[A-J](?![A-Za-z])|(?<![A-Za-z])[A-J]\\s?(?:选项|選項|项|項)"
    "|(?i:\\b(?:options?|choices?|answers?)\\s+[(（]?[A-J]\\b)"
)


def order_matters(record: MultipleChoice) -> bool:
    """Whether an option speaks of others (以上都是, A和B, none of the above), or the question of a letter."""
    if _OF_LETTERS.search(record.question) is not None:
        return True
    return any(_OF_OTHERS.search(text) is not None for _label, text in record.options)


def shuffled(record: MultipleChoice, seed: int) -> MultipleChoice:
    """``record`` with its options' texts in another order under the same labels, and the labels of the right ones with them.

    The order comes from ``seed`` and the row's own words alone: the same row gets the same order wherever it stands.
    Every order is equally likely.
    """
    texts = [text for _label, text in record.options]
    labels = [label for label, _text in record.options]
    words = "\0".join((record.question, *texts)).encode("utf-8", "surrogatepass")
    number = int.from_bytes(blake2b(words, digest_size=16, key=b"options:%d" % seed).digest(), "big")
    order = list(range(len(texts)))
    for place in range(len(order) - 1, 0, -1):
        number, other = divmod(number, place + 1)
        order[place], order[other] = order[other], order[place]
    right = {record.answer, *record.also}
    now = [label for label, came in zip(labels, order, strict=True) if labels[came] in right]
    options = tuple([(label, texts[came]) for label, came in zip(labels, order, strict=True)])
    return msgspec.structs.replace(record, options=options, answer=now[0], also=tuple(now[1:]))
