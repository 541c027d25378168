"""The whole journey on the stack of `make run`: from consent to provable erasure, and still there after a restart.

One test, because each step stands on the one before it. PICTURES=FOLDER keeps a picture of every page, twice.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import pytest

from tests.e2e.browser import Person, link_in, mail_to, opened, pictures_folder
from tests.e2e.people import PAST_APPLICANT
from tests.stack.stack import RunningStack
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.browser]
ADDRESS = "journey.testperson@example.org"
OTHER = "somebody.else@example.org"
APPLICANT = "past.testperson@example.org"
INVOICE = "Invoice 7001: £120.00"
QUESTION = "Asked how to change a colour."


class Api:
    def __init__(self, stack: RunningStack) -> None:
        headers = {"Authorization": f"Api-Key {stack.api_key}"}
        self.client = httpx.Client(base_url=f"{stack.base_url}/api/v1/", headers=headers, timeout=PATIENCE)

    def post(self, path: str, body: dict, status: int) -> dict:
        answer = self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str) -> dict:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def may_mail(self, address: str) -> dict:
        body = {"purpose": "newsletter", "channel": "email", "type": "email", "values": [address]}
        return self.post("permissions/check/", body, 200)["results"][0]

    def consent(self, address: str) -> dict:
        form = self.get("forms/newsletter/?locale=en-GB")
        return self.post(
            "consents/",
            {
                "form": form["slug"], "version": form["version"], "locale": form["locale"],
                "identity": {"email": address},
                "choices": {control["key"]: control["key"] == "newsletter" for control in form["controls"]},
                "source": {"channel": "website", "url": "https://example.org/news"},
            },
            201,
        )  # fmt: skip

    def collect(self, address: str, items: dict[str, tuple[list[str], str]]) -> dict:
        now = datetime.now(UTC).isoformat()
        return self.post(
            "collect/",
            {
                "identity": {"email": address},
                "notice": self.get("forms/newsletter/")["notice"],
                "items": [
                    {"category": category, "purposes": purposes, "content": content, "source": "correspondence",
                     "nature": "provided", "collected_at": now}
                    for category, (purposes, content) in items.items()
                ],
            },
            201,
        )  # fmt: skip


def file_request(person: Person, right: str, address: str) -> str:
    """The public flow, one question a page; returns the reference."""
    person.open("/").follow("Make a request")
    person.page.get_by_label(right).check()
    person.press("Continue")
    person.page.get_by_role("textbox").fill("Testperson Journey")
    person.press("Continue")
    person.page.get_by_role("textbox").fill(address)
    person.press("Continue").press("Continue")
    person.sees("Check your answers", "Testperson Journey", address).press("Send request")
    person.sees("Request received")
    return re.search(r"KP-\w{4}-\w{4}", person.text)[0]


def confirm(person: Person, reference: str, address: str) -> None:
    """Through the link in the mail: opening it changes nothing, the button does."""
    article = mail_to(person.stack, address, reference)
    link = link_in(article, "/rights/confirm/")
    assert httpx.get(link, timeout=PATIENCE).status_code == 200
    person.open(link).sees(reference).press("Confirm").sees(reference)


def sign_in(officer: Person) -> None:
    officer.open("/admin/")
    officer.page.fill("input[name=login]", "dpo")
    officer.page.fill("input[name=password]", officer.stack.admin_password)
    officer.press("Sign in")


def open_case(officer: Person, reference: str, due: str) -> None:
    """Found in the queue, with its date."""
    officer.open("/admin/rights/").sees(reference)
    row = officer.page.get_by_role("row").filter(has_text=reference)
    assert due in row.inner_text()
    officer.follow(reference).sees("The clock", "Where to look")


def answer_systems(officer: Person) -> None:
    """Every system that a person must look into says what it found; silence would keep the request open."""
    forms = officer.page.locator("details[open] form[action*='/task/']")
    for _system in range(forms.count()):
        forms.first.locator("select[name=outcome]").select_option("nothing_found")
        if (terms := forms.first.locator("input[name=terms]")).count():
            terms.fill("Grace Hopper")
            forms.first.locator("input[name=places]").fill("Every mailbox")
        with officer.page.expect_navigation():
            forms.first.get_by_role("button", name="Record").click()
    assert not forms.count()
    officer.look()


def collect(person: Person, reference: str, address: str) -> bytes:
    """The page behind the notice needs a fresh code; returns what is downloaded."""
    article = mail_to(person.stack, address, f"answer is ready: {reference}")
    person.open(link_in(article, "/collect/")).press("Send me a code")
    person.page.get_by_role("textbox").fill("00000000")
    person.press("Continue").sees("There is a problem")
    code = re.search(r"\b(\d{8})\b", mail_to(person.stack, address, "code"))[1]
    person.page.get_by_role("textbox").fill(code)
    person.press("Continue").sees("Your answer")
    with person.page.expect_download() as download:
        person.page.get_by_role("button", name=re.compile("^Download (my data|the letter)")).click()
    return download.value.path().read_bytes()


def check_package(content: bytes) -> None:
    """Exactly their data, and the facts of Art 15(1)."""
    package = zipfile.ZipFile(io.BytesIO(content))
    manifest = json.loads(package.read("manifest.json"))
    for file in manifest["files"]:
        assert sha256(package.read(file["path"])).hexdigest() == file["sha256"]
    everything = b"".join(package.read(name) for name in package.namelist()).decode(errors="replace")
    assert OTHER not in everything
    assert "Not theirs" not in everything
    page = package.read("index.html").decode()
    for text in ("£120.00", "change a colour", "164A", "165", "Commissioner"):
        assert text in page, text
    rows = [row for name in package.namelist() if name.endswith(".csv")
            for row in csv.reader(io.StringIO(package.read(name).decode("utf-8-sig")))]  # fmt: skip
    assert any("£120.00" in cell for row in rows for cell in row)


def subjects_left(stack: RunningStack, address: str) -> str:
    code = (
        "from subjects.people import find; from subjects.identifiers import Claim;"
        f"print(find([Claim('email', '{address}')]) is not None)"
    )
    return stack.shell(code)


@pytest.fixture
def api(running_stack: RunningStack) -> Iterator[Api]:
    made = Api(running_stack)
    with made.client:
        yield made


def test_from_consent_to_provable_erasure(running_stack: RunningStack, api: Api, chromium: str) -> None:
    stack = running_stack
    with opened(chromium) as browser:
        person = Person(browser, stack, "person", pictures_folder())
        officer = Person(browser, stack, "officer", pictures_folder())

        # A consent comes in over the API, and permission follows from it, with evidence.
        captured = api.consent(ADDRESS)
        assert captured["states"]["newsletter"] == "given"
        verdict = api.may_mail(ADDRESS)
        assert (verdict["allowed"], verdict["reason"]) == (True, "consent-given")
        assert verdict["evidence"]
        api.collect(ADDRESS, {
            "invoice": (["contract-administration", "statutory-accounts"], INVOICE),
            "correspondence": (["contact-enquiries"], QUESTION),
        })  # fmt: skip
        api.collect(OTHER, {"correspondence": (["contact-enquiries"], "Not theirs")})

        # Access: asked on the web, confirmed by mail, released by the DPO, collected with a code.
        reference = file_request(person, "Send me a copy", ADDRESS)
        due = re.search(r"You will have our answer by\s+(\w+ \d+ \w+ \d+)", person.text)[1]
        confirm(person, reference, ADDRESS)
        sign_in(officer)
        open_case(officer, reference, due)
        officer.press("Show").sees(ADDRESS)
        officer.open("/admin/rights/").follow(reference)
        answer_systems(officer)
        officer.press("Make the copy").press("Check the answer").sees("This is what will go")
        officer.press("Send the answer").sees("Answered in full")
        check_package(collect(person, reference, ADDRESS))

        # Withdrawal: at once, and the check says why.
        withdrawn = api.post("consents/withdraw/", {"identity": {"email": ADDRESS}, "purposes": ["newsletter"]}, 200)
        assert withdrawn["states"]["newsletter"] == "withdrawn"
        assert withdrawn["receipt"]
        verdict = api.may_mail(ADDRESS)
        assert (verdict["allowed"], verdict["reason"]) == (False, "consent-withdrawn")

        # Erasure: decided purpose by purpose; what tax law needs is refused with a reason, and kept.
        reference = file_request(person, "Delete", ADDRESS)
        confirm(person, reference, ADDRESS)
        officer.open("/admin/rights/").follow(reference)
        answer_systems(officer)
        with officer.page.expect_navigation():
            officer.page.get_by_role("button", name=re.compile("^Confirm")).click()
        officer.look().sees("Refuse").press("Check the answer").sees("cannot be undone")
        officer.press("Delete and answer")
        # The journal acknowledges at once, or one of the worker's next sweeps finishes the answer, three in a minute.
        answered = officer.page.get_by_text("Answered, partly refused").first
        wait_until(lambda: answered.count() or (officer.page.reload() and answered.count()), 3 * PATIENCE, every=1)
        officer.look().sees("Answered, partly refused")
        letter = zipfile.ZipFile(io.BytesIO(collect(person, reference, ADDRESS)))
        words = b"".join(letter.read(name) for name in letter.namelist()).decode(errors="replace")
        for text in ("164A", "165", "court", "backup"):
            assert text in words, text
        assert subjects_left(stack, ADDRESS) == "True"
        assert api.may_mail(ADDRESS)["allowed"] is False

        # Forgetting: what a rule's first run would take waits until somebody has looked at it. Then the task that beat
        # sends takes the applicant of 15 months ago.
        stack.shell(PAST_APPLICANT.format(address=APPLICANT))
        assert subjects_left(stack, APPLICANT) == "True"
        officer.open("/admin/forgetting/").follow("applicants").press("See whether its next run needs approval")
        officer.sees("Waits for approval").page.get_by_text("Let exactly these go", exact=True).click()
        officer.press("Yes, let them go")
        officer.sees("It begins within minutes.")
        stack.shell("from retention.tasks import resume; resume.delay()")
        assert wait_until(lambda: subjects_left(stack, APPLICANT) == "False", every=1)
        assert subjects_left(stack, "cleo.testperson@example.org") == "True"

        # Proof, before and after a restart.
        assert stack.manage("ledger", "seal").returncode == 0
        verified = stack.manage("ledger", "verify", "--json")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        stack.restart()
        assert subjects_left(stack, ADDRESS) == "True"
        assert subjects_left(stack, APPLICANT) == "False"
        officer.context.clear_cookies()
        sign_in(officer)
        seal = json.loads(verified.stdout)["root"]
        assert stack.manage("ledger", "verify", "--expect", seal).returncode == 0
        assert api.may_mail(ADDRESS)["reason"] == verdict["reason"]
        assert person.complaints == []
        assert officer.complaints == []
