"""What a letter claims, against what is left in the database when it is written."""

import pytest

from core.models import Controller
from core.vault import Unreadable
from requests import answer, decisions, letters, package, report
from requests.models import Package, Right
from subjects.models import DataSubject
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db


def test_the_report_of_an_erasure_says_that_the_copy_is_still_there(mailoutbox):
    make.register()
    make.person("newsletter", token="TOKEN")
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    access, erasure = (case.requests.get(right=right) for right in ("access", "erasure"))
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    decisions.confirm_all(erasure, actor=make.OFFICER, now=make.NOW)
    answer.execute_erasure(erasure, actor=make.OFFICER, now=make.NOW)
    assert not DataSubject.objects.exists()
    copy = Package.objects.select_related("request__case").get(request=access)
    assert "TOKEN" in b"".join(package.page_of(copy)).decode()
    erasure.refresh_from_db()
    said = letters.read(letters.latest(erasure))["text"]
    assert f"stays sealed for at most {package.KEPT.days} days" in " ".join(said.split())
    assert "made for you before the deletion is kept until Saturday 20 February 2027" in " ".join(said.split())
    package.drop_old(now=copy.made_at + package.KEPT + package.LIVES)
    copy.refresh_from_db()
    with pytest.raises(Unreadable):
        package.contents(copy)


@pytest.mark.parametrize(("by_post", "said"), [(True, "enclosed with this letter"), (False, "as one ZIP file")])
def test_a_copy_that_goes_by_post_is_no_file_behind_a_link(mailoutbox, by_post, said):
    make.register()
    make.person("newsletter")
    access = make.confirmed("access", mailbox=mailoutbox).requests.get()
    access.case.by_post = by_post
    access.case.save(update_fields=["by_post"])
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    letter = letters.latest(access)
    text = letters.read(letter)["text"]
    assert said in text
    assert ("available until" in text, letter.is_given) == (not by_post, not by_post)


# What somebody asked for who used this right, and what we do not owe them.
ASKED = {
    Right.ACCESS: ("You asked what we know about you.", "none that we have to give you"),
    Right.RECTIFICATION: ("You asked us to correct your data.", "none that we have to correct"),
    Right.ERASURE: ("You asked us to delete your data.", "none that we have to delete"),
    Right.RESTRICTION: ("You asked us to store your data and not to use it.", "none whose use we have to limit"),
    Right.PORTABILITY: ("You asked for your data in a form that you can take elsewhere.", "none that we have to give"),
    Right.OBJECTION: ("You objected to how we use your data.", "none that we have to stop using"),
    Right.WITHDRAWAL: ("You withdrew your consent.", "none that we use with your consent"),
    Right.ADM_REVIEW: ("You asked us to look again at a decision", "no decision that we have to look at again"),
    Right.GENERAL: ("You wrote to us about your data.", "none that we have to tell you of"),
}


@pytest.mark.parametrize("jurisdiction", ["UK", "IE"])
@pytest.mark.parametrize("right", Right)
def test_nothing_found_says_what_was_asked(right, jurisdiction):
    controller = make.controller()
    authority = {"regulator_name": "The authority", "regulator_url": "https://authority.example/"}
    if jurisdiction != "UK":
        Controller.objects.filter(pk=controller.pk).update(jurisdiction=jurisdiction, **authority)
    make_requests.system()
    found = make_requests.case(right, now=make.NOW).requests.get()
    html = letters.render("nothing_found", found, report.of_nothing(found), now=make.NOW)
    said = " ".join(letters.parts_of(html)["outcome"].split())
    opening, found_none = ASKED[right]
    assert said.startswith(opening)
    assert found_none in said
    assert not [other for one, (other, _none) in ASKED.items() if one != right and other in said]
