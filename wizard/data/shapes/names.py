"""How the names of columns are compared, and the names that say nothing of a question but of its surroundings."""

from __future__ import annotations

import re
import unicodedata

# What a template for filling in writes behind or before a name: （必填）, (勿删), [required], *.
_NOTE = re.compile(
    r"[(\[{（【<]\s*(?:必填|必选|必須|必须|选填|可选|選填|非必填|可不填|可空|不可空|勿删|勿刪|请勿|請勿|勿改|不可修改|不要删|"
    r"填|请填|请写|请选|请输入|输入|多个|多选|单选|[a-h](?:[,，、/\-~]?[a-h])+(?=\s*[)\]}）】>])|"
    r"required|mandatory|optional|do not)[^)\]}）】>]*[)\]}）】>]",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\s_\-.()\[\]:/*＊★☆●※#\"'“”‘’【】]+")
# Traditional characters that stand in names of columns, as they are written in the tables of names.
_SIMPLIFIED = str.maketrans(
    "題選項幹問確標準參內覆複類擇話對戶輸資應釋無視頻圖錄語聲語據採納說法條境診醫療點評價價識細節節備註傳與員歷",
    "题选项干问确标准参内复复类择话对户输资应释无视频图录语声语据采纳说法条境诊医疗点评价价识细节节备注传与员历",
)


def plain_name(name: str) -> str:
    """``name`` without what doesn't tell names apart: case, width, blanks, signs, characters' old forms, notes on filling in."""
    words = unicodedata.normalize("NFKC", name)
    return _SIGNS.sub("", _NOTE.sub("", words)).casefold().translate(_SIMPLIFIED)


CONTEXT = (
    *("passage", "context", "contexts", "article", "background", "case", "premise", "material", "materials"),
    *("document", "documents", "vignette", "scenario", "paragraph", "reading", "casedescription", "caseinfo"),
    *("材料", "文章", "病例", "案例", "案情", "案例材料", "背景", "背景材料", "阅读材料", "资料", "共用题干", "公共题干"),
    *("病史", "主诉", "现病史", "既往史", "个人史", "家族史", "病史摘要", "病史资料", "体格检查", "查体", "体征", "症状", "临床表现"),
    *("辅助检查", "实验室检查", "化验", "影像学检查", "病情", "病情描述", "病情摘要", "案件事实", "casehistory"),
    *("medicalhistory", "patienthistory", "clinicalhistory", "chiefcomplaint", "presentillness", "physicalexam", "physicalexamination", "labresults"),
    *("病例资料", "病例摘要", "病历", "病历摘要", "案例背景", "案情简介", "上下文", "语境", "法条", "原文", "段落", "文档", "参考资料"),
)  # fmt: skip
"""What a question is about: it stands before the question, and is part of it."""
CONTEXT_BESIDE = ("text", "content", "正文", "文本", "内容")
"""The same where there is a question and an answer by other names."""

CONTEXT_OF_A_CASE = ("检查", "检查结果", "体检", "化验结果", "检验结果", "诊断检查")
"""The same beside others of a case; alone it says who looked through a row, and what came of it."""

KTO = (
    *("label", "ktotag", "ktolabel", "correct", "iscorrect", "correctness", "good", "isgood", "desirable", "isdesirable"),
    *("chosenflag", "thumbsup", "accepted", "isaccepted", "acceptable", "是否正确", "正确与否", "是否采纳", "是否合格", "是否可用"),
)  # fmt: skip
"""Whether an answer is a good one, where true or false is in it."""
_YES_OR_NO = frozenset(
    (
        *("true", "false", "yes", "no", "good", "bad", "desirable", "undesirable", "chosen", "rejected"),
        *("是", "否", "对", "错", "正确", "错误", "好", "坏", "采纳", "不采纳", "合格", "不合格", "√", "×"),
    )
)
_MEDIA = re.compile(
    r"(?:.*(?:image|img|picture|photo|video|audio|sound|figure)s?(?:url|path|file|link|uri|list|id)?s?\d*"
    r"|(?:题目|题干|附|插|配|截)?(?:图片|图像|图|配图|插图|影像|照片|音频|视频|录音|语音|听力)(?:链接|地址|路径|文件|名称|名|url)?\d*)"
)
MEDIA_ENDS = "png|jpe?g|jfif|gif|webp|bmp|svg|tiff?|heic|mp3|wav|m4a|amr|ogg|flac|mp4|mov|avi|webm"
"""What the names of pictures, sounds and films end with."""
_PICTURE = re.compile(
    rf"\s*(?:data:(?:image|audio|video)/.*|[^\n,;，。；]+?\.(?:{MEDIA_ENDS})(?:[?#]\S*)?)\s*",
    re.IGNORECASE | re.DOTALL,
)
_END = 1000  # characters; an address with what is asked of it behind is no longer
_METADATA = re.compile(
    r"(?:id|index|no|idx|uuid|url|link|source|src|title|timestamp|time|date|created|meta|metadata|metainfo|lang|language|author|"
    r"license|split|subset|dataset|domain|file|filename|path|page|chapter|section|tokens?|length|len|wordcount|charcount|hash|"
    r"score|perplexity|column\d+|\d*|编号|序号|来源|标题|日期|时间|作者|链接|网址|语言|出处|章节|页码|字数|文件名|书名)|.*id"
)


def blank(value: object) -> bool:
    """Whether nothing is in a field."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def says_good_or_bad(name: str, value: object) -> bool:
    """Whether a field says of its row's answer that it is a good or a bad one, as rows for KTO do."""
    plain = plain_name(name)
    if plain in ("ktotag", "ktolabel"):
        return not blank(value)
    if plain not in KTO:
        return False
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().casefold() in _YES_OR_NO)


def is_media(name: str) -> bool:
    """Whether a field of this name holds pictures, sounds or films."""
    return _MEDIA.fullmatch(plain_name(name)) is not None


def is_picture(value: object) -> bool:
    """Whether a value is the name or the address of a picture, a sound or a film, or several of them, or the picture itself."""
    if isinstance(value, list):
        return any(map(is_picture, value))
    if not isinstance(value, str) or not ("." in value[-_END:] or "data:" in value[:_END]):
        return False
    return _PICTURE.fullmatch(value) is not None


def is_there(value: object) -> bool:
    """Whether a picture or sound is named."""
    if isinstance(value, bool) or blank(value):
        return False
    return not (
        isinstance(value, str) and value.strip().casefold() in ("无", "none", "null", "nan", "n/a", "-", "/")
    )


def is_metadata(name: str) -> bool:
    """Whether a field of this name says where a row comes from, and nothing that could be learned."""
    return _METADATA.fullmatch(plain_name(name)) is not None
