"""The three-part test of legitimate interests as data: what is asked and what helps to answer it, in our own words.

The keys follow the sample template of the Information Commissioner: p purpose, n necessity, b balance. They are stored
with the answers, so a key keeps its meaning for ever; a question that is no longer asked keeps its line here.
"""

from django.utils.translation import gettext_lazy as _

from consents.assessments_types import Question

PURPOSE = (
    Question(
        "p1",
        _("Why do you want to process the data?"),
        _(
            "One or two sentences somebody outside the company understands. “To find customers for…”, not "
            "“business needs”."
        ),
    ),
    Question(
        "p2", _("What do you gain from it?"), _("Money, time, safety, knowledge: say what gets better, and how much.")
    ),
    Question(
        "p3",
        _("Who else gains from it?"),
        _("Customers, partners, the people themselves. “Nobody” is an honest answer and may count against you."),
    ),
    Question(
        "p4", _("Does the public gain from it?"), _("For example fewer frauds, or services that stay up. Often: no.")
    ),
    Question(
        "p5",
        _("How important is that gain?"),
        _("Compare it with other things you do. Nice to have, or would you stop without it?"),
    ),
    Question(
        "p6",
        _("What would happen if you could not do it?"),
        _("Think of next month, not of the worst case. If little would change, the interest is weak."),
    ),
    Question(
        "p7",
        _("Which special rules of data protection law apply, and how do you keep them?"),
        _(
            "Profiling, decisions by computers, marketing by e-mail, telephone or cookies (PECR). “None” needs a "
            "reason."
        ),
    ),
    Question(
        "p8",
        _("Which other laws matter here?"),
        _(
            "Employment, consumer, equality or company law, or a duty of confidence. An unlawful interest is "
            "never legitimate."
        ),
    ),
    Question(
        "p9",
        _("Which guidance or codes of your industry do you follow?"),
        _("The Commissioner's guidance, a trade association's code, your own code of conduct."),
    ),
    Question(
        "p10",
        _("Is anything else about it ethically doubtful?"),
        _("Would you be content to read about it in a newspaper? If something makes you hesitate, write it down."),
    ),
)
NECESSITY = (
    Question(
        "n1",
        _("Does processing these data really help to reach the purpose?"),
        _("Say how. “It may be useful one day” is not enough."),
    ),
    Question(
        "n2",
        _("Is it in proportion to the purpose?"),
        _("Look at the kinds of data and people above: do you need all of them, for all that time?"),
    ),
    Question(
        "n3",
        _("Could you reach the purpose without the data?"),
        _(
            "For example with figures that identify nobody, or by asking people. If yes, you may not rely on the "
            "interest."
        ),
    ),
    Question(
        "n4",
        _("Could you reach it with less data, or in a way that people notice more or mind less?"),
        _("Name the other ways you looked at and why each was turned down. “None” is rarely believed."),
    ),
)
NATURE = (
    Question(
        "b1",
        _("Are health, beliefs, origin, biometric data or other special categories, or crimes, among the data?"),
        _(
            "These need a further condition (UK GDPR Arts 9 and 10). The register refuses them; say if they can "
            "turn up in free text."
        ),
    ),
    Question(
        "b2",
        _("Are there data that people think of as private?"),
        _("Money, location, messages, family, what somebody looks at on the web."),
    ),
    Question(
        "b3",
        _("Are there children's data, or those of people who are vulnerable?"),
        _(
            "A child's interests weigh especially heavily (end of Art 6(1)(f)). Vulnerable can also mean: in "
            "debt, ill, dependent on you."
        ),
    ),
    Question(
        "b4",
        _("Do the data concern people in their work or in their private life?"),
        _("Contact details at work weigh less than those at home. They count all the same."),
    ),
)
EXPECTATIONS = (
    Question(
        "b5",
        _("Do you have a relationship with the people already?"),
        _("Customer, employee, visitor, stranger? The looser it is, the more of a surprise this will be."),
    ),
    Question(
        "b6",
        _("What is that relationship like, and how have you used their data until now?"),
        _("Somebody who is used to getting your newsletter expects that, and not a phone call."),
    ),
    Question(
        "b7",
        _("Did the data come from the people themselves, and what were they told then?"),
        _("Name the notice or the sentence they saw."),
    ),
    Question(
        "b8",
        _(
            "If the data came from somebody else: what did they tell people about passing them on, and does that "
            "cover you?"
        ),
        _("Ask for the wording. “Not applicable” if nobody else is involved."),
    ),
    Question(
        "b9",
        _("How long ago were the data collected, and has anything changed since?"),
        _("Technology, your company, what people expect. Old data surprise more."),
    ),
    Question(
        "b10",
        _("Do most people know and understand that things like this are done?"),
        _("Think of somebody who does not work in your industry."),
    ),
    Question("b11", _("Is anything about it new?"), _("A new technology, or a known one used in a new way.")),
    Question(
        "b12",
        _("What do you know about what people expect?"),
        _("Surveys, complaints, objections, feedback, a talk with a few customers. Say if you have nothing."),
    ),
    Question(
        "b13",
        _("Is there anything else that makes people expect it, or not?"),
        _("For example how the sign-up page looks, or what a competitor does. “Nothing” is fine."),
    ),
)
IMPACT = (
    Question(
        "b14",
        _("What could it do to the people?"),
        _(
            "Annoyance, a wrong decision, money lost, embarrassment, discrimination, fear. Ask somebody it would "
            "happen to."
        ),
    ),
    Question(
        "b15",
        _("Could people lose control over their data?"),
        _("Can they see them, correct them, have them deleted, and do they know where they go?"),
    ),
    Question(
        "b16",
        _("How likely is that, and how bad would it be?"),
        _("Say both for each thing you named: rare and slight, or rare and severe."),
    ),
    Question(
        "b17",
        _("Would some people object, or find it intrusive?"),
        _("Count the objections you have had. An objection that was upheld belongs here."),
    ),
    Question(
        "b18",
        _("Would you be happy to explain it to the people face to face?"),
        _("If not, this is usually the place where the balance fails."),
    ),
    Question(
        "b20",
        _("Can people say no, and how?"),
        _(
            "To direct marketing always, without a reason (Art 21(2)). To other things: say how an objection is "
            "looked at."
        ),
    ),
    Question(
        "b19",
        _("What do you do to make it milder?"),
        _("In your own words. Tick the measures below as well: they are shown to the public."),
    ),
)
