import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from core.errors import Invalid
from requests.deadlines import cached
from requests.lines import answer, refusal


class Command(BaseCommand):
    help = "Reads facts as JSON lines and answers each with its deadline, in order. Exits 1 if any line failed."

    def handle(self, *args: Any, **options: Any) -> None:
        holidays, rules = cached()
        failed = False
        for number, line in enumerate(sys.stdin.buffer, start=1):
            try:
                result = answer(line.decode("utf-8", "replace").lstrip("\ufeff"), holidays=holidays, rules=rules)
            except Invalid as error:
                failed = True
                result = refusal(error, number)
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        if failed:
            sys.exit(1)
