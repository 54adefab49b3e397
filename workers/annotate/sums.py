"""Counts up to now: "since he took power in 2011 he has overseen 150 launches" sums up, and is no news of one."""

from __future__ import annotations

from workers.annotate.dates import When
from workers.annotate.lexicon import lexicon
from workers.annotate.nominals import Walk
from workers.annotate.setting import Setting
from workers.annotate.syntax import children, has_child, is_verbal
from workers.annotate.words import Token


def summed_since(walk: Walk, setting: Setting) -> When | None:
    """The start of a count up to now: "since he took power in 2011 he has overseen 150 launches". The first of a kind
    since then is no count."""
    verb = next((token for token in walk.path if is_verbal(token)), None)
    of_noun = verb is not None and verb.dep_ == "acl" and verb.tag_ == "VBN"  # "700 missiles fired since May"
    if verb is None or not (of_noun or has_child(verb, "has", "have")):
        return None
    counted = (*walk.path, *children(verb, "dobj", "nsubjpass"), *([verb.head] if of_noun else []))
    told = {word.lower_ for token in counted for word in (token, *token.children)}
    if not lexicon().words("status", "superlatives").isdisjoint(told - {"most"}):
        return None
    for token, when in setting.times:
        since = next((t for t in (token, *token.ancestors) if t != verb and _is_since(t)), None)
        over = next((t for t in since.ancestors if is_verbal(t)), verb) if since is not None else None
        if over in walk.path and when.lies(setting.published) == "past":
            return when
    return None


def _is_since(token: Token) -> bool:
    return token.lower_ == "since" or has_child(token, "since")
