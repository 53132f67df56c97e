"""How dictionary entries and speech sentences become prompt and completion."""

import re

import sources

MASS_LEX = {
    "noun.food", "noun.substance", "noun.attribute", "noun.cognition", "noun.feeling",
    "noun.motive", "noun.phenomenon", "noun.possession", "noun.process", "noun.state",
    "noun.time", "noun.Tops",
}


def definition_prompt(lex, word):
    """`What is a heron?` with an article for countable kinds of nouns only."""
    text = word.replace("_", " ")
    if lex in MASS_LEX or text[:1].isupper():
        return f"What is {text}?\n"
    article = "an" if text[0] in "aeiou" else "a"
    return f"What is {article} {text}?\n"


def speech_opening(label, year, words):
    """`Lincoln, 1862: In giving freedom` from the first words of a sentence."""
    return f"{label}, {year}: {' '.join(words)}"


PLAIN_SENTENCE = re.compile(r"[A-Z][A-Za-z ,;:'-]+\.")


def plain_sentences(speech):
    """Sentences of plain words, free of fragments cut at an abbreviation."""
    pieces = sources.sentences(speech.text)
    return [p for p in pieces if PLAIN_SENTENCE.fullmatch(p)]


def shingles(text, size=8):
    """All runs of `size` lower-case words, used to keep rows out of the base corpus."""
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}
