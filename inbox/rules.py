"""What a message may be, guessed from its words and its sender, with the reasons. Staff confirm; nothing acts on this.

Nobody needs magic words: where no rule speaks, a message is a question about privacy, and somebody reads it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.models import Automatic, Kind
from inbox.reading import Message
from requests.models import Right

MY = r"(?:my|our|his|her|their|any|all(?: of)?(?: the| my)?|the)"
DATA = r"(?:personal |customer )?(?:data|information|details|records?|accounts?|profile)"


@dataclass(frozen=True)
class Rule:
    """Words that speak for a kind. `code` is stored as the reason, `label` is what staff read."""

    code: str
    kind: Kind
    label: str | Promise
    words: str = ""
    sender: str = ""
    right: Right | None = None
    # Speaks only of somebody who waits for an answer of ours, and never of what a machine may have written.
    while_waiting: bool = False


def _right(right: Right, label: str | Promise, words: str) -> Rule:
    return Rule(f"right-{right.value}", Kind.RIGHTS, label, words, right=right)


COMPLAINT, UNANSWERED = "words-complaint", "words-unanswered"
NOT = r"(?:not|never|haven'?t|hasn'?t|hadn'?t)"
# How people say that we did not answer them. It means nothing of somebody to whom no answer is owed.
NOT_ANSWERED = (
    r"(?:nobody|no[ -]one|none of you) (?:(?:has|have|had) )?(?:(?:ever|even|yet|still|just) )*"
    r"(?:answer(?:ed|s)|repl(?:ied|ies)|respond(?:ed|s)|got(?:ten)? back|c[ao]me back|contacted me|been in touch)",
    rf"(?:no|without (?:a|any|an)|{NOT}(?: \w+){{0,3}}?(?: a| any| an| your)?) (?:(?:single|proper|further) )?"
    r"(?:answer|reply|response|word from you|news from you)",
    rf"(?:{NOT}|didn'?t|did not|failed to) (?:\w+ ){{0,2}}?"
    r"(?:answer(?:ed)?|repl(?:y|ied)|respond(?:ed)?|heard (?:back|anything|from you)|(?:g[eo]t|come) back to me)",
    r"(?:still|been|am|are|kept) waiting\b",
    r"(?:i am|i'm|we are|we're|been|being|you) ignor(?:ed|ing|e)|ignor(?:ed|ing) (?:me|us|my)",
    r"(?:is|are|was|now|long|already|\w+ (?:days|weeks|months?)) overdue",
    r"(?:deadline|time limit|month|30 days) (?:has|have|is|are|was) (?:\w+ )?(?:passed|expired|over|up|gone)",
    r"(?:missed|past|after) (?:your|the) deadline",
)
# In the order in which they count: the first that speaks names the kind.
RULES = (
    Rule(
        "sender-authority",
        Kind.AUTHORITY,
        _("The sender belongs to a regulator, the police or a court"),
        sender=r"(?:^|[.@])(?:ico\.org\.uk|(?:[a-z0-9-]+\.)*police\.uk|cjsm\.net|judiciary\.uk|justice\.gov\.uk|"
        r"nationalcrimeagency\.gov\.uk|dataprotection\.ie|edpb\.europa\.eu)$",
    ),
    Rule(
        "words-authority",
        Kind.AUTHORITY,
        _("Speaks of a warrant, a court order, or acts for a client"),
        r"\b(?:production order|witness summons|court order|search warrant|schedule 2,? (?:part 1,? )?paragraph 2|"
        r"request (?:to|for) (?:external|third party) organisation|we (?:act|are instructed) (?:for|on behalf of|by)|"
        r"letter (?:before|of) (?:action|claim)|information notice|our client)\b",
    ),
    Rule(
        "words-breach-notice",
        Kind.BREACH,
        _("Tells us of a breach at a supplier"),
        r"\b(?:(?:personal )?data breach (?:notification|notice)|(?:notif\w+ (?:you )?|(?:inform|advise|tell) you )"
        r"(?:of|about) (?:a|an) (?:\w+ ){0,3}(?:breach|incident)|"
        r"(?:security|data|cyber) incident (?:notification|notice|report|affect)|"
        r"article 33\(2\)|affected your (?:data|customers)|ransomware|"
        r"unauthori[sz]ed (?:party|person|access to (?:our|the)))",
    ),
    Rule(
        "words-processor",
        Kind.PROCESSOR,
        _("Speaks of data that we hold for another controller"),
        r"\b(?:you (?:are|act as) (?:a|the|their|our)(?: data)? processor|"
        r"as (?:a|the|their|our)(?: data)? processor|on behalf of (?:our|your) customer|"
        r"(?:the )?(?:data )?controller is)\b",
    ),
    _right(
        Right.ACCESS,
        _("Asks for a copy, or for what we hold"),
        rf"\b(?:d?sar\b|(?:data )?subject access|right of access|article 15|cop(?:y|ies) of {MY} (?:\w+ ){{0,3}}{DATA}|"
        rf"(?:what|which|all the|any) (?:\w+ ){{0,2}}{DATA} (?:that )?(?:do )?you (?:\w+ )?(?:hold|have|keep|store)|"
        rf"everything you (?:hold|have) (?:on|about)|send me everything|see {MY} {DATA})",
    ),
    _right(
        Right.ERASURE,
        _("Asks for deletion"),
        rf"\b(?:(?:delet|eras|destroy|wip|purg)\w* (?:\w+ ){{0,4}}{DATA}|right to (?:be forgotten|erasure)|article 17|"
        rf"remove {MY} {DATA}|forget me|close {MY} account and delete|(?:delete|erase) (?:me|everything)|"
        r"(?:then|and) (?:delete|erase) (?:it|them) (?:all|afterwards|after that))",
    ),
    # Whoever wants to be gone takes back every consent: that is in force at once, and the deletion is weighed later.
    _right(
        Right.WITHDRAWAL,
        _("Wants to be gone altogether, which takes back every consent at once"),
        r"\b(?:delete|erase|forget) me\b",
    ),
    _right(
        Right.RECTIFICATION,
        _("Says that something is wrong and asks for correction"),
        rf"\b(?:article 16|rectif\w+|"
        rf"(?:correct|update|amend|change) {MY} (?:\w+ ){{0,2}}(?:{DATA}|address|name|number)|"
        rf"{DATA} (?:is|are) (?:wrong|incorrect|inaccurate|out of date))",
    ),
    _right(
        Right.RESTRICTION,
        _("Asks us to limit what we do with data"),
        rf"\b(?:article 18|restrict(?:ion)? (?:of |the )?(?:processing|use)|"
        rf"(?:restrict|limit|freeze) (?:\w+ ){{0,3}}{DATA})",
    ),
    _right(
        Right.PORTABILITY,
        _("Asks to take data along"),
        rf"\b(?:article 20|data portab\w+|portab(?:le|ility)|machine[- ]readable|transfer {MY} {DATA} to)",
    ),
    _right(
        Right.OBJECTION,
        _("Objects"),
        rf"\b(?:article 21|(?:i|we) object to|right to object|stop (?:processing|using) {MY} {DATA})",
    ),
    _right(
        Right.ADM_REVIEW,
        _("Asks for a decision to be looked at by a person"),
        r"\b(?:article 22|automated (?:decision|processing)|human (?:review|intervention)|"
        r"decided by (?:a |an )?(?:computer|algorithm))",
    ),
    Rule(
        COMPLAINT,
        Kind.COMPLAINT,
        _("Complains"),
        r"\b(?:complain(?:t|ts|ing)?|report(?:ing)? (?:you|this|it) to the (?:ico|information commissioner|regulator)|"
        r"(?:un|dis)(?:happy|satisfied) (?:with|about|at) (?:how|the way)|"
        r"you (?:have )?(?:breached|misused|leaked|shared) my)\b",
    ),
    Rule(
        UNANSWERED,
        Kind.COMPLAINT,
        _("Says that we did not answer, while something of theirs is open"),
        rf"\b(?:{'|'.join(NOT_ANSWERED)})",
        while_waiting=True,
    ),
    Rule(
        "words-opt-out",
        Kind.WITHDRAWAL,
        _("Wants no more marketing"),
        r"\b(?:unsubscrib\w*|opt(?:ing)?[- ]?(?:me )?out|stop (?:e-?mailing|mailing|sending|contacting|texting|calling|"
        r"spamming|marketing)|(?:take|remove) me (?:off|from)|no (?:more|further) (?:e-?mails?|marketing|newsletters?)|"
        r"do(?: not|n't) (?:e-?mail|contact|market)|off your (?:mailing )?list)",
    ),
    Rule(
        "words-withdrawal",
        Kind.WITHDRAWAL,
        _("Withdraws a consent"),
        r"\b(?:withdraw\w*|revok\w*|take back) (?:\w+ ){0,3}consent|\bno longer (?:consent|agree)\b",
    ),
)
FOR_ANOTHER = "for-another"
MARKS = {
    FOR_ANOTHER: _("Somebody writes for another person: the sender is not whose data it is"),
    "from-junk": _("It lay in the junk folder"),
    "marked-spam": _("The server calls it spam"),
    "sent-to-many": _("It was sent to many"),
    "no-words": _("It has no words of its own"),
    "no-rule": _("No rule recognises it: somebody must read it"),
    "reply": _("It names a case, or answers what we sent"),
    "unsubscribe": _("It carries the mark of a mail of ours from which the reader unsubscribes"),
    "bounce": _("It says that a message of ours was not delivered"),
    "automatic": _("A machine sent it"),
    "own": _("We sent it ourselves"),
    "forwarded": _("Somebody passed it on: the sender is not the person who asks"),
    "partial": _("It is too large: the rest is still on the server"),
    "broken": _("It is not well formed: look at the message itself"),
}
LABELS = {rule.code: rule.label for rule in RULES} | MARKS
FAMILY = r"(?:child|son|daughter|mother|father|parents?|husband|wife|partner|brother|sister)"
ANOTHERS = re.compile(
    rf"\b(?:(?:my|our) client\b(?! (?:number|id|account|area|reference))|on behalf of (?:my|our) (?:client|{FAMILY})\b|"
    rf"on behalf of (?:mr|mrs|ms|miss|mx|dr)\b|(?:i|we) (?:act|am acting|are acting|are instructed|am instructed) "
    rf"(?:for|by|on behalf of)\b|(?:the )?(?:data|records?|account|information) of (?:my|our) {FAMILY}\b|"
    rf"(?:my|our) {FAMILY}\W?s\W? {DATA}\b)",
    re.I,
)
# Mail programs that answer by themselves and do not say so (RFC 3834): they speak of replies, and complain of nothing.
MACHINE_TALK = re.compile(
    r"\b(?:out of (?:the )?office|annual leave|on (?:leave|holiday|vacation)|auto(?:matic(?:ally)?|mated|[- ]?reply)|"
    r"(?:do|does) not (?:reply|respond) to this|don'?t reply to this|no[- ]?reply@|unmonitored|not monitored|"
    r"(?:we|i) (?:will|aim to|shall|try to) (?:get back|reply|respond|answer)|"
    r"ticket (?:has been|was) (?:created|opened)|"
    r"(?:no|not need (?:a|any|to)|don'?t need (?:a|any|to)|without a) (?:reply|response|answer) (?:is |was )?"
    r"(?:needed|required|necessary|expected))",
    re.I,
)
QUOTED = re.compile(r"^[ \t]*>.*$", re.M)
ANSWERED = re.compile(r"^On .{10,120}wrote:\s*$", re.M | re.S)
_compiled = {
    rule.code: (
        re.compile(rule.words, re.I) if rule.words else None,
        re.compile(rule.sender, re.I) if rule.sender else None,
    )
    for rule in RULES
}


@dataclass(frozen=True)
class Suggestion:
    kind: Kind
    rights: list[str]
    reasons: list[str]


def suggest(
    message: Message,
    *,
    is_junk: bool = False,
    machine: str = "",
    whole: bool = False,
    is_waiting: Callable[[], bool] = lambda: False,
) -> Suggestion:
    """The likeliest kind, every right that is spoken of, and the codes of the rules that said so.

    `whole` also reads what is quoted: in a forwarded message that is where the person speaks. `is_waiting`: whether
    something of the sender's is open; asked only where it counts.
    """
    text = f"{message.subject} {message.text}" if whole else own_words(message)
    spoken = list(_speaking(message, text, lambda: not machine and is_waiting()))
    reasons = [rule.code for rule in spoken]
    rights = [rule.right.value for rule in spoken if rule.right]
    marks = _spam_marks(message, is_junk, machine)
    another = [FOR_ANOTHER] if not whole and ANOTHERS.search(" ".join(own_words(message).split())) else []
    if spoken:
        return Suggestion(spoken[0].kind, rights, [*reasons, *another, *marks])
    if marks:
        return Suggestion(Kind.SPAM, [], marks)
    return Suggestion(Kind.QUERY, [], ["no-rule" if message.text else "no-words", *another])


def own_words(message: Message) -> str:
    """Subject and text without what is quoted from somebody else's mail."""
    text = ANSWERED.split(message.text)[0]
    return f"{message.subject}\n{QUOTED.sub('', text)}"


def _speaking(message: Message, text: str, is_waiting: Callable[[], bool]) -> Iterator[Rule]:
    text = " ".join(text.replace("\u2019", "'").split())
    for rule in RULES:
        words, sender = _compiled[rule.code]
        if (words and words.search(text)) or (sender and message.address and sender.search(message.address)):
            if rule.while_waiting and (MACHINE_TALK.search(text) or not is_waiting()):
                continue
            yield rule


def _spam_marks(message: Message, is_junk: bool, machine: str) -> list[str]:
    says_spam = message.header("x-spam-flag").strip().lower() == "yes"
    found = [("from-junk", is_junk), ("marked-spam", says_spam), ("sent-to-many", machine == Automatic.BULK)]
    return [code for code, is_so in found if is_so]
