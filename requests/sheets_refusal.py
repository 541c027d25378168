"""Why a file was not opened: a code that the other side has a sentence for (requests/apart.py)."""


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
