"""Ontology files to an `Ontology`: the built-in ones and a user's, checked, with every mistake told at once.

Lists of all files come first, so that a user's words work in the built-in triggers too; then the types, file by file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from topics.base import digest
from workers.annotate.ontology import (
    BASE_CONFIDENCE,
    DEFAULT_ACTOR,
    DEFAULT_TARGET,
    Condition,
    EventType,
    Ontology,
    SpacyPattern,
    Term,
    Trigger,
    TriggerKind,
)
from workers.annotate.ontology_checks import KINDS, Known, findings, keys_at
from workers.annotate.ontology_spec import OntologyFile, TriggerSpec, TypeSpec
from workers.annotate.spacy_patterns import read_pattern, words_of
from workers.errors import ConfigurationError, InputError
from workers.yamlfile import Document, Location, Problem, read_documents, read_shipped
from workers.yamlmodel import problem_of

BUILT_IN = (Path(__file__).with_name("ontology.yaml"), Path(__file__).with_name("types"))
"""A file, and a folder of more of them."""

SUFFIXES = (".yaml", ".yml")
_WORD_KINDS: Mapping[str, TriggerKind] = {"verbs": "verb", "nouns": "noun", "phrases": "phrase"}


class BrokenOntology(ConfigurationError):
    """Ontology files with mistakes; `problems` has all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        what = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"{what} in the ontology; nothing was loaded:\n" + "\n".join(str(p) for p in problems))


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that was read: its models, and where everything stands."""

    document: Document
    spec: OntologyFile

    def line(self, location: Location) -> int:
        return self.document.place(location).line


def load_ontology(user: Path | Sequence[Path] | None = None) -> Ontology:
    """The built-in ontology with what the files and folders of `user` add, in their order.

    Raises BrokenOntology with all their mistakes, InputError for a path that is none.
    """
    paths = () if user is None else (user,) if isinstance(user, Path) else user
    ontology, problems, _ = check_ontology(paths)
    if problems:
        raise BrokenOntology(problems)
    return ontology


def check_ontology(paths: Sequence[Path]) -> tuple[Ontology, list[Problem], list[Path]]:
    """The ontology (of the sound files, if there are mistakes), all mistakes, and the users' files that were read."""
    shipped = [_Source(document, OntologyFile.model_validate(document.value)) for document in _shipped()]
    files = ontology_files(paths)
    documents, problems = _read(files)
    known = _known(shipped, documents) if documents else Known((), {})
    own: list[_Source] = []
    for document in documents:
        wrong, spec = _checked(document, known)
        problems += wrong
        if spec is not None:
            own.append(_Source(document, spec))
    problems.sort(key=lambda problem: (files.index(Path(problem.file)), problem.line, problem.column))
    sources = [*shipped, *own]
    lists = _lists(sources)
    ontology = Ontology(_version(sources, files), _types(sources, lists), _intentions(sources))
    return ontology, problems, files


