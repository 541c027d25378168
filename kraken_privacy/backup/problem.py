from core.errors import DomainError


class BackupProblem(DomainError):
    """What stands in the way of a backup or a restore, in a sentence with the way out."""

    code = "backup"


class NotTried(BackupProblem):
    """Nothing was begun, so nothing failed: another one runs, or none is wanted."""
