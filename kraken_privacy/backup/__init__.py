"""Backups that forget: the rows and the keys that open them apart, sealed, tried out, and gone on their day."""
