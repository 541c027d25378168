"""People in a running stack, made through its own code: `RunningStack.shell` runs these."""

PAST_APPLICANT = """
from datetime import timedelta
from django.utils import timezone
from subjects import items, people, relationships
from subjects.identifiers import Claim
from processing.models import Purpose
now = timezone.now()
person = people.find_or_create([Claim("email", "{address}")], now=now, actor="system:test")
for number in range(4):
    items.collect(person, category="application", purposes=["recruitment"], content=f'"Part {{number}}"',
        source="website", nature="provided", collected_at=now - timedelta(days=500), now=now, actor="system:test")
relationships.end(person, Purpose.objects.get(slug="recruitment"), what="application_closed_on",
    on=(now - timedelta(days=450)).date(), now=now, actor="system:test")
"""

# Another rule than the applicant's: the stack is shared, and a rule has one first run only.
PAST_CUSTOMER = (
    PAST_APPLICANT.replace("recruitment", "customer-support")
    .replace('"application"', '"correspondence"')
    .replace("application_closed_on", "contract_ended_on")
    .replace("days=450", "days=7 * 366")
)


# The officer has looked at what this rule would take, and lets exactly that go.
APPROVED = """
from django.utils import timezone
from core.models import Controller
from retention import guard
from retention.models import RetentionRule
now = timezone.now()
day = now.astimezone(Controller.current().zone).date()
rule = RetentionRule.objects.get(slug="{rule}", status="active")
found = guard.plan(rule, as_of=day, now=now)
guard.approve(rule, as_of=day, fingerprint=found.fingerprint, by="system:test", now=now)
"""
