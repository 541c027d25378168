"""Which purposes decide something about people by computer, and what a person does in it (UK GDPR Arts 22A to 22D)."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DecisionSystem(models.Model):
    """One way of deciding about people. "By computer alone" means that nobody is meaningfully involved (Art 22A(1))."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200, help_text=_("For the person: what is decided, in plain words."))
    purpose = models.ForeignKey("processing.Purpose", models.PROTECT, related_name="decision_systems")
    logic = models.TextField(help_text=_("For the person: what goes into the decision, and how it is made."))
    consequences = models.TextField(help_text=_("For the person: what the decision means for them."))
    by_computer_alone = models.BooleanField(
        default=False, help_text=_("No person takes a meaningful part before the decision has its effect.")
    )
    human_involvement = models.TextField(
        blank=True, help_text=_("Who looks at it, what they see, and that they may decide otherwise. It is evidence.")
    )
    in_use = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(by_computer_alone=True) | ~Q(human_involvement=""),
                name="processing_decisionsystem_says_who_is_involved",
            )
        ]
        triggers = [
            # Art 22B(4). The other way round, the purpose that goes live, is a gate (processing/gates.py).
            pgtrigger.Trigger(
                name="never_on_recognised_interest",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=(
                    "IF NEW.by_computer_alone AND NEW.in_use AND EXISTS (SELECT FROM processing_purposeversion"
                    " WHERE purpose_id = NEW.purpose_id AND status = 'live' AND basis = 'ea') THEN"
                    " RAISE EXCEPTION 'no automated decision rests on a recognised legitimate interest';"
                    " END IF; RETURN NEW;"
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name
