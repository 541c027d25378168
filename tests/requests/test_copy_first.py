"""Somebody wants a copy and a deletion: the copy comes first, and what it may need to be made again from stays."""

from datetime import timedelta

import pytest

from core.errors import DomainError
from processing.models import Purpose
from requests import answer, casework, clarification, copies, decisions, identity, moves, package, refusing
from requests.models import Package, RightsRequest
from retention.purge import purge
from subjects.models import ErasureBlock, PersonalDataItem
from tests import make_office as make
from tests import make_retention

pytestmark = pytest.mark.django_db
NOW, LATER = make.NOW, make.NOW + timedelta(days=2)


def by(now=NOW):
    return {"actor": make.OFFICER, "now": now}


@pytest.fixture
def access(mailoutbox):
    make.register()
    make.consent(make.person("newsletter", "contract-administration"))
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


@pytest.fixture
def erasure(access, mailoutbox):
    """It grants the newsletter and refuses the contract."""
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(found, **by())
    return found


def sent(access, now=NOW):
    answer.release_access(access, **by(now))
    access.refresh_from_db()
    assert access.state == "fulfilled"


def comes_first(erasure, now=LATER):
    for ask in (answer.draft, answer.execute_erasure):
        with pytest.raises(DomainError) as refusal:
            ask(erasure, **({"now": now} if ask == answer.draft else by(now)))
        assert refusal.value.code == "access-first"
    assert PersonalDataItem.objects.count() == 2


def test_one_that_is_asked_for_again_is_made_again_before_the_deletion(access, erasure):
    sent(access)
    moves.step(access, "in_progress", **by(LATER))
    comes_first(erasure)
    answer.prepare_access(access, **by(LATER))
    made = Package.objects.get(request=access)
    answer.execute_erasure(erasure, **by(LATER))
    assert PersonalDataItem.objects.count() == 1
    sent(access, LATER)
    assert Package.objects.get(request=access) == made
    assert b"Grace for newsletter" in b"".join(package.page_of(made))


def test_sending_the_answer_to_one_asked_for_again_makes_the_copy_anew(access):
    for now in (NOW, LATER):
        sent(access, now)
        assert Package.objects.get().made_at == now
        moves.step(access, "in_progress", **by(now))


def test_one_made_before_the_person_said_what_they_meant_is_not_the_one(access, erasure):
    clarification.ask(access, reason=next(iter(clarification.REASONS)), unclear="Which account?", **by())
    answer.prepare_access(access, **by())
    refusing.prepare(access, reason=refusing.NOT_ANSWERED, explanation="No answer came.", **by())
    refusing.refuse(access, **by())
    clarification.answered(access, day=LATER.date(), answer="The first.", **by(LATER))
    access.refresh_from_db()
    assert access.is_open
    comes_first(erasure)


def test_one_that_is_to_be_made_anew_is_not_made(access, erasure):
    answer.prepare_access(access, **by())
    line = decisions.lines(access, now=LATER)[0]
    decisions.decide(access, line.purpose, line.proposal.outcome, line.proposal.reason, **by(LATER))
    comes_first(erasure)


def test_one_that_nobody_sent_until_it_was_emptied_is_not_made(access, erasure):
    answer.prepare_access(access, **by())
    late = NOW + package.KEPT + timedelta(days=1)
    assert package.drop_old(now=late) == 1
    comes_first(erasure, late)


def test_one_that_was_sent_in_part_is_given(mailoutbox):
    make.register(manual=True)
    make.consent(make.person("newsletter", "contract-administration"))
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    access, erasure = case.requests.get(right="access"), case.requests.get(right="erasure")
    answer.release_access(access, **by())
    access.refresh_from_db()
    assert access.state == "partly_answered"
    late = NOW + package.KEPT + timedelta(days=1)
    package.drop_old(now=late)
    decisions.confirm_all(erasure, **by(late))
    answer.execute_erasure(erasure, **by(late))
    assert PersonalDataItem.objects.count() == 1


@pytest.fixture
def found_out(mailoutbox):
    """A part answer said that nothing was found; then somebody finds out whose case it is."""
    make.register(manual=True)
    subject = make.person("newsletter", "contract-administration")
    make.consent(subject)
    case = make.confirmed("access", email="other@example.org", mailbox=mailoutbox)
    access = case.requests.get()
    make.looked(access)
    answer.release_access(access, **by())
    access.refresh_from_db()
    assert (access.state, access.result) == ("partly_answered", {"nothing": True})
    case = identity.accept(case, how="letter", note="A code came back.", is_their_mailbox=True, **by())
    assert not copies.is_to_make(RightsRequest.objects.get(pk=access.pk)), "nobody is known yet"
    identity.tie(case, subject, **by())
    assert kept_for(access).get().subject == subject
    return RightsRequest.objects.get(pk=access.pk)


def test_who_was_told_that_nothing_was_found_and_is_known_gets_their_copy(found_out, mailoutbox):
    assert casework.gather(found_out, now=NOW).is_to_make
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(erasure, **by())
    comes_first(erasure)
    make.answered(found_out)
    sent(found_out)
    kinds = found_out.letters.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["nothing_found", "access_response"]
    assert b"Grace for newsletter" in b"".join(package.page_of(Package.objects.get(request=found_out)))
    assert not kept_for(found_out).exists()
    answer.execute_erasure(erasure, **by())
    assert PersonalDataItem.objects.count() == 1


def test_a_copy_made_while_systems_are_still_silent_is_the_next_part(found_out):
    answer.prepare_access(found_out, **by(LATER))
    answer.release_access(found_out, **by(LATER))
    found_out.refresh_from_db()
    assert (found_out.state, found_out.letters.latest("pk").kind) == ("partly_answered", "access_response")
    assert not copies.is_to_make(found_out)


def kept_for(rights_request):
    return ErasureBlock.objects.filter(placed_for=rights_request.uuid, released_at=None)


def test_what_a_deletion_leaves_is_kept_until_the_copy_is_sent(access, erasure):
    answer.prepare_access(access, **by())
    answer.execute_erasure(erasure, **by())
    [left] = PersonalDataItem.objects.all()
    assert kept_for(access).get().subject == left.subject
    rule = make_retention.rule(Purpose.objects.get(slug="contract-administration"), period="P1D")
    assert purge(rule, as_of=LATER.date(), commit=True, now=LATER).items == 0
    answer.prepare_access(access, **by(LATER))
    sent(access, LATER)
    assert not kept_for(access).exists()
    assert purge(rule, as_of=LATER.date(), commit=True, now=LATER).items == 1


def test_a_deletion_that_leaves_nothing_keeps_nothing(mailoutbox):
    make.register()
    make.consent(make.person("newsletter"))
    access = make.confirmed("access", mailbox=mailoutbox).requests.get()
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    answer.prepare_access(access, **by())
    decisions.confirm_all(erasure, **by())
    answer.execute_erasure(erasure, **by())
    assert not PersonalDataItem.objects.exists()
    sent(access)
    assert not kept_for(access).exists()


def test_a_deletion_after_the_copy_was_sent_keeps_nothing(access, erasure):
    sent(access)
    answer.execute_erasure(erasure, **by())
    assert not kept_for(access).exists()
