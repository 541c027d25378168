"""Triggers of the register that are more than a condition."""

import pgtrigger


def frozen_with_version() -> pgtrigger.Trigger:
    """For a version's list: no row may come, go or change once the version is published."""
    return pgtrigger.Trigger(
        name="frozen_with_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=(
            "IF EXISTS (SELECT FROM processing_purposeversion WHERE status <> 'draft' AND id IN"
            " (CASE WHEN TG_OP = 'DELETE' THEN OLD.version_id ELSE NEW.version_id END,"
            " CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END)) THEN"
            " RAISE EXCEPTION 'a published purpose version is frozen'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )
