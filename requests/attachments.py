"""Files that come with a message: sealed under the key of the case, and given out as downloads only."""

from collections.abc import Iterable

from django.http import HttpResponse

from core import files
from core.files import LARGEST as LARGEST
from core.files import File as File
from core.files import check as check
from core.files import tidy as tidy
from core.models import Owner
from core.vault import Key, key_of
from requests.models import Attachment, Message

# Together for one case. Whoever holds the link must not be able to fill the disk.
FOR_ONE_CASE = 50 * files.MEGABYTE


def keep(message: Message, files: Iterable[File], kinds: Iterable[str], key: Key) -> None:
    """Seal each file under the key of the case."""
    for file, kind in zip(files, kinds, strict=True):
        row = Attachment(message=message, media_type=kind, size=len(file.content))
        row.name = key.seal(f"attachment-name:{row.uuid}", tidy(file.name).encode())
        row.sealed = key.seal(f"attachment:{row.uuid}", file.content)
        row.save(force_insert=True)


def name_of(found: Attachment, key: Key) -> str:
    return key.open(f"attachment-name:{found.uuid}", bytes(found.name)).decode()


def download(found: Attachment) -> HttpResponse:
    key = key_of(Owner.CASE, found.message.case.uuid)
    return files.download(key.open(f"attachment:{found.uuid}", bytes(found.sealed)), name_of(found, key))
