"""One live purpose, its two systems, one published form and one API key. Prints the key."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from consents import forms  # noqa: E402
from consents.forms_checklist import Declaration  # noqa: E402
from consents.models import ConsentForm, ConsentFormVersion  # noqa: E402
from core import apikeys  # noqa: E402
from processing.models import ProcessingActivity, Purpose, PurposeVersion, System  # noqa: E402


def main() -> None:
    now, actor = timezone.now(), "system:benchmark"
    activity = ProcessingActivity.objects.create(slug="marketing", title="Marketing", owner="Marketing", security="-")
    purpose = Purpose.objects.create(slug="newsletter", activity=activity)
    version = PurposeVersion.objects.create(
        purpose=purpose,
        number=1,
        title="Newsletter",
        description="We send a newsletter.",
        basis="a",
        subject_categories=["subscriber"],
        sources=["website"],
        direct_marketing=True,
        channels=["email"],
        retention_summary="Until you unsubscribe.",
    )
    builtin = System.objects.create(slug="kraken-privacy", name="Kraken Privacy", connector=System.Connector.BUILTIN)
    version.systems.set([builtin, System.objects.create(slug="mailbox", name="Mailbox")])
    form = ConsentForm.objects.create(slug="benchmark")
    control = {"key": "newsletter", "purpose": "newsletter", "channel": "email", "label": "Send me the newsletter."}
    shown = ConsentFormVersion.objects.create(
        form=form,
        number=1,
        title="Newsletter",
        controls=[control],
        controllers=["Example Ltd"],
        notice_version="1",
        withdrawal="You can withdraw at any time.",
        declared=Declaration.values,
    )
    forms.publish(shown, now=now, actor=actor)
    version.publish(now=now, actor=actor)
    print(apikeys.create("benchmark", ["consents:write", "requests:write"])[1])


main()
