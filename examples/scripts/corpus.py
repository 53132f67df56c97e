"""General text for the base model, free of every Datanet fact.

Left out: dictionary entries that share a word with a Datanet headword or whose
definition equals a Datanet completion or mentions a headword; speech sentences that
share an eight-word run with a Datanet sentence. Held-out rows count as Datanet rows.
"""

import json
import random
import re

import config
import phrasing
import sources

PASSAGE_CHARS = 600


def datanet_rows(name):
    """All rows of a Datanet, held-out rows included."""
    out = []
    for path in sorted((config.DATANETS / name).glob("*.jsonl")):
        out += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return out


def headword(prompt):
    """The word a dictionary prompt asks about."""
    return prompt.split()[-1].rstrip("?")


def dictionary_documents():
    """(prompt, gloss) pairs of every permitted dictionary entry."""
    rows = datanet_rows("wordnet")
    heads = {headword(r["prompt"]) for r in rows}
    mentions = heads | {h + "s" for h in heads}
    glosses = {r["completion"] for r in rows}
    out = []
    for entry in sources.synsets():
        names = {w.lower() for word in entry.words for w in word.split("_")}
        if names & mentions or entry.gloss in glosses:
            continue
        if mentions & set(re.findall(r"[a-z]+", entry.gloss.lower())):
            continue
        if not entry.gloss or len(entry.gloss) > 200 or not entry.gloss.isascii():
            continue
        out.append((phrasing.definition_prompt(entry.lex, entry.words[0]), entry.gloss))
    return out


def _passages(sentences):
    """Join neighbouring sentences into passages of bounded length."""
    out, current = [], ""
    for sentence in sentences:
        if current and len(current) + len(sentence) > PASSAGE_CHARS:
            out.append(current)
            current = ""
        current = f"{current} {sentence}".strip()
    return out + [current] if current else out


def speech_documents():
    """Labelled single sentences and unlabelled passages of the permitted speech text."""
    banned = set()
    for row in datanet_rows("sotu"):
        sentence = row["prompt"].split(": ", 1)[1] + row["completion"]
        banned |= phrasing.shingles(sentence)
    all_speeches = sources.speeches()
    labels = sources.president_labels(all_speeches)
    rng = random.Random(config.DATA_SEED)
    out = []
    for speech in all_speeches:
        kept = [s for s in sources.sentences(speech.text) if not phrasing.shingles(s) & banned]
        for passage in _passages(kept):
            if rng.random() < 0.5:
                out.append(passage[:2 * PASSAGE_CHARS])
            else:
                opening = f"{labels[speech.president]}, {speech.year}: "
                out += [opening + s[:PASSAGE_CHARS] for s in sources.sentences(passage)]
    return out


def documents():
    """Every base document as (prompt, completion); the prompt may be empty."""
    return dictionary_documents() + [("", text) for text in speech_documents()]
