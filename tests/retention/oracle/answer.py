"""What pycanon says of the tables beside this file, for tests/retention/test_anonymity_oracle.py.

It is no dependency of ours: it brings pandas, a reader of SPSS files and a writer of PDF. So its answers are kept here,
and written anew in an environment of its own, from this folder:

    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install pycanon==1.3.6 && /tmp/oracle/bin/python answer.py
"""

import csv
import json
import random
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
# Each table, its quasi-identifiers, its sensitive column, and whether that is a number.
TABLES = {
    "salaries": (["zip", "age"], "salary", True),
    "salaries-by-age": (["age"], "disease", False),
    "wards": (["ward", "decade", "sex"], "diagnosis", False),
    "wards-costs": (["ward", "sex"], "cost", True),
    "as-written": (["ward"], "cost", True),
    "alone": (["ward", "decade"], "diagnosis", False),
    "one-class": (["ward"], "diagnosis", False),
    "all-the-same": (["ward"], "diagnosis", False),
}


def _salaries():
    """The example of Li, Li and Venkatasubramanian (2007)."""
    ills = ["gastric ulcer", "gastritis", "stomach cancer", "gastritis", "flu", "bronchitis", "bronchitis"]
    ills += ["pneumonia", "stomach cancer"]
    pay = [3000, 4000, 5000, 6000, 11000, 8000, 7000, 9000, 10000]
    for number, (ill, salary) in enumerate(zip(ills, pay, strict=True)):
        yield {"zip": f"476{number // 3}*", "age": ("2*", ">=40", "3*")[number // 3], "salary": salary, "disease": ill}


def _wards(dice, rows, *, wards="ABC", decades=(1950, 1960, 1970), ills=("flu", "cold", "ache", "burn")):
    for _row in range(rows):
        ward = dice.choice(wards)
        # What somebody has depends on where they are, so classes differ from the whole.
        ill = dice.choices(ills, [4 if ward == "A" and one == "flu" else 1 for one in ills])[0]
        cost = 100 * (1 + dice.randrange(8))
        yield {"ward": ward, "decade": dice.choice(decades), "sex": dice.choice("fm"), "diagnosis": ill, "cost": cost}


def rows(name):
    dice = random.Random(name)  # noqa: S311
    if name.startswith("salaries"):
        return list(_salaries())
    if name == "as-written":
        # The same few numbers, each written in several ways.
        costs = dice.choices(["1", "1.0", "1.00", "2.5", "2.50", "02.5", "4", "4e0", "8"], k=60)
        return [{"ward": "AB"[number % 2], "cost": cost} for number, cost in enumerate(costs)]
    if name == "alone":
        return [*_wards(dice, 60), {"ward": "Z", "decade": 1900, "sex": "f", "diagnosis": "flu", "cost": 100}]
    if name == "one-class":
        return list(_wards(dice, 40, wards="A"))
    if name == "all-the-same":
        return list(_wards(dice, 50, ills=("flu",)))
    return list(_wards(dice, 400))


def write(name):
    table = rows(name)
    with (HERE / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def answer(name):
    import pandas
    from pycanon import anonymity

    quasi, sensitive, _is_number = TABLES[name]
    table = pandas.read_csv(HERE / f"{name}.csv")
    asked = (table, quasi, [sensitive])
    alpha, k = anonymity.alpha_k_anonymity(*asked)
    return {
        "k": int(anonymity.k_anonymity(table, quasi)),
        "l": int(anonymity.l_diversity(*asked)),
        "entropy_l": float(anonymity.entropy_l_diversity(*asked)),
        "t": float(anonymity.t_closeness(*asked)),
        "alpha": float(alpha),
        "alpha_k": int(k),
    }


if __name__ == "__main__":
    for each in TABLES:
        write(each)
    told = {"pycanon": version("pycanon"), "tables": {each: answer(each) for each in TABLES}}
    (HERE / "answers.json").write_text(json.dumps(told, indent=1) + "\n")
