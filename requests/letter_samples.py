"""What each kind of letter may have to say: an example of everything its template can show.

They let staff look at a template before they need it, and the tests take each required part out of one and see that it
cannot be sent. A kind without a sample fails them.
"""

from datetime import date
from typing import Any

_DAY = date(2026, 12, 22)
_SYSTEMS = {
    "tasks": [{"name": "Customer relations", "answer": "We found data about you"}],
    "gaps": [{"name": "Mailbox", "sentence": "Somebody who can look is away until Monday."}],
}
_LINE = {
    "title": "Invoices",
    "sentence": "Tax law says how long we keep invoices.",
    "article": "Art 17(3)(b) UK GDPR",
    "retention": "Six years after the end of the financial year.",
    "note": "This is about the invoices of 2024.",
}
_FACT = {
    "title": "Contracts and invoices",
    "description": "We deliver what you ordered and send you the bill.",
    "basis": "contract",
    "interests": "",
    "categories": ["name", "e-mail address"],
    "recipients": ["Payroll Ltd"],
    "transfers": ["Ireland, adequacy regulations"],
    "retention": "Six years after the end of the contract.",
    "sources": ["you"],
}
_TOLD = {
    "told": [{"name": "Payroll Ltd"}],
    "not_told": [{"name": "Old Printers", "sentence": "The recipient no longer exists."}],
    "owed": [{"name": "Binders", "sentence": "It has not been told yet."}],
}
_CHANGE = {"title": "Name", "new": "Grace Hopper", "sentence": "", "article": "Art 16", "note": "Thank you."}
_DECISION = {
    "title": "Which orders are held back as possible fraud",
    "logic": "An order is held back when three of five marks are met, such as an address that changed today.",
    "consequences": "The order waits until it is paid in advance.",
    "involvement": "",
    "decision": "Your order of 3 November was held back.",
    "said": "You had just moved house.",
    "reasons": "You had moved, as your letter shows. The order is released.",
    "is_changed": "",
}
_STOPPED = {"stopped": ["Our newsletter"], "since": _DAY, "proofs": ["eyJhbGciOiJFZDI1NTE5In0.e30.c2ln"]}

SAMPLES: dict[str, dict[str, Any]] = {
    "acknowledgement": {
        "rights": [{"label": "Get a copy of your data", "reference": "KP-ABCD-EFGH"}],
        "due": _DAY,
        "needed": ["Tell us which other e-mail addresses you used with us."],
    },
    "id_request": {
        "doubt": "You wrote from an address that we do not know, and asked for the data of somebody we do.",
        "evidence": ["The number of your last invoice.", "Or a message from the address that we know."],
        "channel": "Answer this letter by post, or use the page that the link in our message opens.",
    },
    "clarification": {"unclear": "You asked for “the emails about the project”. Which project, and roughly when?"},
    "asked_again": {
        "asked_on": date(2026, 11, 23),
        "asked": "You asked for “the emails about the project”. Which project, and roughly when?",
        "ways": ["The number of your last invoice."],
        "closes_on": date(2027, 1, 6),
        "due": None,
    },
    "extension": {
        "reason": "Your request is complex.",
        "explanation": "What you ask for is in four systems, and in letters that are about other people, too.",
        "new_due": date(2027, 2, 22),
    },
    "fee_notice": {
        "reason": "You have had this copy twice in the last three months, and nothing has changed since.",
        "amount": "£12.50",
        "basis": "Half an hour of work at £20 an hour, and £2.50 for paper and postage.",
    },
    "refusal": {
        "ground": "The request is manifestly unfounded (Art 12(5) UK GDPR).",
        "explanation": "You wrote that you take it back if we pay you, and that you want nothing else.",
    },
    "portability_answer": {
        **_SYSTEMS,
        "available_until": _DAY,
        "rows": 12,
        "inferred": 2,
        "titles": ["Our newsletter", "Your contract"],
        "not_for": [{**_LINE, "sentence": "The law does not give this right where it requires us to use the data."}],
        "withheld": [{**_LINE, "title": "Project mail", "sentence": "It is also about somebody else."}],
        "not_sent": ["Squid Ltd"],
        "transfers": [{"name": "Octopus Ltd", "sentence": "They confirmed that they have it.", "gap": ""}],
    },
    "objection_answer": {
        **_SYSTEMS,
        "stopped": ["All direct marketing"],
        "upheld": [{**_LINE, "title": "Invitations to events", "sentence": "We have stopped.", "article": "Art 21(1)"}],
        "not_upheld": [{**_LINE, "title": "Screening for fraud", "article": "Art 21(1)"}],
        "not_for": [{**_LINE, "sentence": "The law does not give this right where it requires us to use the data."}],
    },
    "withdrawal_confirmation": _STOPPED,
    "marketing_stopped": {**_STOPPED, "stopped": ["All direct marketing"]},
    "restriction_lifting": {
        "lifted_on": _DAY,
        "reason": "You doubted your date of birth. We have seen the document, and it is right as we have it.",
        "uses": ["Contracts and invoices"],
    },
    "access_response": {
        **_SYSTEMS,
        "available_until": _DAY,
        "purposes": [_FACT],
        "withheld": [{**_LINE, "sentence": "It is advice of our lawyers.", "article": "DPA 2018 Sch 2 para 19"}],
    },
    "erasure_answer": {
        **_SYSTEMS,
        "erased": [{**_LINE, "title": "Newsletter", "sentence": "You took back your consent.", "retention": ""}],
        "kept": [_LINE],
        "erased_on": date(2026, 12, 1),
        "backups_until": date(2027, 1, 5),
        **_TOLD,
    },
    "rectification_answer": {
        **_SYSTEMS,
        **_TOLD,
        "corrected": [{**_CHANGE, "sentence": "It was wrong, and is put right."}],
        "supplemented": [{**_CHANGE, "title": "Invoice", "new": "I never lived there."}],
        "denied": [{**_CHANGE, "title": "Job title", "sentence": "It is right as we have it.", "note": ""}],
        "still_restricted": True,
        "corrected_on": _DAY,
        "backups_until": date(2027, 1, 5),
    },
    "restriction_answer": {
        **_SYSTEMS,
        **_TOLD,
        "limited": [{**_LINE, "title": "Contracts", "sentence": "You need it for a claim.", "items": 2}],
        "not_limited": [{**_LINE, "sentence": "None of the four reasons is met here."}],
    },
    "adm_answer": {
        **_SYSTEMS,
        "reviewed": [{**_DECISION, "is_changed": "yes"}],
        "not_automated": [{**_DECISION, "title": "", "involvement": "Two recruiters read every application."}],
        "changed": True,
    },
    "nothing_found": {**_SYSTEMS, "is_access": True},
    "duplicate": {"other": "KP-BCDF-GHJK", "counted_from": date(2026, 11, 22), "answer_by": _DAY},
    "general": {"message": "You asked by telephone when the office is open.\n\nIt is open from nine to five."},
    "complaint_acknowledgement": {},
    "complaint_progress": {"progress": "We have spoken to the people who sold you the licence.", "outcome_by": _DAY},
    "complaint_outcome": {
        "outcome": "Partly upheld",
        "outcome_code": "partly",
        "findings": "You were called although you had said no: that is right.\n\nYour number was not given to others.",
        "changes": "Your number is on our list of people who are not called. Everybody who calls now uses that list.",
    },
}
# Words of our own that staff may put before and after what a template says.
OWN = {"opening": "Thank you for your patience on the telephone.", "closing": "We wish you well."}
