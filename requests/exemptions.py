"""The exemptions of DPA 2018 Sch 2 as data: which rights each can switch off, and what must be shown.

Arts 15(4) and 20(4), the rights of others, stand beside them; under the law of the Union they are all there is. None
applies to a category of data by itself. Each is used item by item (requests/leaving_out.py). What it does to each
right: requests/access.py and requests/exempting.py.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from requests.models import Right


class Test(StrEnum):
    """What has to be shown: likely harm, membership of a class, or that somebody else's interests weigh more."""

    PREJUDICE = "prejudice"
    CLASS = "class"
    OTHERS = "others"


@dataclass(frozen=True)
class Code:
    """`sentence` stands in the letter. `may_be_silent`: to name it can do the very harm it is there to prevent.

    `beside`: the reasons of a decision (requests/reasons.py) that rest on a part of an article it does not reach.
    `laws`: the jurisdictions whose law has it.
    """

    code: str
    paragraph: str
    label: str | Promise
    sentence: str | Promise
    rights: frozenset[Right]
    test: Test
    may_be_silent: bool = False
    beside: frozenset[str] = frozenset()
    laws: frozenset[str] = frozenset({"UK"})

    @property
    def article(self) -> str:
        return self.paragraph if self.paragraph.startswith("Art ") else f"DPA 2018 Sch 2 {self.paragraph}"


_ACCESS = frozenset({Right.ACCESS})
# Arts 15, 16, 17(1) and (2), 18(1), 20(1) and (2) and 21(1). Direct marketing (Art 21(2)) is never switched off.
_LISTED = frozenset(
    {Right.ACCESS, Right.RECTIFICATION, Right.ERASURE, Right.RESTRICTION, Right.PORTABILITY, Right.OBJECTION}
)
_RESEARCH = frozenset({Right.ACCESS, Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION})

_OTHERS = _("Sharing it would adversely affect the rights and freedoms of somebody else.")

_ALL = [
    Code(
        "others-information",
        "¶16",
        _("Information about somebody else"),
        _("It is also about somebody else, and it would not be reasonable to share it without their agreement."),
        _ACCESS,
        Test.OTHERS,
    ),
    Code(
        "crime-and-tax",
        "¶2",
        _("Crime and taxation"),
        _("Doing as you ask would be likely to hinder the prevention of crime or the collection of tax."),
        _LISTED,
        Test.PREJUDICE,
        may_be_silent=True,
    ),
    Code(
        "required-by-law",
        "¶5(1)-(2)",
        _("Disclosure that the law or a court requires"),
        _("The law or a court requires that it is disclosed, and doing as you ask would prevent that."),
        _LISTED,
        Test.PREJUDICE,
    ),
    Code(
        "legal-proceedings",
        "¶5(3)",
        _("Legal proceedings, advice, or legal rights"),
        _("It is needed for legal proceedings or legal advice, and doing as you ask would prevent that."),
        _LISTED,
        Test.PREJUDICE,
    ),
    Code(
        "privilege",
        "¶19",
        _("Legal professional privilege"),
        _("It is covered by legal professional privilege."),
        _ACCESS,
        Test.CLASS,
        may_be_silent=True,
    ),
    Code(
        "self-incrimination",
        "¶20",
        _("Self-incrimination"),
        _("Sharing it would reveal evidence of an offence by us."),
        _ACCESS,
        Test.PREJUDICE,
    ),
    Code(
        "corporate-finance",
        "¶21",
        _("Corporate finance"),
        _("It was used for a corporate finance service, and sharing it could affect a price."),
        _ACCESS,
        Test.PREJUDICE,
    ),
    Code(
        "forecasting",
        "¶22",
        _("Management forecasting or planning"),
        _("It was used for planning our business, and sharing it would be likely to harm that."),
        _ACCESS,
        Test.PREJUDICE,
    ),
    Code(
        "negotiations",
        "¶23",
        _("Negotiations with the person"),
        _("It records our intentions in negotiations with you, and sharing it would be likely to harm them."),
        _ACCESS,
        Test.PREJUDICE,
    ),
    Code(
        "confidential-reference",
        "¶24",
        _("Confidential reference"),
        _("It is a confidential reference."),
        _ACCESS,
        Test.CLASS,
    ),
    Code(
        "exam-scripts",
        "¶25",
        _("Exam scripts and marks"),
        _("It is what you wrote in an examination, or marks that are not published yet."),
        _ACCESS,
        Test.CLASS,
    ),
    Code(
        "journalism-and-arts",
        "¶26",
        _("Journalism, academic, artistic or literary purposes"),
        _("It is for publication in the public interest, and doing as you ask would not be compatible with that."),
        _LISTED,
        Test.PREJUDICE,
        # Of Art 18(1) it lists (a), (b) and (d).
        beside=frozenset({"kept-for-your-claim"}),
    ),
    Code(
        "research",
        "¶27",
        _("Research and statistics"),
        _("Doing as you ask would seriously harm research or statistics."),
        _RESEARCH,
        Test.PREJUDICE,
    ),
    Code(
        "archiving",
        "¶28",
        _("Archiving in the public interest"),
        _("Doing as you ask would seriously harm archiving in the public interest."),
        _RESEARCH | {Right.PORTABILITY},
        Test.PREJUDICE,
    ),
    # Where Sch 2 ¶16 is law, it says what Art 15(4) leaves open; it does not reach Art 20.
    Code(
        "others-copy",
        "Art 15(4)",
        _("Rights and freedoms of others"),
        _OTHERS,
        _ACCESS,
        Test.OTHERS,
        laws=frozenset({"EU"}),
    ),
    Code(
        "others-portable",
        "Art 20(4)",
        _("Rights and freedoms of others"),
        _OTHERS,
        frozenset({Right.PORTABILITY}),
        Test.OTHERS,
        laws=frozenset({"UK", "EU"}),
    ),
]
EXEMPTIONS = {code.code: code for code in _ALL}


def exemption(code: str, right: str, jurisdiction: str = "UK") -> Code:
    """Raises Invalid for a code that does not exist, does not reach this right or is not the law of the place."""
    found = EXEMPTIONS.get(code)
    if found is None or found not in for_right(right, jurisdiction):
        raise Invalid(fields={"code": _("Choose an exemption from the list.")})
    return found


def reaches(right: str, jurisdiction: str = "UK") -> bool:
    """Whether anything of this right can be left out item by item."""
    return bool(for_right(right, jurisdiction))


def for_right(right: str, jurisdiction: str = "UK") -> list[Code]:
    """Those that can switch off a right under the law of the place."""
    return [code for code in _ALL if right in code.rights and jurisdiction in code.laws]
