"""What stops the embedded services, said in one sentence that names the way out."""


class Problem(Exception):
    """Shown to the person as it is; never as a traceback."""