def ontology_files(paths: Sequence[Path]) -> list[Path]:
    """The files that `paths` name; of a folder all YAML files in it, at any depth, by name. Raises InputError."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
            if not found:
                raise InputError(f"{path}: the folder holds no .yaml file", hint="Name ontology files or folders.")
            files += found
        elif path.is_file():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file or folder", hint="Name ontology files or folders of them.")
    return list(dict.fromkeys(files))


# --- reading and checking --------------------------------------------------------------------------------------------


def _shipped() -> Iterator[Document]:
    file, folder = BUILT_IN
    for path in (file, *sorted(folder.glob("*.yaml"))):
        if path.is_file():
            yield read_shipped(path)


def _read(files: Sequence[Path]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found, wrong = read_documents(file)
        except OSError as error:
            raise InputError(f"{file}: {error.strerror or error}") from error
        documents += found
        problems += wrong
    return documents, problems


def _checked(document: Document, known: Known) -> tuple[list[Problem], OntologyFile | None]:
    if not isinstance(document.value, dict):
        return [document.problem((), None, "expected a mapping: lists, types")], None
    problems = [finding.problem(document) for finding in findings(document.value, known)]
    try:
        spec = OntologyFile.model_validate(_without_empty_types(document.value))
    except ValidationError as error:
        told = {(p.line, p.column) for p in problems}
        more = [problem_of(document, detail, keys_at) for detail in error.errors(include_url=False)]
        return problems + [problem for problem in more if (problem.line, problem.column) not in told], None
    return problems, None if problems else spec


def _without_empty_types(value: Mapping[str, object]) -> dict[str, object]:
    """`harvest:` with nothing below it is a type without fields; that it lacks triggers is told in its own words."""
    types = value.get("types")
    if not isinstance(types, dict):
        return dict(value)
    return {**value, "types": {name: {} if fields is None else fields for name, fields in types.items()}}


def _known(shipped: Sequence[_Source], documents: Sequence[Document]) -> Known:
    """The names of all files, and the words that the built-in types have."""
    lists = _lists(shipped)
    words: dict[str, dict[str, set[str]]] = {}
    yields: dict[str, tuple[str, ...]] = {}
    for name, kind in _types(shipped, lists).items():
        yields[name] = kind.yields_to
        found: dict[str, set[str]] = defaultdict(set)
        for trigger in kind.triggers:
            found[f"{trigger.kind}s"].update(" ".join(phrase) for phrase in trigger.words)
        found["exclude"] = {" ".join(phrase) for phrase in kind.exclude}
        words[name] = found
    names = set(lists)
    for document in documents:
        value = document.value if isinstance(document.value, dict) else {}
        names.update(value["lists"] if isinstance(value.get("lists"), dict) else ())
    return Known(names, words, yields)


def _version(sources: Sequence[_Source], files: Sequence[Path]) -> str:
    version = next((source.spec.version for source in sources if source.spec.version), "0")
    if not files:
        return version
    return f"{version}+{digest(chr(0).join(file.read_text('utf-8', errors='replace') for file in files), length=8)}"


# --- putting together ------------------------------------------------------------------------------------------------


def _lists(sources: Sequence[_Source]) -> dict[str, tuple[str, ...]]:
    """All lists, the lists in them written out; one that holds itself adds nothing to itself."""
    written: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        for name, words in source.spec.lists.items():
            written[name] += words
        for name, words in source.spec.without.items():
            written[name] = [word for word in written[name] if word not in words]

    def words_of_list(name: str, around: frozenset[str]) -> Iterator[str]:
        for word in written.get(name, ()):
            if not word.startswith("$"):
                yield word
            elif word[1:] not in around:
                yield from words_of_list(word[1:], around | {word[1:]})

    return {name: tuple(dict.fromkeys(words_of_list(name, frozenset({name})))) for name in written}


def _intentions(sources: Sequence[_Source]) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sources:
        for root, announced in source.spec.intentions.items():
            found |= dict.fromkeys(announced, root)
    return found


def _types(sources: Sequence[_Source], lists: Mapping[str, tuple[str, ...]]) -> dict[str, EventType]:
    types: dict[str, EventType] = {}
    for source in sources:
        for name, spec in source.spec.types.items():
            if spec.disabled:
                types.pop(name, None)
            else:
                types[name] = _type(name, spec, types.get(name, EventType(name)), source, lists)
    return types


def _type(
    name: str, spec: TypeSpec, known: EventType, source: _Source, lists: Mapping[str, tuple[str, ...]]
) -> EventType:
    if spec.replace:
        known = replace(known, triggers=(), exclude=())
    if spec.without is not None:
        known = _lessened(known, spec)
    at = ("types", name, "triggers")
    known = _with_roles(known, spec)
    triggers = tuple(_trigger(known, one, source, (*at, i), lists) for i, one in enumerate(spec.triggers))
    return replace(
        known,
        description=spec.description or known.description,
        plover=_code(spec.plover, known.plover),
        cameo=_code(spec.cameo, known.cameo),
        symmetric=known.symmetric if spec.symmetric is None else spec.symmetric,
        failed_counts=known.failed_counts if spec.failed_counts is None else spec.failed_counts,
        lasting=known.lasting if spec.lasting is None else spec.lasting,
        arranged=known.arranged if spec.arranged is None else spec.arranged,
        yields_to=known.yields_to if spec.yields_to is None else spec.yields_to,
        exclude=known.exclude + tuple(_split(phrase) for phrase in spec.exclude),
        triggers=known.triggers + triggers,
    )


def _with_roles(known: EventType, spec: TypeSpec) -> EventType:
    """A type with the roles that its triggers have if they name none."""
    return replace(
        known,
        actor=known.actor if spec.actor is None else spec.actor,
        target=known.target if spec.target is None else spec.target,
        together=known.together if spec.together is None else spec.together,
        personal=known.personal if spec.personal is None else spec.personal,
        decided=known.decided if spec.decided is None else spec.decided,
        spoken=known.spoken if spec.spoken is None else spec.spoken,
        at_home=known.at_home if spec.at_home is None else spec.at_home,
        one_doer=known.one_doer if spec.one_doer is None else spec.one_doer,
        on_ground=known.on_ground if spec.on_ground is None else spec.on_ground,
        by_state=known.by_state if spec.by_state is None else spec.by_state,
        at_the_story=known.at_the_story if spec.at_the_story is None else spec.at_the_story,
        guarded=known.guarded if spec.guarded is None else spec.guarded,
        abroad=known.abroad if spec.abroad is None else spec.abroad,
        no_crime=known.no_crime if spec.no_crime is None else spec.no_crime,
        on_the_spot=known.on_the_spot if spec.on_the_spot is None else spec.on_the_spot,
    )


def _roles(given: tuple[str, ...] | None, of_type: tuple[str, ...] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return next((slots for slots in (given, of_type) if slots is not None), default)


def _code(given: str | None, known: str | None) -> str | None:
    return known if given is None else None if given == "none" else given


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(phrase.lower().split())


def _lessened(known: EventType, spec: TypeSpec) -> EventType:
    """A type without the words that `without` names; a trigger that loses all of its words goes."""
    assert spec.without is not None  # noqa: S101 - the caller asks only then
    gone = {kind: {_split(word) for word in getattr(spec.without, field)} for field, kind in _WORD_KINDS.items()}
    left = (
        replace(trigger, words=tuple(words for words in trigger.words if words not in gone.get(trigger.kind, ())))
        for trigger in known.triggers
    )
    unexcluded = {_split(phrase) for phrase in spec.without.exclude}
    return replace(
        known,
        triggers=tuple(trigger for trigger in left if trigger.words),
        exclude=tuple(phrase for phrase in known.exclude if phrase not in unexcluded),
    )


def _trigger(
    owner: EventType, spec: TriggerSpec, source: _Source, at: Location, lists: Mapping[str, tuple[str, ...]]
) -> Trigger:
    given = next(kind for kind in KINDS if getattr(spec, kind))
    kind = _WORD_KINDS.get(given, "pattern")
    pattern: SpacyPattern | None = None
    if kind == "pattern":
        pattern = read_pattern(getattr(spec, given), is_dependency=given == "dependency")
        words = words_of(pattern)
    else:
        words = tuple(word for item in getattr(spec, given) for word in _expanded(item, lists))
    return Trigger(
        type=owner.name,
        kind=kind,
        words=tuple(dict.fromkeys(_split(word) for word in words)),
        conditions=tuple(
            _condition(key, terms, lists, source.line((*at, key))) for key, terms in spec.conditions.items()
        ),
        actor=_roles(spec.actor, owner.actor, DEFAULT_ACTOR[kind]),
        target=_roles(spec.target, owner.target, DEFAULT_TARGET[kind]),
        personal=owner.personal if spec.personal is None else spec.personal,
        confidence=BASE_CONFIDENCE[kind] if spec.confidence is None else spec.confidence,
        compound=spec.compound,
        plover=spec.plover,
        cameo=spec.cameo,
        status=spec.status,
        only_in=spec.only_in,
        only_status=spec.only_status,
        pattern=pattern,
        file=str(source.document.file),
        line=source.line(at),
    )


def _condition(key: str, written: Sequence[str], lists: Mapping[str, tuple[str, ...]], line: int) -> Condition:
    mode, _, names = key.rpartition(" ") if key.startswith(("not ", "only ")) else ("", "", key)
    slots = tuple(slot.strip() for slot in names.split("|"))
    terms = tuple(_term(word) for item in written for word in _expanded(item, lists))
    return Condition(slots, terms, bool(mode), tuple(written), line, only=mode == "only")


def _expanded(item: str, lists: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    mark, name = ("~", item[1:]) if item.startswith("~$") else ("", item)
    return tuple(mark + word for word in lists.get(name[1:], ())) if name.startswith("$") else (item,)


@cache
def _term(text: str) -> Term:
    word = text.lstrip("~").lower()
    anywhere = text.startswith("~")
    if word.startswith("@"):
        return Term(word[1:], is_class=True, anywhere=anywhere)
    return Term(word.removesuffix("*"), is_prefix=word.endswith("*"), anywhere=anywhere)
