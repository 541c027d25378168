"""How the answers to a survey are anonymised, in the benchmark and in the tests."""

RECIPE = {
    "fields": {
        "email": {"strategy": "suppress"},
        "feedback.born": {"strategy": "date", "to": "decade"},
        "feedback.score": {"strategy": "keep"},
        "feedback.words": {"strategy": "free-text"},
    },
    "quasi": ["feedback.born"],
    "sensitive": ["feedback.score"],
}
