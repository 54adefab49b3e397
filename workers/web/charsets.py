"""Which characters the bytes of a feed mean, when the header, the document and the bytes disagree. Pure."""

from __future__ import annotations

import codecs
import re
from email.message import Message

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PATTERNS = (
    (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"{\0\0\0", "utf-32-le"), (b"\0\0\0{", "utf-32-be"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"), (b"{\0", "utf-16-le"), (b"\0{", "utf-16-be"),
)  # fmt: skip
"""How a document without a byte order mark begins (XML 1.0, appendix F; RFC 4627, 3)."""

_EBCDIC = b"\x4c\x6f\xa7\x94"
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})\s*["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]{0,500}?\?>")
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip
"""What is really used under a name (WHATWG's Encoding Standard); the keys are Python's names."""

_SERVERS_DEFAULT = frozenset({"ascii", "iso8859-1", "cp1252", "utf-8"})
"""Charsets that a web server adds to everything that it serves, whatever is inside."""

_STATEFUL = ("iso2022", "hz", "utf-7")
"""Encodings whose bytes are all ASCII."""


def decoded(body: bytes, content_type: str | None = None) -> str:
    """The document as text, without its byte order mark. Never fails: what cannot be read becomes U+FFFD.

    Bytes that are UTF-8 are UTF-8, whatever is declared: hardly any text in another encoding is UTF-8 by chance.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    declared = [known for each in (_of_header(content_type), _of_document(body)) if (known := _known(each))]
    if (evident := _evident(body, declared)) is not None:
        return body.decode(evident, "replace")
    if declared and declared[0] in _SERVERS_DEFAULT:
        declared.reverse()
    for encoding in ("utf-8", *declared):
        if (text := _strictly(body, _WIDER.get(encoding, encoding))) is not None:
            return text
    if _mostly_utf8(body):
        return body.decode("utf-8", "replace")
    # Some encodings leave a byte undefined here and there; without any word from anyone it is Windows'.
    likely = next((_WIDER.get(each, each) for each in declared if each not in {"utf-8", "ascii"}), "cp1252")
    return body.decode(likely, "replace")


def _evident(body: bytes, declared: list[str]) -> str | None:
    """The encoding, where the first bytes tell it, or where ASCII bytes are said to mean something else."""
    for start, name in _PATTERNS:
        if body.startswith(start):
            return name
    if body.startswith(_EBCDIC):
        # Its letters are the same in every code page, so the declaration can be read.
        return _known(_of_document(body[:1000].decode("cp037").encode("ascii", "replace"))) or "cp037"
    return next((each for each in declared if each.startswith(_STATEFUL)), None) if body.isascii() else None


def without_declaration(text: str) -> str:
    """XML without the declaration, which names an encoding that was resolved."""
    return _DECLARATION.sub("", text, count=1)


def _of_header(content_type: str | None) -> str | None:
    if not content_type:
        return None
    message = Message()
    message["content-type"] = content_type
    try:
        return message.get_content_charset()
    except (LookupError, UnicodeError, ValueError):  # RFC 2231 lets a charset have a charset
        return None


def _of_document(body: bytes) -> str | None:
    found = _DECLARED.match(body[:1000]) or _META.search(body[:4096])
    return found[1].decode("ascii") if found else None


def _known(name: str | None) -> str | None:
    """Python's name of an encoding of text; None for an unknown one."""
    try:
        return codecs.lookup(name).name if name and "".encode(name) is not None else None
    except (LookupError, ValueError, TypeError):
        return None


def _strictly(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeError, LookupError):
        return None


def _mostly_utf8(body: bytes) -> bool:
    """Whether a few bytes are broken in what is UTF-8 otherwise, as of a page put together from parts."""
    text = body.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for each in text if each > "\x7f") - wrong
    return right > 4 * wrong
