"""A package in pieces: the same bytes come out, from any place, and nothing else does."""

import io
import os
import zipfile
from hashlib import sha256

import pytest

from core import vault
from core.models import Owner
from core.vault import Unreadable
from ledger.models import Entry
from requests import answer, chunks, package, spool
from requests.models import Package, PackageChunk
from tests import make_office as make

pytestmark = pytest.mark.django_db
NOISE = os.urandom(3 * chunks.SIZE + 1000)


@pytest.fixture
def access(mailoutbox):
    make.register()
    make.person("newsletter", token="TOKEN-OF-GRACE")
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


@pytest.fixture
def kept(access):
    parts = (NOISE[start : start + 5000] for start in range(0, len(NOISE), 5000))
    files = [package.File("noise.bin", "application/octet-stream", "Noise", parts)]
    return package.store(access, files, actor=make.OFFICER, now=make.NOW)


def test_what_goes_in_comes_out_and_its_hash_is_kept(kept):
    content = b"".join(package.contents(kept))
    assert len(content) == kept.size
    assert sha256(content).hexdigest() == kept.sha256
    assert zipfile.ZipFile(io.BytesIO(content)).read("noise.bin") == NOISE
    assert kept.sha256 in Entry.objects.get(kind="package.made").body
    assert PackageChunk.objects.filter(package=kept).count() == 4
    assert max(len(chunk.sealed) for chunk in PackageChunk.objects.all()) < chunks.SIZE + 100


def test_one_file_is_read_without_the_others(kept):
    assert b"".join(package.page_of(kept, "noise.bin")) == NOISE
    assert zipfile.ZipFile(chunks.Reader(kept)).testzip() is None


@pytest.mark.parametrize("tamper", ["swap", "cut", "drop", "flip", "other"])
def test_a_piece_that_was_touched_does_not_open(kept, access, tamper):
    pieces = PackageChunk.objects.filter(package=kept)
    if tamper == "swap":
        first, second = pieces.get(position=0), pieces.get(position=1)
        pieces.filter(position=0).update(sealed=bytes(second.sealed))
        pieces.filter(position=1).update(sealed=bytes(first.sealed))
    elif tamper == "cut":
        pieces.filter(position__gte=2).delete()
        kept.size = 2 * chunks.SIZE
    elif tamper == "drop":
        pieces.filter(position=2).delete()
    elif tamper == "flip":
        sealed = bytearray(pieces.get(position=3).sealed)
        sealed[-1] ^= 1
        pieces.filter(position=3).update(sealed=bytes(sealed))
    else:
        old = bytes(pieces.get(position=0).sealed)
        kept = package.store(access, [package.File("a", "b", "c", NOISE)], actor=make.OFFICER, now=make.NOW)
        PackageChunk.objects.filter(package=kept, position=0).update(sealed=old)
    with pytest.raises(Unreadable):
        b"".join(package.contents(kept))


@pytest.mark.parametrize("size", [0, 1, chunks.SIZE - 1, chunks.SIZE, chunks.SIZE + 1, 2 * chunks.SIZE])
def test_every_size_has_one_last_piece(access, size):
    made = Package.objects.create(request=access, size=size, token_hash=b"x", made_at=make.NOW, expires_at=make.NOW)
    writer = chunks.Writer(made, vault.ensure_key(Owner.CASE, access.case.uuid))
    writer.write(NOISE[:size])
    writer.finish()
    assert writer.size == size
    assert b"".join(chunks.Reader(made).pieces()) == NOISE[:size]
    assert PackageChunk.objects.count() == max(1, -(-size // chunks.SIZE))


def test_rows_wait_unreadable_and_come_out_as_often_as_needed(monkeypatch):
    rows = [{"n": number, "text": f"SECRET-{number}"} for number in range(1000)] + [{"late": "x"}]
    with spool.opened() as waiting:
        kept = waiting.keep(iter(rows))
        assert waiting.keep([]).columns == []
        assert list(kept) == list(kept) == rows
        assert kept.columns == ["n", "text", "late"]
        assert len(kept) == 1001
        kept._file.seek(0)
        assert b"SECRET" not in kept._file.read()


def test_purposes_stand_under_their_titles_in_every_file(access):
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW)
    archive = zipfile.ZipFile(chunks.Reader(access.package))
    data = [archive.read(name).decode() for name in archive.namelist() if name.startswith("data/")]
    assert any('"purposes": ["Newsletter"]' in text for text in data)
    assert not any('"newsletter"' in text for text in data)
    assert "Newsletter" in archive.read("data/what-we-hold-about-you.csv").decode()


def test_a_copy_made_anew_replaces_the_pieces_of_the_one_before(kept, access):
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW)
    assert not PackageChunk.objects.filter(package_id=kept.pk).exists()
    package.drop_old(now=make.NOW + package.KEPT * 2)
    assert not PackageChunk.objects.exists()
    assert Package.objects.get().sha256
