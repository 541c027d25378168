"""The states are the fold of the events in whatever order they arrive."""

import io
import json
from datetime import timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from consents import endings, forms, forms_hosted, importing, projection, rebuild, renewals, renewing
from consents.models import ConsentEvent, ConsentState, Status
from consents.states import order, states_of
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make

NO = {Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED, Status.INVALIDATED, Status.REVOKED}


def event(subject, purpose, status="given", *, day=0, channel="email", uuid=None):
    return ConsentEvent(
        uuid=uuid or uuid4(),
        consent=uuid4(),
        subject=subject.uuid,
        purpose=purpose.uuid,
        channel=channel,
        status=status,
        effective_at=make.NOW + timedelta(days=day),
        recorded_at=make.NOW,
        origin="direct",
        collected_by="import",
        actor=make.ACTOR,
        entry=uuid4(),
    )


def place(one):
    return order(ConsentState(status=one.status, effective_at=one.effective_at, event=one.uuid))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(Status.values),
        st.integers(0, 3),
        st.sampled_from(["", "email"]),
        st.integers(0, 1),
        st.uuids(version=4),
    ),
    max_size=12,
    unique_by=lambda one: one[4],
)


class Interleavings(TestCase):
    """Any arrival order, in any batches, gives the fold; a later "no" never becomes a "yes"."""

    @settings(max_examples=60, deadline=None)
    @given(EVENTS, st.data())
    def test_any_interleaving_gives_the_fold(self, drawn, data):
        purposes = [make.live("newsletter"), make.live("surveys")]
        subject = DataSubject.objects.create()
        events = [event(subject, purposes[p], s, day=d, channel=c, uuid=u) for s, d, c, p, u in drawn]
        arriving = data.draw(st.permutations(events))
        while arriving:
            size = data.draw(st.integers(1, len(arriving)))
            projection.append(arriving[:size])
            arriving = arriving[size:]
        for state in ConsentState.objects.filter(subject=subject.uuid):
            same = [e for e in events if (e.purpose, e.channel) == (state.purpose.uuid, state.channel)]
            stands = max(
                same, key=lambda e: order(ConsentState(status=e.status, effective_at=e.effective_at, event=e.uuid))
            )
            assert state.event == stands.uuid
            if state.status in (Status.GIVEN, Status.RENEWED):
                assert not [e for e in same if e.status in NO and e.effective_at >= state.effective_at]
        assert (
            len({(e.purpose, e.channel) for e in events}) == ConsentState.objects.filter(subject=subject.uuid).count()
        )
        assert rebuild.differences() == 0


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["give", "refuse", "withdraw", "object", "import", "import-no", "expire", "renew", "outgrow"]),
        st.integers(0, 6),
    ),
    max_size=8,
)
STOPS = ("withdraw", "object", "import-no")
PROVED = ("give", "refuse", *STOPS)
EMAIL = "ada@example.com"
# Near the end of what was given, so that it can be renewed.
SOON = timedelta(days=700)


def act(what, at):
    """One thing that happens, by the door that it comes through."""
    claims = [Claim("email", EMAIL)]
    match what:
        case "give" | "refuse":
            make.captured(
                EMAIL, choices={"newsletter-email": what == "give"}, given_at=at.isoformat(), now=make.days(9)
            )
        case "withdraw" | "object":
            purposes = "all-marketing" if what == "object" else ["newsletter"]
            withdraw(claims, purposes=purposes, now=make.days(9), since=at, actor=make.ACTOR)
        case "import" | "import-no":
            row = {"email": EMAIL, "purpose": "newsletter", "channel": "email", "at": at.isoformat(), "evidence": "F1"}
            row["status"] = "given" if what == "import" else "withdrawn"
            file = io.BytesIO(json.dumps(row).encode())
            importing.take_rows(file, is_csv=False, actor=make.ACTOR, now=make.days(9))
        case "expire":
            endings.expire_due(now=make.days(800))
        case "renew":
            renewing.renew(Recipient(EMAIL, ""), ["join:newsletter-email"], address=str, now=at + SOON)
        case "outgrow":
            changed = make.draft(controls=[make.control(hint=f"{at}")])
            forms.publish(changed, now=at, actor=make.ACTOR, asks_again=["newsletter-email"], until=at)
            renewals.end_due(now=make.days(9))


def page(at, *, choice):
    """An answer on our own page, by somebody who has shown nothing."""
    data = make.body(EMAIL, choices={"newsletter-email": choice})
    forms_hosted.submit(data, address=str, collected_by="hosted_form", actor="public", now=at)


