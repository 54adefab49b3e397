"""The shape of an ontology file, as models: they check it, and `python -m workers.annotate.ontology_spec` writes their
JSON Schema beside this file, for editors. What the parts have to do with each other is in `ontology_checks`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from topics.annotations import Status
from workers.annotate.ontology import CLASSES, PREPOSITIONS, SLOTS
from workers.yamlmodel import OneOrMore

SCHEMA_FILE = Path(__file__).with_name("ontology.schema.json")
ALL_SLOTS = tuple(sorted(SLOTS)) + tuple(sorted(PREPOSITIONS - SLOTS))


def _flag(found: Any) -> Any:
    """YAML scalars come as text, and only two words are truth values."""
    if found in ("true", "True", True):
        return True
    if found in ("false", "False", False):
        return False
    raise PydanticCustomError("allowed", "{allowed}", {"allowed": "true or false"})


Word = Annotated[str, Field(min_length=1)]
Words = Annotated[tuple[Word, ...], OneOrMore(), Field(min_length=1)]
Slots = Annotated[tuple[Word, ...], OneOrMore()]
Roles = Annotated[tuple[Literal["actor", "target"], ...], OneOrMore()]
Flag = Annotated[bool, BeforeValidator(_flag)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A part of an ontology file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TriggerSpec(BaseModel):
    """Words that may carry an event. Any other key is a condition: a slot, several joined by |, `not` before them."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Words]

    verbs: Words = Field(default=(), description="lemmas; further words follow as particle, preposition or object")
    nouns: Words = Field(default=(), description="lemmas of nouns, nominalisations and compounds")
    phrases: Words = Field(default=(), description="lemmas in this order, whatever their part of speech")
    pattern: tuple[dict[str, Any], ...] = Field(default=(), description="a token pattern of spaCy's Matcher")
    dependency: tuple[dict[str, Any], ...] = Field(default=(), description="a pattern of spaCy's DependencyMatcher")
    confidence: Share | None = Field(default=None, description="default: verbs 0.85, nouns 0.75, phrases 0.7")
    actor: Slots | None = Field(default=None, description="slots that give the actor, the first that is filled")
    target: Slots | None = Field(default=None, description="slots that give the target, the first that is filled")
    personal: Roles | None = Field(default=None, description="roles in which a statesman is a person, not the country")
    compound: Flag = Field(default=False, description="the noun counts although it modifies another one")
    only_in: Literal["title", "text"] | None = Field(
        default=None, description="counts in headlines, or in the text, only"
    )
    only_status: Annotated[tuple[Status, ...], OneOrMore()] = Field(
        default=(), description="counts only where the sentence tells it so: words too weak for an actual event"
    )
    status: Status | None = Field(default=None, description="what the words say by themselves: pledged aid is future")
    plover: Word | None = Field(default=None, description="where it differs from the type's")
    cameo: Word | None = Field(default=None, description="where it differs from the type's")

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """What must, or must not, stand in which slots."""
        return self.__pydantic_extra__ or {}


class WithoutSpec(Strict):
    """Words taken away from what earlier files gave the type."""

    verbs: Words = ()
    nouns: Words = ()
    phrases: Words = ()
    exclude: Words = ()


class TypeSpec(Strict):
    """An event type, or what is added to one that is known already."""

    description: Word | None = None
    plover: Word | None = Field(default=None, description="root of PLOVER 0.8")
    cameo: Word | None = None
    symmetric: Flag | None = Field(default=None, description="every party is an actor, there is no target")
    failed_counts: Flag | None = Field(default=None, description="an attempt that failed is still the event")
    lasting: Flag | None = Field(default=None, description="what the event makes goes on, as sanctions do")
    arranged: Flag | None = Field(default=None, description="it is called before it is held: a summit may be to come")
    decided: Flag | None = Field(default=None, description="who decides it does it: by a vote to lift them")
    spoken: Flag | None = Field(default=None, description="is words: what they speak of is not where it happens")
    at_home: Flag | None = Field(default=None, description="happens in the country whose it is")
    one_doer: Flag | None = Field(
        default=None,
        description="where an article names a single doer of it, what it tells of nobody's is that one's too",
    )
    on_ground: Flag | None = Field(default=None, description="done to the country on whose ground it happens")
    by_state: Flag | None = Field(
        default=None, description="done by the state on whose ground it happens, where nobody else is named"
    )
    at_the_story: Flag | None = Field(
        default=None, description="done to the country that the article is about, where nobody else is named"
    )
    guarded: Flag | None = Field(
        default=None, description="on a page of sport, film or games it counts only in a sentence that names a state"
    )
    abroad: Flag | None = Field(default=None, description="done to another country, by default that of the story")
    no_crime: Flag | None = Field(
        default=None, description="a private crime, told as a case of police or court, is none"
    )
    on_the_spot: Flag | None = Field(default=None, description="told from where it happened: the dateline is its place")
    actor: Slots | None = Field(default=None, description="slots of the actor, for triggers that name none")
    target: Slots | None = Field(default=None, description="slots of the target, for triggers that name none")
    together: Slots | None = Field(default=None, description="slots whose parties act along with the actor")
    personal: Roles | None = Field(default=None, description="roles in which a statesman is a person, not the country")
    yields_to: Words | None = Field(default=None, description="not said of words that already carry one of these types")
    triggers: tuple[TriggerSpec, ...] = Field(default=(), description="added to those of the type")
    exclude: Words = Field(default=(), description="phrases whose words are no trigger; added to those of the type")
    disabled: Flag = Field(default=False, description="switches the type off")
    replace: Flag = Field(default=False, description="forget the triggers and exclusions that earlier files gave it")
    without: WithoutSpec | None = Field(default=None, description="words taken from its triggers and exclusions")


class OntologyFile(Strict):
    """Event types, their triggers, and lists of words. A file of your own adds to the built-in ones."""

    version: Word | None = None
    intentions: dict[str, Words] = Field(
        default_factory=dict, description="by PLOVER root: the roots whose announcement PLOVER codes with it"
    )
    lists: dict[str, Annotated[tuple[Word, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="lists of words, used as $name; words are added to a list of the same name"
    )
    without: dict[str, Words] = Field(default_factory=dict, description="words taken away from lists")
    types: dict[str, TypeSpec] = Field(default_factory=dict)


# --- the schema for editors ------------------------------------------------------------------------------------------


def schema_text() -> str:
    """The schema as it is to stand in the file."""
    schema = OntologyFile.model_json_schema()
    trigger = schema["$defs"]["TriggerSpec"]
    terms = trigger.pop("additionalProperties")
    terms = {
        **terms,
        "description": f"lemmas, beginnings (hwasong*), lists ($missile), classes (@{', @'.join(sorted(CLASSES))})",
    }
    slot = "|".join(re.escape(name) for name in ALL_SLOTS)
    for name in ALL_SLOTS:
        trigger["properties"].setdefault(name, terms)
        trigger["properties"].setdefault(f"not {name}", terms)
        trigger["properties"].setdefault(f"only {name}", terms)
    trigger["patternProperties"] = {f"^(not |only )?({slot})(\\|({slot}))+$": terms}
    trigger["additionalProperties"] = False
    kinds = ("verbs", "nouns", "phrases", "pattern", "dependency")
    trigger["oneOf"] = [{"required": [kind]} for kind in kinds]
    schema["$defs"]["TypeSpec"]["type"] = ["object", "null"]
    for key in ("types", "lists"):
        schema["properties"][key]["propertyNames"] = {"pattern": "^[a-z][a-z0-9_]*$"}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Tocsin ontology"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
