"""Which of the older encodings a text is in, by the writing that comes of its bytes: proved by many characters, or not told."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Older: TypeAlias = Literal["gb18030", "cp950", "cp932", "euc_jp", "cp949", "cp1251", "cp1252"]

_COMMON = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会，。、？！：；（）"
)
_COMMON_TRADITIONAL = frozenset(
    "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會，。、？！：；（）"
)
_COMMON_KOREAN = frozenset(
    "이다는은을를의에가하고지도로기사한나서인시그것있어자라대수으리니까요해보들과와만게부정"
)
_CYRILLIC = frozenset("оеаинтсрвлкмдпу")
_WESTERN = frozenset("éèêëàâäáçñùûüúôöóîïíßæœÉÈÀÇÑÜÖÄ’‘“”–—…«»¿¡°€")
_WORDS = re.compile("答案|题目|题干|问题|选项|回答|提问|解析|对话|内容|材料|指令|输入|输出")
_WORDS_TRADITIONAL = re.compile("答案|題目|題幹|問題|選項|回答|答覆|提問|解析|對話|內容|正確")
_SURE_FROM = 100  # characters beyond ASCII; in fewer, none of the commonest need be
_SOME = 20
_COMMON_SHARE = 0.02
_KOREAN_SHARE = 0.15
_KANA_SHARE = 0.15
_USUAL_SHARE = (
    0.85  # of GB2312's first level and its punctuation: real Chinese has 0.97 and more, Big5 read as GBK 0.4
)
_ALL_BUT = 0.97
_CYRILLIC_SHARE = 0.45
_LOOKED_AT = 20_000  # characters
_DAMAGED = 0.01


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text is: one encoding that is proved, or those between which it is too short to tell; none: neither."""

    possible: tuple[Older, ...] = ()

    @property
    def proved(self) -> Older | None:
        """The one."""
        return self.possible[0] if len(self.possible) == 1 else None


def told(head: bytes, *, whole: bool) -> Verdict:
    """The older encoding of a text that begins with ``head`` (all of it where ``whole``) and is no UTF-8."""
    if _is_korean_or_short_chinese(head):
        chinese, korean = _read(head, "gb18030", whole=whole), _read(head, "cp949", whole=whole)
        share_of_korean = _share(korean, _COMMON_KOREAN)
        if _WORDS.search(chinese) or (
            _share(chinese, _COMMON) > share_of_korean and _share(chinese, _COMMON) > 0
        ):
            return Verdict(("gb18030",))
        if (
            len({*_wide(korean)}) >= _SOME
            and share_of_korean >= _KOREAN_SHARE
            and _share(chinese, _COMMON) == 0
        ):
            return Verdict(("cp949",))
        return Verdict(("gb18030", "cp949"))
    for encoding, is_it in _TRIED:
        text = _read(head, encoding, whole=whole)
        if text and is_it(text, encoding):
            return Verdict((encoding,))
    return Verdict()


def _read(head: bytes, encoding: Older, *, whole: bool) -> str:
    """The text's beginning; empty where more than a few bytes can't be of this encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head, final=whole)[:_LOOKED_AT]
    except UnicodeDecodeError:
        # One wrong byte doesn't make it another encoding: the line that has it is named later.
        text = head.decode(encoding, "replace")[:_LOOKED_AT]
        return "" if text.count("\ufffd") > len(text) * _DAMAGED else text


def _wide(text: str) -> list[str]:
    return [char for char in text if char > "\x7f" and char != "\ufffd"]


def _share(text: str, common: frozenset[str]) -> float:
    wide = _wide(text)
    return sum(char in common for char in wide) / len(wide) if wide else 0.0


def _is_korean_or_short_chinese(head: bytes) -> bool:
    """Whether (nearly) all pairs of high bytes are where EUC-KR has its syllables, which GB2312 fills, too."""
    pairs = [
        pair for pair in re.findall(rb"[\x81-\xfe][\x41-\xfe]", head) if not b"\xa1" <= pair[:1] <= b"\xa3"
    ]
    inside = sum(b"\xb0" <= pair[:1] <= b"\xc8" and pair[1:] >= b"\xa1" for pair in pairs)
    return bool(pairs) and inside >= len(pairs) * _ALL_BUT


def _is_chinese(text: str, _encoding: Older) -> bool:
    wide = _wide(text)
    usual = 0
    for char in wide:
        raw = char.encode("gb18030")
        usual += len(raw) == 2 and raw[1] >= 0xA1 and (0xA1 <= raw[0] <= 0xA3 or 0xB0 <= raw[0] <= 0xD7)  # noqa: PLR2004
    if not wide or usual < len(wide) * _USUAL_SHARE:
        return False
    return len(wide) < _SURE_FROM or _share(text, _COMMON) >= _COMMON_SHARE or _WORDS.search(text) is not None


def _is_traditional(text: str, encoding: Older) -> bool:
    wide = _wide(text)
    usual = sum(b"\xa1" <= char.encode(encoding, "replace")[:1] <= b"\xc6" for char in wide)
    if not wide or usual < len(wide) * _USUAL_SHARE:
        return False
    proved = len(wide) >= _SOME and _share(text, _COMMON_TRADITIONAL) >= 2 * _COMMON_SHARE
    return proved or _WORDS_TRADITIONAL.search(text) is not None


def _is_japanese(text: str, _encoding: Older) -> bool:
    wide = _wide(text)
    kana = sum("\u3041" <= char <= "\u30fc" for char in wide)
    strange = sum("\uff61" <= char <= "\uff9f" or not char.isprintable() for char in wide)
    return len(wide) >= _SOME and kana >= len(wide) * _KANA_SHARE and strange * _SOME < len(wide)


def _is_russian(text: str, _encoding: Older) -> bool:
    wide = _wide(text)
    letters = [char for char in wide if "а" <= char <= "я" or "А" <= char <= "Я" or char in "ёЁ"]
    small = sum(char.islower() for char in letters)
    return (
        len(letters) >= _SOME
        and len(letters) >= len(wide) * _USUAL_SHARE
        and small >= len(letters) * _USUAL_SHARE
        and sum(char in _CYRILLIC for char in letters) >= len(letters) * (_CYRILLIC_SHARE + 0.2)
    )


def _is_western(text: str, _encoding: Older) -> bool:
    wide = _wide(text)
    alone = len(re.findall(r"[^\x00-\x7f]{1,2}", text))
    return (
        len(wide) >= _SOME
        and _WESTERN.issuperset(wide)
        and alone * 10 >= len(wide) * 9
        and len(wide) * 4 < len(text)
    )


_TRIED: tuple[tuple[Older, Callable[[str, Older], bool]], ...] = (
    ("gb18030", _is_chinese),
    ("euc_jp", _is_japanese),
    ("cp932", _is_japanese),
    ("cp950", _is_traditional),
    ("cp1251", _is_russian),
    ("cp1252", _is_western),
)