class Doors(TestCase):
    """Through the real doors, in any order of arrival."""

    @settings(max_examples=25, deadline=None)
    @given(ACTS)
    @example([("refuse", 0), ("import", 0)])
    def test_no_interleaving_turns_a_later_no_into_a_yes(self, acts):
        make.published()
        for number, (what, day) in enumerate(acts):
            act(what, make.days(day) + timedelta(seconds=number))
            assert rebuild.differences() == 0
        noes = [make.days(day) + timedelta(seconds=n) for n, (what, day) in enumerate(acts)
                if what in ("refuse", "withdraw", "object", "import-no")]  # fmt: skip
        renewed = list(ConsentEvent.objects.filter(status="renewed").values_list("effective_at", flat=True))
        yeses = [make.days(day) + timedelta(seconds=n) for n, (what, day) in enumerate(acts) if what == "give"]
        # A renewal is a "yes" like any other, later than whatever was said before it. So is what was said to another
        # tool after a mere refusal; after a withdrawal or an objection only the person's own "yes" to us is.
        own = yeses + renewed
        stops = [make.days(day) + timedelta(seconds=n) for n, (what, day) in enumerate(acts)
                 if what in ("withdraw", "object", "import-no")]  # fmt: skip
        if not stops or max(own, default=max(stops)) > max(stops):
            own += [make.days(day) + timedelta(seconds=n) for n, (what, day) in enumerate(acts) if what == "import"]
        for now in (make.days(9), make.days(750), make.days(900)):
            said = make.reason(EMAIL, now=now)
            if noes and not [at for at in own if max(noes) < at <= now]:
                assert not said.startswith("+"), (acts, now, said)
            if not yeses and "import" not in {what for what, _day in acts}:
                assert not said.startswith("+"), (acts, now, said)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from([*PROVED, "import", "page", "page-no"]), st.integers(0, 6)), max_size=8))
    @example([("give", 0), ("object", 1), ("page", 2)])
    @example([("refuse", 0), ("page-no", 1), ("page", 2)])
    def test_no_interleaving_lets_a_stranger_take_back_a_no(self, acts):
        """Whoever types in the address changes nothing that its owner stopped, whatever was said before."""
        make.published()
        said = []
        for number, (what, day) in enumerate(acts):
            at = make.days(day) + timedelta(seconds=number)
            if what not in ("page", "page-no"):
                act(what, at)
                said.append((at, what))
                continue
            # Nobody there can date an answer back.
            at = make.days(8) + timedelta(seconds=number)
            page(at, choice=what == "page")
            stops, yeses = ([at for at, what in said if what in kinds] for kinds in (STOPS, ("give", "import")))
            refusals = [at for at, what in said if what == "refuse"]
            own = [at for at, what in said if what == "give"]
            stops_it = stops and max(stops) >= max(own, default=max(stops))
            if stops_it or (refusals and max(refusals) >= max(yeses, default=max(refusals))):
                assert not make.reason(EMAIL, now=make.days(9)).startswith("+"), acts
            elif what == "page":
                # Nothing stood, so it counts like anybody's, and what is dated before it does not undo it.
                said.append((at, "give"))
            assert rebuild.differences() == 0


@pytest.mark.django_db
def test_at_the_same_instant_no_wins_whichever_came_first():
    purpose = make.live()
    for first, second in ((Status.GIVEN, Status.WITHDRAWN), (Status.WITHDRAWN, Status.GIVEN)):
        subject = DataSubject.objects.create()
        projection.append([event(subject, purpose, first)])
        projection.append([event(subject, purpose, second)])
        assert ConsentState.objects.get(subject=subject.uuid).status == Status.WITHDRAWN


@pytest.mark.django_db
def test_being_asked_again_does_not_end_a_consent():
    subject, purpose = DataSubject.objects.create(), make.live()
    projection.append([event(subject, purpose, Status.GIVEN), event(subject, purpose, Status.REQUESTED, day=2)])
    assert ConsentState.objects.get().status == Status.GIVEN


@pytest.mark.django_db
def test_an_answer_about_every_channel_covers_the_single_ones():
    subject, purpose = DataSubject.objects.create(), make.live()
    projection.append([event(subject, purpose), event(subject, purpose, Status.WITHDRAWN, day=1, channel="")])
    assert [(one.channel, one.status) for one in states_of(subject)] == [("email", "withdrawn")]


@pytest.mark.django_db
def test_a_yes_to_every_channel_stands_beside_what_was_said_of_one_since_and_for_what_was_said_before():
    subject, purpose = DataSubject.objects.create(), make.live()
    every = event(subject, purpose, day=1, channel="")
    said = event(subject, purpose, Status.WITHDRAWN, channel="sms"), event(subject, purpose, Status.WITHDRAWN, day=2)
    projection.append([every, *said])
    assert [(one.channel, one.status) for one in states_of(subject)] == [("", "given"), ("email", "withdrawn")]


@pytest.mark.django_db
def test_rebuilding_finds_and_mends_what_somebody_changed():
    make.published()
    make.captured()
    make.captured("bob@example.com")
    call_command("consents", "rebuild", "--check", stdout=StringIO())
    ConsentState.objects.filter(pk=ConsentState.objects.first().pk).update(status="refused")
    ConsentState.objects.last().delete()
    with pytest.raises(CommandError):
        call_command("consents", "rebuild", "--check", stdout=StringIO())
    out = StringIO()
    call_command("consents", "rebuild", stdout=out)
    assert out.getvalue().startswith("2 states")
    assert rebuild.differences() == 0
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"given"}


@pytest.mark.django_db
def test_people_who_are_gone_are_not_rebuilt():
    purpose = make.live()
    ghost = DataSubject(uuid=UUID(int=7))
    projection.append([event(ghost, purpose)])
    assert not ConsentState.objects.exists()
    assert rebuild.rebuild() == 0


@pytest.mark.django_db
def test_events_are_append_only():
    make.published()
    make.captured()
    for sql in ("UPDATE consents_consentevent SET status = 'refused'", "DELETE FROM consents_consentevent"):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(sql)
    assert ConsentEvent.objects.get().status == "given"
