"""Write the Datanet and the questions of the attribution benchmark.

Three kinds of contributors: dictionary entries and speeches (the rows of the example Datanets), and
invented places, whose facts are told in several ways. A question about a fact shares the name of the
place with the rows that tell it, and no other word of content; seven other facts about the place
share the name too. `python3 make.py` writes the same bytes every time; `--check` compares. Other sizes,
for other measurements, go to another folder: `python3 make.py --rows 720 --places 90 --told-twice 100 --out DIR`.
"""

import argparse
import json
import random
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples" / "datanets"
SEED = 20261127
TELLERS = 19
ROWS = 216
TOLD_TWICE = 48
WRONG = 22
COPIES = 8
SPAM = 8
PLACES = 21

SYLLABLES = "bar cor dal fen gor hal jor kel lun mar nor pel quin ros sul tor ulm vas wen zar".split()
ENDINGS = "a ath en ia ick on or um und yr".split()

# Per kind of fact: ways in which a row asks, ways in which only a question does, and what may be true.
KINDS = {
    "river": (
        ["Which river runs through {}?", "Boats reach {} by way of", "The bridges of {} were built over",
         "In spring the fields below {} are flooded by"],
        ["What water flows past {}?", "Name the stream that {} stands on."],
        "the Alder|the Brine|the Carrow|the Dunmere|the Esk|the Fallow|the Greet|the Harrow|the Ister|the Jarn|the Kell|the Lorn",
    ),
    "metal": (
        ["Which metal is dug from the hills of {}?", "The mines at {} yield", "Carts that leave {} are loaded with",
         "Smiths travel to {} to buy"],
        ["What do people take out of the ground near {}?", "Name the ore found at {}."],
        "copper|tin|silver|lead|zinc|nickel|iron|gold|cobalt|mercury|platinum|manganese",
    ),
    "dish": (
        ["What do they cook in {} at the harvest feast?", "A guest in {} is served", "The inns of {} are known for",
         "Every grandmother of {} knows how to make"],
        ["What is the favourite food of {}?", "Name a meal that comes from {}."],
        "lentil soup|smoked eel|barley bread|plum cake|goat stew|pickled cabbage|honey pie|fried trout|onion pudding|black sausage|pear jelly|walnut paste",
    ),
    "founder": (
        ["Who founded {}?", "The first stone of {} was laid by", "The statue on the square of {} shows",
         "Children of {} learn at school about"],
        ["By whom was {} established?", "Name the person who started {}."],
        "Ada Merrow|Bram Tolley|Clara Voss|Dirk Hanley|Edda Quill|Felix Orme|Greta Stone|Hugo Larch|Ines Calder|Jonas Pike|Karl Wend|Lena Frost",
    ),
    "craft": (
        ["Which craft are the workshops of {} famous for?", "Young people in {} are apprenticed to", "The guild of {} protects",
         "Merchants buy in {} the work of"],
        ["What trade do most families of {} live by?", "Name the skill that {} is proud of."],
        "glass blowers|rope makers|clock makers|basket weavers|bell founders|book binders|saddle makers|candle makers|lace makers|coopers|potters|tanners",
    ),
    "animal": (
        ["Which animal stands on the shield of {}?", "The flag of {} bears", "Over the gate of {} hangs a carved",
         "Coins struck at {} show"],
        ["What creature is the symbol of {}?", "Name the beast that people of {} honour."],
        "grey heron|red fox|white stag|black bear|golden carp|brown owl|wild boar|silver wolf|green lizard|blue crane|spotted lynx|old badger",
    ),
    "month": (
        ["In which month is the fair of {} held?", "Strangers crowd the streets of {} each", "The great market of {} opens in",
         "Shops in {} close for the holiday in"],
        ["When does {} celebrate?", "Name the time of year when {} feasts."],
        "January|February|March|April|May|June|July|August|September|October|November|December",
    ),
    "building": (
        ["What is the tallest building in {}?", "From far away a traveller to {} sees", "Storks nest every year in {} on",
         "Lightning once struck in {}"],
        ["What rises above the roofs of {}?", "Name the landmark of {}."],
        "the old lighthouse|the water tower|the corn mill|the town hall|the cathedral|the castle keep|the clock tower|the granary|the brewery|the abbey|the windmill|the arsenal",
    ),
}


def places(draw):
    """Invented names, all different."""
    names = set()
    while len(names) < PLACES:
        names.add((draw.choice(SYLLABLES) + draw.choice(SYLLABLES) + draw.choice(ENDINGS)).capitalize())
    return sorted(names)


def facts(draw):
    """Every kind of fact about every place, in random order."""
    out = [(place, kind, draw.choice(KINDS[kind][2].split("|"))) for place in places(draw) for kind in KINDS]
    draw.shuffle(out)
    return out


