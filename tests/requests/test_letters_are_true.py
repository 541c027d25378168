"""What a letter claims, against what is left in the database when it is written."""

import pytest

from core.vault import Unreadable
from requests import answer, decisions, letters, package
from requests.models import Package
from subjects.models import DataSubject
from tests import make_office as make

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
