"""Triggers of the register that are more than a condition."""

import pgtrigger


def frozen_with(column: str) -> pgtrigger.Trigger:
    """For the through table of a version's list: no row may come, go or change once the version is published."""
    return pgtrigger.Trigger(
        name=f"{column}_frozen",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=(
            "IF EXISTS (SELECT FROM processing_purposeversion WHERE status <> 'draft' AND id IN"
            " (CASE WHEN TG_OP = 'DELETE' THEN OLD.purposeversion_id ELSE NEW.purposeversion_id END,"
            " CASE WHEN TG_OP = 'INSERT' THEN NEW.purposeversion_id ELSE OLD.purposeversion_id END)) THEN"
            " RAISE EXCEPTION 'a published purpose version is frozen'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )
