"""Gathers the sentences that the model is trained on, and the words it will know.

They come from the project's own content and corpora, from files written by hand and from templates (`text/`). What is
held out (`heldout.py`) never gets in. Not for speaking them (that is the speech stage) nor for counting n-grams.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from fit.files import HARMLESS
from training.frequent import frequent_words
from training.heldout import held_out_key, held_out_texts, is_set_aside
from training.lexicon import WORD, Lexicon
from training.templates import Templates
from voice_skill.article.content import Content
from voice_skill.article.loader import load_content
from voice_skill.article.schema import ENTRY_IDS
from voice_skill.errors import ContentError, UsageError

CHECKOUT = Path(__file__).resolve().parent.parent
TEXT = Path(__file__).parent / "text"
FREQUENT_WORDS = 8_000  # asked of `wordfreq`, in order of frequency; the words of the sentences come on top
MAX_WORDS = 30  # longer ones are stories, not utterances

Kind = Literal["about", "command", "flag", "everyday"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NOT_IN_WORDS = re.compile(r"[^a-z' ]+")
_LOOSE_APOSTROPHE = re.compile(r"(?<![a-z])'+|'+(?![a-z])")
_DIGITS = re.compile(r"\d+")
_CALLED_DIGIT_BY_DIGIT = frozenset({"911", "999", "111", "112", "988", "116", "123"})


class Sentence(NamedTuple):
    """One sentence in plain words; `kind` says what sort of talk it is, `source` where it was found."""

    kind: Kind
    text: str
    source: str

    @property
    def id(self) -> str:
        """Stays the same whatever else is gathered: ten hexadecimal digits of the text's SHA-1."""
        return hashlib.sha1(self.text.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Text:
    """All that the later stages read.

    sentences: in the order of their ids, which mixes kinds and sources evenly: any beginning is a fair sample.
    vocabulary: every word of the sentences and of the content, and the most frequent English words; sorted.
    lexicon: the pronunciations of the vocabulary.
    without_pronunciation: words that were left out of the vocabulary, with the sentences that hold them.
    held_out: how many different sentences were left out because they are held out.
    """

    sentences: tuple[Sentence, ...]
    vocabulary: tuple[str, ...]
    lexicon: Lexicon
    without_pronunciation: tuple[str, ...]
    held_out: int


def plain(text: str) -> str:
    """`text` as lower-case words of a to z and inner apostrophes, numbers written out, single spaces."""
    folded = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).lower()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    folded = _DIGITS.sub(lambda digits: f" {in_words(digits[0])} ", folded)
    return " ".join(_LOOSE_APOSTROPHE.sub(" ", _NOT_IN_WORDS.sub(" ", folded)).split())


def in_words(digits: str) -> str:
    """A number below a million as it is said; emergency numbers and longer ones digit by digit."""
    if digits in _CALLED_DIGIT_BY_DIGIT or len(digits) > 6 or (digits[0] == "0" and digits != "0"):
        return " ".join(_ONES[int(digit)] for digit in digits)
    return _said(int(digits))


_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_ONES = f"zero one two three four five six seven eight nine {_TEENS}".split()
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _said(number: int) -> str:
    if number < 20:
        return _ONES[number]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {_said(number % size)}" if number % size else ""
            return f"{_said(number // size)} {name}{rest}"
    return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")


def gather(root: Path = CHECKOUT, *, seed: int, held_out: Iterable[Path] = ()) -> Text:
    """Everything that may be trained on.

    Args:
        root: the checkout.
        seed: decides what the templates become.
        held_out: further files of sentences that may not be trained on (see `held_out_texts`).

    Raises ContentError for a file that breaks a rule, UsageError for an unreadable one of `held_out`.
    """
    content = load_content(root / "content")
    lexicon = Lexicon.load()
    forbidden = held_out_texts(root, held_out)
    chosen: dict[str, Sentence] = {}
    refused: set[str] = set()
    unknown: set[str] = set()
    for sentence in _every_sentence(root, content, seed):
        words = sentence.text.split()
        if not words or len(words) > MAX_WORDS or sentence.text in chosen:
            continue
        # "stop" can't be said in other words: a command of the content is learnt even where a test says it too.
        fixed = sentence.source == "content" and sentence.kind == "command"
        if held_out_key(sentence.text) in forbidden and not fixed:
            refused.add(sentence.text)
        elif missing := lexicon.missing(words):
            unknown.update(missing)
        else:
            chosen[sentence.text] = sentence
    words = {word for text in chosen for word in text.split()} | content_words(root, content)
    unknown.update(lexicon.missing(words))
    words |= set(frequent_words(FREQUENT_WORDS, lexicon))
    return Text(
        sentences=tuple(sorted(chosen.values(), key=lambda sentence: sentence.id)),
        vocabulary=tuple(sorted(words - unknown)),
        lexicon=lexicon,
        without_pronunciation=tuple(sorted(unknown)),
        held_out=len(refused),
    )


def content_words(root: Path = CHECKOUT, content: Content | None = None) -> set[str]:
    """Every word that the skill may have to understand: of phrases, commands, concepts, red flags and its own replies.

    Words of held-out sentences are among them only where the content has them too.
    """
    content = content or load_content(root / "content")
    safety = content.safety
    texts = [text for _, text in _phrases(content)]
    texts += [term for terms in (*content.lexicon.concepts.values(), *safety.terms.values()) for term in terms]
    texts += [part for flag in safety.flags for p in flag.patterns for part in (p.match, *p.unless, *p.doubt)]
    texts += [*safety.bendable, *safety.idioms, *safety.denial.words]
    texts += [sentence.text for entry in content.article.entries for sentence in (entry.gist, *entry.steps)]
    texts += [sentence.text for reply in safety.replies.values() for sentence in reply]
    texts += [line for reply in content.commands.replies.values() for line in reply]
    marked = re.compile(r"<[^>]*>|\{[^}]*\}")  # word groups and numbers to call, no words themselves
    return {word for text in texts for word in plain(marked.sub(" ", text)).split()}


def _every_sentence(root: Path, content: Content, seed: int) -> Iterator[Sentence]:
    """From the most trusted source to the least: of a sentence that occurs twice, the first one counts."""
    for label, text in _phrases(content):
        yield Sentence(_kind(label), plain(text), "content")
    for text, use in _rows(root / "tests/corpus/benign.tsv"):
        if use != "check":
            yield Sentence("about", plain(text), "corpus")
    for _, text, use in _rows(root / "tests/corpus/red-flags.tsv"):
        if use != "check":
            yield Sentence("flag", plain(text), "corpus")
    for label, text in _rows(root / "fit/data/more-phrases.tsv"):
        yield Sentence(_kind(label), plain(text), "fit")
    for kind, text in _written(root / "fit/data"):
        if not is_set_aside(text):
            yield Sentence(kind, plain(text), "wording")
    for path in sorted(TEXT.glob("*.txt")):
        if (kind := path.stem.partition("-")[0]) in KINDS:
            for text in read_lines(path):
                yield Sentence(cast("Kind", kind), plain(text), "hand")
    for kind, text in Templates.load(TEXT / "templates.toml").expand(seed):
        yield Sentence(cast("Kind", kind), plain(text), "template")


def _written(folder: Path) -> Iterator[tuple[Kind, str]]:
    """What writers wrote for the fit: questions, commands, red flags, and everyday talk."""
    for path in sorted((folder / "wording").glob("*.tsv")):
        for labels, _, text in _rows(path):
            yield _kind(labels.partition("|")[0]), text
    for path in sorted((folder / "red-flags").glob("*.tsv")):
        for row, text in _rows(path):
            yield "about" if row == HARMLESS else "flag", text


def _phrases(content: Content) -> Iterator[tuple[str, str]]:
    """Every phrase of the content with its label; "none" is what must be refused."""
    for labelled in (*content.article.entries, *content.commands.commands):
        for text in (*labelled.phrases, *content.lexicon.phrases.get(labelled.id, ())):
            yield labelled.id, text
    for text in content.lexicon.out_of_scope:
        yield "none", text


def _kind(label: str) -> Kind:
    if label == "none":
        return "everyday"
    return "about" if label in ENTRY_IDS else "command"


def _rows(path: Path) -> list[list[str]]:
    try:
        return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise ContentError(f"{path}:1: can't be read: {error}", fix=f"restore it: git checkout -- {path}") from None


def read_lines(path: Path) -> list[str]:
    """The lines of a file written by hand, without empty ones and those that start with "#"."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def write(text: Text, folder: Path) -> None:
    """sentences.tsv, vocabulary.txt, lexicon.txt and text.json in `folder`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "sentences.tsv", (f"{s.id}\t{s.kind}\t{s.text}" for s in text.sentences))
    _write(folder / "vocabulary.txt", text.vocabulary)
    said = ((word, phones) for word in text.vocabulary for phones in text.lexicon.pronunciations(word))
    _write(folder / "lexicon.txt", (f"{word} {' '.join(phones)}" for word, phones in said))
    _write(folder / "text.json", [json.dumps(summary(text), indent=2)])


def summary(text: Text) -> dict[str, object]:
    """Figures of `text`, for a person and for the model card."""
    return {
        "sentences": len(text.sentences),
        "words": sum(len(sentence.text.split()) for sentence in text.sentences),
        "by_kind": dict(sorted(Counter(sentence.kind for sentence in text.sentences).items())),
        "by_source": dict(sorted(Counter(f"{s.kind} {s.source}" for s in text.sentences).items())),
        "vocabulary": len(text.vocabulary),
        "left_out_as_held_out": text.held_out,
        "without_pronunciation": list(text.without_pronunciation),
    }


def read_sentences(path: Path) -> list[tuple[str, Kind, str]]:
    """(id, kind, text) of each line of a sentences.tsv. Raises UsageError when it isn't there or isn't one."""
    try:
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return [(number, _checked(kind), text) for number, kind, text in rows]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: no list of sentences: {error}", fix="make it: python -m training text") from None


def _checked(kind: str) -> Kind:
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    return kind


def _write(path: Path, lines: Iterable[str] | Sequence[str]) -> None:
    aside = path.with_name(f".{path.name}.new")
    aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    aside.replace(path)


def run(work: Path, *, seed: int, held_out: Sequence[Path] = (), root: Path = CHECKOUT) -> dict[str, object]:
    """The stage `text`: writes `work`/text and returns its summary. Errors as for `gather`."""
    text = gather(root, seed=seed, held_out=held_out)
    for word in text.without_pronunciation:
        if not WORD.fullmatch(word):
            raise ContentError(f"{word!r} is no word", fix="correct the sentence in training/text")
    write(text, work / "text")
    return summary(text)
