"""The README's ten minutes, as it tells them: this test knows some verbs, and takes everything else from there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Person, mail_to, opened, pictures_folder
from tests.stack.stack import ROOT, RunningStack
from tests.waiting import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.browser]
NAME = r"\*\*(?P<{}>[^*]+)\*\*"
VERBS = {
    "each": (
        rf"for each other system you choose {NAME.format('outcome')}, fill in what you {NAME.format('terms')} and"
        rf" {NAME.format('places')}, and press {NAME.format('record')}"
    ),
    "open": r"open `(?P<path>[^`]+)`",
    "mail": r"follow the link to `(?P<link>[^`]+)`",
    "case": r"follow the reference",
    "follow": rf"follow {NAME.format('name')}",
    "press": rf"press {NAME.format('button')}",
    "choose": rf"choose {NAME.format('label')}",
    "field": rf"type `(?P<value>[^`]+)` as {NAME.format('field')}",
    "text": r"type `(?P<text>[^`]+)`",
    "password": rf"type the password as {NAME.format('secret')}",
    "code": r"type the code",
    "see": r"“(?P<see>[^”]+)”",
}
STEP = re.compile("|".join(f"(?P<do_{name}>{pattern})" for name, pattern in VERBS.items()), re.IGNORECASE)


def section(heading: str, readme: Path = ROOT / "README.md") -> str:
    return re.split(r"^## ", readme.read_text().split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def steps() -> Iterator[tuple[str, re.Match]]:
    """(verb, match) in the order of the numbered list."""
    items = re.findall(r"^\d+\. (.*?)(?=^\d+\. |^#|\Z)", section("Ten minutes"), re.M | re.S)
    for found in STEP.finditer(" ".join(" ".join(items).split())):
        yield next(name for name in VERBS if found[f"do_{name}"]), found


class Reader(Person):
    """Somebody who has the README and what `make run` printed, and remembers what they typed and saw."""

    address = reference = ""

    def do(self, verb: str, said: re.Match) -> None:
        getattr(self, f"do_{verb}")(said)
        # The first that is shown is theirs; later pages name other people's too.
        self.reference = self.reference or (re.search(r"KP-\w{4}-\w{4}", self.text) or [""])[0]

    def do_open(self, said: re.Match) -> None:
        self.open(said["path"])

    def do_follow(self, said: re.Match) -> None:
        self.follow(said["name"])

    def do_case(self, said: re.Match) -> None:
        self.follow(self.reference)

    def do_press(self, said: re.Match) -> None:
        self.press(said["button"])

    def do_choose(self, said: re.Match) -> None:
        self.page.get_by_label(said["label"]).check()

    def do_text(self, said: re.Match) -> None:
        self.page.get_by_role("textbox").fill(said["text"])
        self.address = said["text"] if "@" in said["text"] else self.address

    def do_field(self, said: re.Match) -> None:
        self.page.get_by_label(said["field"], exact=True).fill(said["value"])

    def do_password(self, said: re.Match) -> None:
        printed = re.search(r"password (\S+)", self.stack.screen)[1]
        self.page.get_by_label(said["secret"], exact=True).fill(printed)

    def do_code(self, said: re.Match) -> None:
        code = re.search(r"\b(\d{8})\b", mail_to(self.stack, self.address, "code"))[1]
        self.page.get_by_role("textbox").fill(code)

    def do_mail(self, said: re.Match) -> None:
        """The mail may still be on its way: whoever reads along would load the page again."""
        mine = self.page.get_by_role("article").filter(has_text=self.address).filter(has_text=self.reference)
        link = mine.locator(f"a[href*='{said['link']}']").first
        wait_until(lambda: link.count() or (self.page.reload() and link.count()), every=0.5)
        with self.page.expect_navigation():
            link.click()
        self.look()

    def do_each(self, said: re.Match) -> None:
        forms = self.page.locator("details[open] form[action*='/task/']")
        for _system in range(forms.count()):
            forms.first.get_by_role("combobox").first.select_option(label=said["outcome"])
            for name in ("terms", "places"):
                forms.first.get_by_label(re.compile(f"^{said[name]}")).fill("Everything")
            with self.page.expect_navigation():
                forms.first.get_by_role("button", name=said["record"]).click()
        assert not forms.count()
        self.look()

    def do_see(self, said: re.Match) -> None:
        self.sees(said["see"])


def test_the_list_is_understood():
    verbs = [verb for verb, _said in steps()]
    assert set(verbs) == set(VERBS)
    # What stands in bold is a name on a page; a verb in an unknown turn of phrase would be passed over in silence.
    written = section("Ten minutes").split("### What else is there")[0].count("**") // 2
    assert sum(said[0].count("**") // 2 for _verb, said in steps()) == written


def test_it_closes_a_first_case(running_stack: RunningStack, chromium: str):
    with opened(chromium) as browser:
        reader = Reader(browser, running_stack, "readme", pictures_folder())
        for verb, said in steps():
            reader.do(verb, said)
        with reader.page.expect_download() as download:
            reader.page.get_by_role("button", name="Download my data", exact=True).click()
        assert download.value.path().read_bytes()[:2] == b"PK"
        assert reader.complaints == []
