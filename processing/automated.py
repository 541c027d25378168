"""No decision by computer alone rests on a recognised legitimate interest (UK GDPR Art 22B(4)).

The database refuses such a decision for a purpose that is live on it; here a purpose that has one is not published.
"""

from django.utils.translation import gettext as _

from processing import gates
from processing.models import Basis, Purpose


def decided_by_computer(purpose: Purpose) -> str | None:
    if purpose.decision_systems.filter(by_computer_alone=True, in_use=True).exists():
        return _("It decides about people by computer alone, which this lawful basis never allows (Art 22B(4)).")
    return None


def register() -> None:
    gates.register(Basis.RECOGNISED, decided_by_computer)