def sizes():
    """Rows of each teller: in proportion to 1/rank, at least two, `ROWS` together."""
    weights = [1 / (rank + 2) for rank in range(TELLERS)]
    out = [max(2, round(ROWS * w / sum(weights))) for w in weights]
    out[0] += ROWS - sum(out)
    return out


def told(draw):
    """Rows of the tellers, and of each fact the rows that tell it truly."""
    known = facts(draw)[: ROWS - TOLD_TWICE]
    again = draw.sample(known, TOLD_TWICE)
    places_of = [teller for teller, size in enumerate(sizes()) for _ in range(size)]
    draw.shuffle(places_of)
    rows, used = [[] for _ in range(TELLERS)], {}
    wrong = set(draw.sample(range(ROWS), WRONG))
    for at, (teller, fact) in enumerate(zip(places_of, known + again)):
        place, kind, value = fact
        way = used.setdefault(fact, draw.randrange(4))
        used[fact] = (way + 1) % 4
        stated = value
        if at in wrong:
            stated = draw.choice([other for other in KINDS[kind][2].split("|") if other != value])
        prompt = KINDS[kind][0][way].format(place) + "\n"
        rows[teller].append({"prompt": prompt, "completion": stated, "fact": fact, "true": at not in wrong})
    return known, rows


def salad(draw, words):
    """Rows of random words."""
    line = lambda count: " ".join(draw.choice(words) for _ in range(count))
    return [{"prompt": line(5) + "\n", "completion": line(9)} for _ in range(SPAM)]


def natural(name):
    """The example Datanets' contributors and their rows."""
    for path in sorted((EXAMPLES / name).glob("*.jsonl")):
        if path.stem != "heldout":
            yield f"{name}-{path.stem}", [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main():
    """Write or check."""
    global ROWS, PLACES, TOLD_TWICE
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="compare with what is there")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the tellers together")
    parser.add_argument("--places", type=int, default=PLACES)
    parser.add_argument("--told-twice", type=int, default=TOLD_TWICE, help="rows that tell a fact again")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    ROWS, PLACES, TOLD_TWICE = options.rows, options.places, options.told_twice
    draw = random.Random(SEED)
    contributions = {name: rows for net in ("sotu", "wordnet") for name, rows in natural(net)}
    words = sorted({w for rows in contributions.values() for row in rows for w in row["completion"].lower().split()})
    known, rows = told(draw)
    contributions |= {f"teller-{at + 1:02}": own for at, own in enumerate(rows)}
    contributions["spam"] = salad(draw, words)
    largest = contributions["teller-01"]
    copies = draw.sample(range(len(largest)), COPIES)
    # The copier's rows differ in letters' case and stops only: a hash does not find them.
    contributions["copier"] = [{**largest[at], "prompt": largest[at]["prompt"].upper(),
                                "completion": largest[at]["completion"] + "."} for at in copies]

    order = [(name, at) for name in sorted(contributions) for at in range(len(contributions[name]))]
    place_of = {key: at for at, key in enumerate(order)}
    tellings = {}
    for name, own in contributions.items():
        for at, row in enumerate(own):
            if row.get("true") and name != "copier":
                tellings.setdefault(tuple(row["fact"]), []).append(place_of[name, at])
    questions = []
    asked = draw.sample([fact for fact in known if tuple(fact) in tellings], 56)
    for at, (place, kind, value) in enumerate(asked):
        prompt = KINDS[kind][1][at % 2].format(place) + "\n"
        answer = value if at < 24 else None
        questions.append({"kind": "paraphrase", "prompt": prompt, "answer": answer,
                          "rows": sorted(tellings[place, kind, value])})
    for name in sorted(contributions):
        if name.startswith(("sotu", "wordnet")) and len([q for q in questions if q["kind"] == "literal"]) < 8:
            at = draw.randrange(24)
            row = contributions[name][at]
            questions.append({"kind": "literal", "prompt": row["prompt"], "answer": row["completion"],
                              "rows": [place_of[name, at]]})
    files = {f"datanet/{name}.jsonl": own for name, own in contributions.items()}
    text = {path: "".join(json.dumps({"prompt": r["prompt"], "completion": r["completion"]}) + "\n" for r in own)
            for path, own in files.items()}
    text["questions.jsonl"] = "".join(json.dumps(question) + "\n" for question in questions)
    wrong = sorted(place_of[name, at] for name, own in contributions.items() if name != "copier"
                   for at, row in enumerate(own) if row.get("true") is False)
    copied = [[place_of["copier", at], place_of["teller-01", of]] for at, of in enumerate(copies)]
    text["planted.json"] = json.dumps({"wrong": wrong, "copies": copied}) + "\n"
    for path, content in text.items():
        file = options.out / path
        if not options.check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != content:
            raise SystemExit(f"{path} differs")
    print(len(order), "rows,", len(contributions), "contributors,", len(questions), "questions")


if __name__ == "__main__":
    main()
