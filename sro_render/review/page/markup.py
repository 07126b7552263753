"""HTML that escapes by construction: a text becomes markup in here and nowhere else.

A string is text until `tag` has written it; what is markup already is markupsafe's type. Characters that
cannot be seen, or that turn the reading direction of others, are written as their code points, so that
nobody is shown another name than the one that is there.
Source: HTML Living Standard, 13.1 "Writing HTML documents"; Unicode Technical Report 36, 3.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from markupsafe import Markup, escape

# Controls but tab and line feed; soft hyphen; spaces that pass for another; what has no width; what
# turns the direction; separators; tags; halves of surrogate pairs, which UTF-8 cannot carry. A list of
# our own: that of `str.isprintable` grows with each Python.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
# Behind these a line break, for those who read the page's text or its diff.
_LINES = frozenset({"article", "details", "head", "header", "li", "nav", "p", "section", "svg", "tr"})
_VOID = frozenset({"br", "col", "hr", "input", "link", "meta"})
# Texts of nothing but these are written as they are, in elements and in attributes.
_PLAIN = re.compile(r"[\w .,:;/#=\n-]*", re.ASCII)

Html: TypeAlias = Markup
"""Text that is escaped already. The library stays behind this module."""
Child: TypeAlias = str | None
"""Text, or markup (which is a string too), or nothing."""
NOTHING = Markup()


def code_point(character: str) -> str:
    """`U+202E`."""
    return f"U+{ord(character):04X}"


def visible(text: str) -> str:
    """Text for attributes and titles, where no element can stand: `<U+202E>` for what cannot be seen."""
    return _UNSEEN.sub(lambda found: f"<{code_point(found[0])}>", text)


def _escaped(child: Child) -> str:
    """A text as it is written; what is markup already stays as it is."""
    if child is None:
        return ""
    # Most texts are plain, and to ask costs a fifth of what an escape does.
    if isinstance(child, Markup) or _PLAIN.fullmatch(child):
        return child
    if _UNSEEN.search(child) is None:
        return str(escape(child))
    return _UNSEEN.sub(_mark_unseen, str(escape(child)))


def _mark_unseen(found: re.Match[str]) -> str:
    return f'<span class="unseen">{code_point(found[0])}</span>'


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element. Attributes: `class_` is `class`, `data_k` is `data-k`; False and None leave one out."""
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written_key = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {written_key}")
        else:
            text = str(value)
            parts.append(f' {written_key}="{text if _PLAIN.fullmatch(text) else escape(visible(text))}"')
    parts.append(">")
    if name not in _VOID:
        parts += map(_escaped, children)
        parts.append(f"</{name}>\n" if name in _LINES else f"</{name}>")
    return Markup("".join(parts))  # noqa: S704 - the one place; every part was escaped above


def joined(*children: Child) -> Html:
    """Several things one behind the other."""
    return Markup("".join(map(_escaped, children)))  # noqa: S704 - every part was escaped


def raw(text: str) -> Html:
    """Our own style and script, which are not escaped in HTML. Never anything from outside."""
    if "</s" in text.lower() or "<!--" in text:
        raise AssertionError("a style or a script ends where its element does")
    return Markup(text)  # noqa: S704 - see above
