"""Who else is in the demo: people who do not exist, the same ones in every demo, described and not yet stored.

Each has the shape of an entry of people.yml. Surnames and streets say Testperson, addresses end in example.com, .org or
.net, telephone numbers are from the ranges that Ofcom keeps for drama. Kinds come in turns, so that a small crowd has
all of them; ages come in turns too, so that each retention rule has what is due, what is not, and what nobody knows.
"""

from functools import cache
from typing import Any

from faker import Faker

Row = dict[str, Any]
PHONES = ["+44 7700 900", "+44 1632 960", "+44 20 7946 0", "+44 113 496 0", "+44 161 496 0", "+44 131 496 0"]
LEGAL_TYPES = [("Ltd", "company"), ("& Partners", "partnership"), ("Joinery", "sole_trader"), ("Trust", "other")]
ENQUIRY = "Contact form: can your software do what our spreadsheet does?"


@cache
def _faker() -> Faker:
    return Faker("en_GB")


def somebody(number: int) -> Row:
    """The person of this number, with everything that is known about them."""
    fake = _faker()
    fake.seed_instance(number)
    first, last = fake.first_name(), fake.last_name()
    slug = "".join(char for char in first.lower() if char.isalpha())
    email = f"{slug}.testperson{number:06}@example.{('com', 'org', 'net')[number % 3]}"
    row: Row = {"number": number, "name": f"{first} Testperson-{last}", "identity": {"email": email}}
    row["phone"] = f"{PHONES[number // 1000 % len(PHONES)]}{number % 1000:03}"
    row["address"] = f"{fake.building_number()} Testperson {fake.street_suffix()}, {fake.city()}, {fake.postcode()}"
    row["job"] = fake.job()
    turn, kind = divmod(number, len(KINDS))
    return row | KINDS[kind](row, turn)


def _items(row: Row, months: int, source: str, purposes: list[str], *more: Row, **texts: str) -> list[Row]:
    known = {"name": row["name"], "email": row["identity"]["email"], **texts}
    base = {"purposes": purposes, "source": source, "months": months}
    return [{**base, "category": name.replace("_", "-"), "content": text} for name, text in known.items()] + [
        {**base, **part} for part in more
    ]


def _customer(row: Row, turn: int) -> Row:
    """A contract that runs (nobody knows its end), that ended two years ago, or more than six years ago."""
    ended, months = [(None, 30), (24, 60), (80, 100)][turn % 3]
    number = row["number"]
    contract = ["contract-administration", "product-information", "customer-support", "service-notices"]
    invoices: list[Row] = [
        {"category": "invoice", "purposes": ["contract-administration", "statutory-accounts"], "source": "product",
         "nature": "observed",
         "content": f"Invoice {number}-{months - at}: £{120 + number % 90}.00", "months": at, "system": "accounting"}
        for at in (months - 1, max(months - 13, 1))
    ]  # fmt: skip
    suffix, legal_type = LEGAL_TYPES[turn % 4]
    return {
        "identity": {**row["identity"], "phone": row["phone"], "customer_number": f"C-{number:06}"},
        "organisation": {"name": f"Testperson {turn % 60} {suffix}", "legal_type": legal_type, "months": months}
        | ({"ended": ended} if ended else {}),
        "relationship": {"role": "customer_contact", "ground": "contract", "source": "correspondence"},
        "items": [
            *_items(row, months, "correspondence", contract),
            {"category": "job-title", "purposes": contract[:3:2], "content": row["job"], "source": "correspondence"}
            | {"months": months},
            {"category": "employer", "purposes": contract[:1], "content": row["address"], "source": "correspondence"}
            | {"months": months},
            {"category": "contract", "purposes": contract[:2], "content": f"Licence L-{number}: 10 seats"}
            | {"source": "correspondence", "months": months},
            {
                "category": "account",
                "purposes": ["account-access"],
                "content": f"Account {number}",
                "nature": "observed",
            }
            | {"source": "product", "months": months},
            *invoices,
        ],
        "ends": {"what": "contract_ended_on", "months": ended} if ended else None,
        "consents": [{"form": "newsletter", "choices": {"newsletter": turn % 2 == 0, "surveys": False}, "months": 3}],
        "disclosed": {"recipient": "accountants", "categories": ["invoice"], "purpose": "statutory-accounts"}
        if turn % 4 == 0
        else None,
        "block": turn % 9 == 2,
    }


def _prospect(row: Row, turn: int) -> Row:
    """Met in person lately or long ago, or named by a directory with its evidence and never heard of since."""
    source, months = [("in_person", 3), ("in_person", 15), ("third_party", 7)][turn % 3]
    suffix, legal_type = LEGAL_TYPES[(turn + 1) % 4]
    note = "Leads a team that our software is made for and asked for a demonstration."
    items = _items(row, months, source, ["direct-sales"], job_title=row["job"], phone=row["phone"])
    for item in items:
        item["evidence"] = source == "third_party"
    return {
        "organisation": {"name": f"Testperson Prospect {turn % 40} {suffix}", "legal_type": legal_type},
        "relationship": {"role": "prospect", "ground": "mutual-interest", "source": source, "note": note},
        "items": items,
        "objects": turn % 7 == 3,
        "restriction": "accuracy" if turn % 8 == 5 else None,
    }


