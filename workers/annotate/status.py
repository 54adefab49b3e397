"""Did it happen? The status of a trigger, from the walk up its sentence and from the dates in it.

The definitions are those of the ontology: actual, historical, future, hypothetical, negated; `attributed` marks what
only a source says.
"""

from __future__ import annotations

from topics.annotations import Status
from workers.annotate.cues import cue_before, cue_behind, to_be_held
from workers.annotate.frames import Frame
from workers.annotate.modality import negation_of
from workers.annotate.nominals import Walk
from workers.annotate.ontology import EventType
from workers.annotate.setting import Setting
from workers.annotate.syntax import is_verbal
from workers.annotate.timing import apply_times
from workers.annotate.verdict import Verdict


def judge(frame: Frame, kind: EventType, setting: Setting, *, carried: bool, says: Status | None = None) -> Verdict:
    """The verdict on one trigger. `setting` is its sentence's; `carried`: the noun's verb performs it; `says`: what its
    words say by themselves."""
    walk = Walk(kind)
    walk.willed = says == "actual"
    walk.said = frozenset(token.i for token in frame.tokens) if walk.willed else frozenset()
    if says == "actual" and not kind.spoken:
        walk.implied(frame.head)
        apply_times(walk, setting, frame.head)
        return walk.verdict
    if frame.kind == "verb" or is_verbal(frame.head):
        walk.verb(frame.head, own=True)
    else:
        walk.noun(frame.head, frame.tokens, carried=carried)
    cue = cue_before(frame.tokens)
    if cue is not None and (cue[0] == "negated" or walk.verdict.status == "actual"):
        walk.verdict.raise_to(*cue)
    if setting.headline and walk.verdict.status == "actual" and not is_verbal(frame.head):
        behind = cue_behind(frame.tokens)
        if behind is not None:
            walk.verdict.raise_to(*behind)
    later = to_be_held(frame.tokens) if kind.arranged and not is_verbal(frame.head) else None
    if later is not None:
        walk.verdict.settle("future", "to be")
    if setting.invented is not None and frame.head.i in setting.invented[0]:
        walk.verdict.raise_to("hypothetical", setting.invented[1])
    apply_times(walk, setting, frame.head)
    if is_verbal(frame.head) and walk.verdict.status != "historical":
        walk.attribute_above(frame.head)
    heard = bool(setting.hearsay) or frame.head.i in setting.quoted
    walk.verdict.attributed = walk.verdict.attributed or heard
    if says == "negated" and negation_of(frame.head) is not None:
        walk.verdict.status = "future" if kind.arranged else "hypothetical"  # "has not cancelled the visit"
    elif says is not None:
        walk.verdict.raise_to(says, frame.head)
    return walk.verdict
