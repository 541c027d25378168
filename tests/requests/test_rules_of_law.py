"""Each numbered rule of the law about requests and complaints, and the test that shows it.

The table is checked: a rule whose test was renamed or removed fails here. The worked examples with dates are in
tests/requests/test_worked_examples.py.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
RULES = {
    # Art 12A UK GDPR and Reg 1182/71: the clock.
    "1.1 ¶1 one month from the relevant time": "requests/test_clock_vectors.py::test_every_vector_at_once",
    "1.1 ¶2(b) proof of identity starts it": "requests/test_identity_doubt.py::"
    "test_the_clock_waits_for_the_proof_and_starts_when_it_arrives",
    "1.1 ¶2(c) the fee starts it": "requests/test_clock_acts.py::test_the_clock_starts_when_the_fee_is_paid",
    "1.1 ¶3 two more months": "requests/test_clock_acts.py::test_two_more_months_with_reasons",
    "1.1 ¶4 notice within the month": "requests/test_clock_acts.py::test_after_the_last_day_there_is_no_extension",
    "1.1 ¶5 a question pauses": "requests/test_clock_acts.py::test_a_question_pauses_access_until_it_is_answered",
    "1.2 Art 3(4) working days": "requests/test_clock_properties.py::"
    "test_due_is_a_working_day_and_everything_before_it_is_in_order",
    "1.3 access in the UK alone is paused": "requests/test_clock_properties.py::test_only_access_in_the_uk_is_paused",
    "2.8 Sch 2 ¶25 exam marks wait for the results": "requests/test_exam_marks.py::test_due_dates",
    "1.3 the target": "requests/test_clock_rules.py::test_target_is_four_weeks_and_the_paused_days",
    "1.3 the day of arrival counts, also late on a Sunday": "inbox/test_mail_triage.py::"
    "test_late_on_a_sunday_is_still_that_sunday",
    "1.3 a late doubt needs approval": "requests/test_identity_doubt.py::test_asked_late_it_waits_for_a_second_person",
    "1.3 the later receipt governs": "requests/test_identity_doubt.py::"
    "test_what_was_not_enough_is_asked_again_and_the_later_receipt_governs",
    "1.3 no answer closes after a reminder, a reply takes it up": "requests/test_asking_again.py::"
    "test_a_question_is_asked_once_more_closed_a_month_later_and_taken_up_again",
    "1.4 complaints and breaches": "requests/test_clock_vectors.py::test_complaints_and_breaches",
    "1.6 holidays by division": "requests/test_clock_rules.py::test_scotland_has_its_own_holidays",
    "1.6 a holiday added moves open dates": "requests/test_recounting.py::"
    "test_an_open_date_moves_with_evidence_and_a_second_run_changes_nothing",
    # Rights.
    "2.1 erasure by basis": "requests/test_rights.py::test_erasure_by_basis",
    "2.1 the other rights by basis": "requests/test_rights.py::test_the_other_rights_by_basis",
    "2.1 access on every basis": "requests/test_rights.py::test_a_copy_is_due_on_every_basis",
    "2.2 consent withdrawn, marketing objected to": "requests/test_erasure_answer.py::"
    "test_consent_is_withdrawn_and_marketing_objected_to",
    "2.3 storage only": "requests/test_restriction.py::test_what_is_granted_is_stored_and_not_used",
    "2.3 told before lifting": "requests/test_restriction.py::"
    "test_it_ends_only_after_the_person_was_told_and_no_earlier",
    "2.3 the four uses": "consents/test_consents_permission.py::test_a_recorded_use_allows_itself_and_nothing_else",
    "2.4 recipients are told": "requests/test_recipients.py::test_an_address_in_the_register_is_written_to_and_named",
    "2.4 impossible needs a reason": "requests/test_recipients.py::"
    "test_impossible_needs_a_reason_and_stands_in_the_letter",
    "2.5 provided and observed data": "requests/test_porting.py::test_what_goes_along_and_what_does_not",
    "2.5 to another controller": "requests/test_transfers.py::test_they_get_it_signed_and_their_receipt_is_kept",
    "2.6 marketing is absolute": "requests/test_rights.py::test_objecting_to_marketing_is_absolute",
    "2.6 automated means": "consents/test_unsubscribe.py::"
    "test_one_click_ends_the_list_at_once_without_cookies_login_or_redirect",
    "2.6 upheld opens a review": "consents/test_consents_assessments.py::"
    "test_a_review_is_opened_once_per_cause_and_closed_by_the_next_approval",
    "2.7 the four safeguards": "requests/test_adm_review.py::test_a_review_informs_hears_and_decides",
    "2.7 never on a recognised interest": "requests/test_adm_review.py::test_never_on_a_recognised_interest",
    "2.8 unfounded or excessive": "requests/test_refusing.py::test_a_refusal_gives_reasons_and_every_way_to_complain",
    "2.8 a fee is reasoned": "requests/test_clock_acts.py::test_a_fee_is_reasoned",
    "2.8 exemptions item by item": "requests/test_leaving_out.py::test_a_reason_must_hold",
    "2.8 ¶16 others' information": "requests/test_leaving_out.py::"
    "test_words_go_black_in_every_file_whatever_their_case",
    "2.8 ¶19 silence about it": "requests/test_leaving_out.py::test_silence_is_kept_everywhere",
    "2.9 access response": "requests/test_access_package.py::"
    "test_every_fact_of_art_15_is_on_the_page_and_in_the_letter",
    "2.10 the table of states": "requests/test_public_move.py::test_only_listed_moves_are_made",
    "2.10 in the words of other systems": "requests/test_elsewhere.py::test_every_state_has_words_in_every_vocabulary",
    "2.10 agents": "requests/test_entering.py::test_nothing_is_disclosed_on_the_word_of_a_representative",
    "2.10 children": "requests/test_entering.py::test_a_child_who_understands_decides",
    # DPA 2018 s.164A: complaints.
    "3.1 (2) a form, electronic and otherwise": "requests/test_public_paths.py::"
    "test_a_complaint_gets_a_reference_and_a_date",
    "3.1 (3) acknowledged in 30 days": "requests/test_clock_rules.py::test_complaints_are_acknowledged_within_30_days",
    "3.1 (4) outcome": "requests/test_complaints.py::"
    "test_an_outcome_closes_the_case_once_and_only_then_can_it_be_forgotten",
    "3.1 (5) enquiries and progress": "requests/test_complaints.py::"
    "test_enquiries_and_progress_are_kept_sealed_and_progress_is_told",
    "3.1 s.164B numbers": "requests/test_complaints.py::test_numbers_of_a_period",
    "3.2 alarm on day 21": "requests/test_complaint_pages.py::test_on_day_21_it_is_an_alarm",
    "3.2 a letter may be both": "requests/test_entering.py::test_one_letter_that_asks_and_complains_is_one_case",
    "3.2 an outcome acknowledges": "requests/test_complaints.py::"
    "test_an_outcome_acknowledges_once_it_has_reached_the_person",
    "3.3 the search": "requests/test_searching.py::test_the_letter_and_the_copy_say_what_was_searched",
    # Public forms.
    "10.1 clean, enlarged, and in every state": "requests/test_public_accessibility.py::"
    "test_every_state_is_clean_enlarged_and_private",
    "10.1 without a mouse": "requests/test_public_accessibility.py::test_from_the_hub_to_an_answer_without_a_mouse",
    "10.1 3.3.4 check before sending": "requests/test_public_web.py::"
    "test_one_answer_can_be_changed_and_leads_back_to_the_check",
    "10.1 3.3.8 no puzzle": "requests/test_public_web.py::test_the_trap_never_loses_a_request_silently",
    "10.1 1.3.5 autocomplete": "requests/test_public_web.py::test_forms_tell_browsers_what_they_ask",
    "10.2 the error in the same words": "requests/test_public_web.py::"
    "test_a_mistake_is_named_twice_in_the_same_words_and_the_answer_kept",
    "10.2 nothing required in the browser": "requests/test_public_web.py::"
    "test_nothing_is_marked_required_and_browsers_do_not_check",
}


@cache
def names(path):
    tree = ast.parse((TESTS / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_shown(rule):
    path, _colons, name = RULES[rule].partition("::")
    assert name in names(path)
