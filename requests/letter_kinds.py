"""The kinds of letters, and what each must contain (UK GDPR Arts 12, 12A, 15 and 19; DPA 2018 s.164A).

A part is an element marked `data-part` in the template; the words, if any, must stand in it. One table, so that the
law's list can be read in one place.
"""

VERSION = 1
Required = dict[str, tuple[str, ...]]

# Art 12(4) as amended by DUAA Sch 10: complain to us, to the Commissioner, go to court.
ROUTES: Required = {"complain-to-us": ("164A",), "complain-to-commissioner": ("165",), "court": ("court",)}
_HEAD: Required = {"reference": (), "received": ()}
# Art 15(1)(a) to (h) and (2).
_FACTS: Required = dict.fromkeys(
    (
        "confirmation",
        "copy",
        "purposes",
        "categories",
        "recipients",
        "transfers",
        "retention",
        "your-rights",
        "source",
        "automated-decisions",
        "searched",
    ),
    (),
)
REQUIRED: dict[str, Required] = {
    "access_response": {**_HEAD, **_FACTS, **ROUTES},
    "erasure_answer": {**_HEAD, **ROUTES, "outcome": (), "recipients": (), "record": (), "searched": ()},
    "nothing_found": {**_HEAD, **ROUTES, "searched": (), "outcome": (), "next": ()},
}
# Needed as soon as the letter has something to say about it.
WHEN: dict[str, tuple[str, ...]] = {
    "withheld": ("withheld",),
    "gaps": ("gaps",),
    "erased": ("erased", "backups"),
    "kept": ("kept",),
}