def _enquirer(row: Row, turn: int) -> Row:
    source, months = [("website", 2), ("website", 14), ("social_media", 5)][turn % 3]
    return {
        "relationship": {"role": "visitor", "ground": "enquiry", "source": source},
        "items": _items(row, months, source, ["contact-enquiries"], correspondence=ENQUIRY),
    }


def _subscriber(row: Row, turn: int) -> Row:
    """Consent given, refused, withdrawn lately or long ago, or run out."""
    form, months, choices, withdrawn = [
        ("newsletter", 1, {"newsletter": True, "surveys": True}, None),
        ("newsletter", 30, {"newsletter": True, "surveys": True}, 27),
        ("newsletter", 26, {"newsletter": True, "surveys": False}, None),
        ("newsletter", 9, {"newsletter": True, "surveys": True}, 2),
        ("partner-promotions", 8, {"partner-promotions": True}, None),
        ("partner-promotions", 33, {"partner-promotions": True}, 28),
        ("partner-promotions", 12, {"partner-promotions": True}, 1),
        ("newsletter", 4, {"newsletter": False, "surveys": False}, None),
    ][turn % 8]
    purposes = sorted(choices)
    return {
        "relationship": {"role": "subscriber", "ground": "consent", "source": "website"},
        "items": _items(row, months, "website", purposes),
        "consents": [{"form": form, "choices": choices, "months": months}],
        "withdraws": {"purposes": purposes, "months": withdrawn} if withdrawn else None,
    }


def _applicant(row: Row, turn: int) -> Row:
    """An application that is open, that was closed lately, or more than a year ago; some stay in the talent pool."""
    closed, months = [(None, 1), (3, 5), (14, 16)][turn % 3]
    withdrawn = [None, 2, 0][turn % 3]
    pool = [] if closed is None and turn % 2 else ["talent-pool"]
    application = f"Application for {row['job']}: CV and letter"
    return {
        "relationship": {"role": "applicant", "ground": "application", "source": "website"},
        "items": _items(row, months, "website", ["recruitment", *pool], application=application),
        "ends": {"what": "application_closed_on", "months": closed} if closed else None,
        "consents": [{"form": "talent-pool", "choices": {"talent-pool": True}, "months": months}] if pool else [],
        "withdraws": {"purposes": pool, "months": withdrawn} if pool and withdrawn is not None else None,
    }


def _employee(row: Row, turn: int) -> Row:
    """Hired after an application: at work, gone less than two years ago, or more than six."""
    ended = [None, 20, 75][turn % 3]
    application = f"Application for {row['job']}: CV and letter"
    return {
        "relationship": {"role": "employee", "ground": "hired", "source": "website"},
        "items": _items(row, 90, "website", ["employment"], application=application),
        "ends": {"what": "contract_ended_on", "months": ended} if ended else None,
    }


def _supplier(row: Row, turn: int) -> Row:
    ended = [None, 20, 75][turn % 3]
    purposes = ["supplier-management"]
    return {
        "organisation": {"name": f"Testperson Supplies {turn % 20} Ltd", "legal_type": "company"},
        "relationship": {"role": "supplier_contact", "ground": "contract", "source": "correspondence"},
        "items": _items(row, 78, "correspondence", purposes, contract=f"Framework F-{row['number']}"),
        "ends": {"what": "contract_ended_on", "months": ended} if ended else None,
    }


def _visitor(row: Row, turn: int) -> Row:
    months = [1, 14, 6][turn % 3]
    device = {"category": "device", "content": f"192.0.2.{row['number'] % 250}, Firefox, en-GB", "nature": "observed"}
    activity = {"category": "website-activity", "content": "Read: prices, imprint", "nature": "observed"}
    seen = {"source": "website", "months": months}
    return {
        "relationship": {"role": "visitor", "ground": "visit", "source": "website"},
        "items": [
            {**seen, **activity, "purposes": ["website-analytics"]},
            {**seen, **device, "purposes": ["website-analytics"]},
            {**seen, **device, "purposes": ["fraud-screening"]},
        ],
        "consents": [{"form": "website-analytics", "choices": {"website-analytics": True}, "months": months}],
    }


def _requester(row: Row, turn: int) -> Row:
    """Someone whose case or claim is still open, was closed last year, or more than six years ago."""
    ended = [None, 12, 75][turn % 3]
    letter = "Letter: asks what we hold, and disputes an invoice."
    base = {"source": "correspondence", "months": 78}
    return {
        "relationship": {"role": "customer_contact", "ground": "legal-duty", "source": "correspondence"},
        "items": [
            {"category": "name", "content": row["name"], "purposes": ["rights-requests", "security-and-legal-claims"]}
            | base,
            {
                "category": "email",
                "content": row["identity"]["email"],
                "purposes": ["rights-requests", "evidence-ledger"],
            }
            | base,
            {"category": "correspondence", "content": letter, "purposes": ["security-and-legal-claims"]} | base,
        ],
        "ends": {"what": "ended_on", "months": ended} if ended else None,
        "block": turn % 6 == 2,
    }


KINDS = [
    _customer,
    _prospect,
    _enquirer,
    _subscriber,
    _applicant,
    _employee,
    _supplier,
    _subscriber,
    _visitor,
    _requester,
    _customer,
]
