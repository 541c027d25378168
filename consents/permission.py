"""May we do this with this person's data, now? One answer for every caller, with its reason and what proves it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from consents import permission_sql
from consents.kinds import Kinds
from consents.models import Status
from consents.verdicts import Facts, Reason, Rules, Verdict, decide
from core.errors import Invalid, NotFound
from core.prepared import Row
from processing.models import Basis, Channel
from subjects import lawful_uses
from subjects.identifiers import Claim, texts_of
from subjects.models import DataSubject, Identifier, RestrictedUse

MOST_VALUES = 100_000
# The verdict on one person (their number, if we know them) behind a value, and what else is asked of all of them.
Found = tuple[int | None, Verdict]
Judge = Callable[[Sequence[Found]], Sequence[Verdict]]
# Without a channel, marketing is judged for the channel that the identifier itself is.
NATURAL_CHANNEL = {Identifier.Type.EMAIL.value: Channel.EMAIL.value, Identifier.Type.PHONE.value: Channel.PHONE.value}


class UnknownPurpose(NotFound):
    code = "unknown-purpose"
    message = _("There is no purpose of this name.")


def assessment_grace() -> timedelta:
    """How long marketing goes on after a review fell due."""
    return timedelta(days=getattr(settings, "ASSESSMENT_GRACE_DAYS", 30))


def may_process(
    who: DataSubject | Claim, purpose: str, channel: str = "", *, use: UUID | None = None, now: datetime
) -> Verdict:
    """The verdict about one person. A claim is judged like any value of a list: strictest first.

    `use`: a recorded use of what is restricted (Art 18(2)). It allows that use, of that person's data, until it ends.
    """
    if isinstance(who, Claim):
        return check(purpose, channel, who.type, [who.value], system=who.system, use=use, now=now)[0]
    asked = permission_sql.rules_and_person(purpose, who.pk)
    question = _Question.about(asked, channel, use=use, now=now)
    return question.verdict(permission_sql.facts_of(question.parameters(), who.pk, question.theirs))


def may_be_asked(type: str, values: Sequence[str]) -> None:
    """Raises Invalid naming what is wrong with the question, whatever the answer would be."""
    if type not in Identifier.Type.values:
        raise Invalid(fields={"type": _("This kind of identifier is unknown.")})
    if len(values) > MOST_VALUES:
        raise Invalid(fields={"values": _("Ask about 100,000 values at most.")})


def check(
    purpose: str,
    channel: str,
    type: str,
    values: Sequence[str],
    *,
    now: datetime,
    system: str = "",
    use: UUID | None = None,
    is_message: bool = True,
    judge: Judge | None = None,
    told: Callable[[Verdict], object] | None = None,
) -> list[Verdict]:
    """The verdicts about these values, in their order. Three queries, two more with a use. Of more than a few, two more
    for every 25,000 values beyond the first, and as many again where people share something with others.

    A value that several people share is judged by the strictest verdict among them, each with everything that is
    theirs. A value that is not a possible identifier is nobody's. Without `is_message` nobody is written to, so the
    kind of identifier is no channel.
    What `judge` says of each person counts before the strictest is found. `told` hears of every verdict while others
    are still looked for.
    """
    may_be_asked(type, values)
    texts = texts_of(type, values, system=system)
    asked = permission_sql.rules_and_people(purpose, type, system, {text for text in texts if text})
    question = _Question.about(asked, channel or "", now=now, type=type if is_message else "", use=use)
    found: Iterable[tuple[bytes, int | None, Verdict]] = _each(question, texts, type, system)
    if judge:
        people = list(found)
        judged = judge([(person, verdict) for _text, person, verdict in people])
        found = [(text, person, verdict) for (text, person, _), verdict in zip(people, judged, strict=True)]
    verdicts: dict[bytes | None, Verdict] = {}
    for text, _person, verdict in found:
        if told:
            told(verdict)
        other = verdicts.setdefault(text, verdict)
        if other is not verdict and strictness(verdict) < strictness(other):
            verdicts[text] = verdict
    nobody = question.verdict(Facts(known=False))
    return [verdicts.get(text, nobody) for text in texts]


def _each(
    question: "_Question", texts: Sequence[bytes | None], type: str, system: str
) -> Iterator[tuple[bytes, int | None, Verdict]]:
    """Every person behind each of these, and the verdict on them; no person where only a "no" is known."""
    asked = dict.fromkeys(text for text in texts if text)
    params = {**question.parameters(), "type": type, "system": system}
    kinds = Kinds(question.verdict, on_consent=question.rules.basis == Basis.CONSENT, now=question.now)
    used_of = question.use.subject_id if question.use else None
    for text, row, noes in permission_sql.people_by_text(params, asked, question.theirs):
        verdict = None if row is None or noes or row[1] == used_of else kinds.verdict(row)
        if verdict is None:
            facts = permission_sql.facts_in(row, noes, used_of) if row else Facts(known=False, noes=noes)
            verdict = question.verdict(facts)
        yield text, row[1] if row else None, verdict


def strictness(verdict: Verdict) -> tuple[bool, bool, float]:
    """The strictest sorts first: a refusal, then what leaves items out, then what ends soonest."""
    until = verdict.valid_until.timestamp() if verdict.valid_until else float("inf")
    return verdict.allowed, not verdict.partly_restricted, until


@dataclass(frozen=True)
class _Question:
    """Purpose, channel and moment: what is the same for everybody asked about."""

    purpose: int
    rules: Rules
    channel: str
    now: datetime
    today: date
    grace: timedelta
    # What those are known by whom the first query already found.
    theirs: list[Row]
    use: RestrictedUse | None = None
    # The use is of what an exemption spared when an objection was upheld (DPA 2018 Sch 2). Never of marketing.
    is_spared: bool = False

    @classmethod
    def about(
        cls,
        asked: permission_sql.Asked | None,
        channel: str,
        *,
        now: datetime,
        type: str = "",
        use: UUID | None = None,
    ) -> "_Question":
        """Raises UnknownPurpose, or Invalid for a channel that does not exist."""
        if channel and channel not in Channel.values:
            raise Invalid(fields={"channel": _("This channel does not exist.")})
        if asked is None:
            raise UnknownPurpose
        purpose, rules, theirs = asked
        if not channel and rules.direct_marketing:
            channel = NATURAL_CHANNEL.get(type, "")
        named = lawful_uses.find(use, now=now) if use else None
        # One that is over, or was recorded for another purpose, opens nothing.
        named = named if named and named.purpose_id == purpose else None
        spared = named is not None and not rules.direct_marketing and lawful_uses.outlives_objection(named)
        # A review falls due, and a relationship ends, on a day where the controller is.
        today = now.astimezone(rules.zone).date()
        return cls(purpose, rules, channel, now, today, assessment_grace(), theirs, named, spared)

    def parameters(self) -> dict[str, object]:
        return permission_sql.parameters(
            self.purpose, self.rules, channel=self.channel, today=self.today, now=self.now, use=self.use
        )

    def verdict(self, facts: Facts) -> Verdict:
        if self.use and self.is_spared and facts.is_used:
            facts = _spared(facts, self.use)
        found = decide(self.rules, facts, channel=self.channel, now=self.now, today=self.today, grace=self.grace)
        if self.use is None or not facts.is_used or not found.allowed:
            return found
        until = min(found.valid_until or self.use.until, self.use.until)
        return found._replace(reason=Reason.RESTRICTED_USE, evidence=self.use.uuid, valid_until=until)


def _spared(facts: Facts, use: RestrictedUse) -> Facts:
    """Without the objection that does not reach these records, and what ended with it. A later one counts."""
    noes = [no for no in facts.noes if not no.is_objection or no.since > use.since]
    choice = facts.choice
    if choice and choice.status == Status.WITHDRAWN and choice.effective_at <= use.since:
        choice = None
    relationship, ground = facts.relationship or use.uuid, facts.ground or "exempt"
    return facts._replace(noes=noes, choice=choice, relationship=relationship, ground=ground)
