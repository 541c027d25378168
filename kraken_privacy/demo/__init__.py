"""An invented company with its register and its people, for looking around."""

# It stands in pages that everybody reads, so it is no secret; it works from these origins only.
SITE_KEY = "kp_demosite_publishable-key-of-the-demo-which-is-no-secret"
SITE_ORIGINS = ("http://127.0.0.1:8080", "http://localhost:8080")
