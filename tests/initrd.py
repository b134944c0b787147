# SPDX-License-Identifier: MIT
"""tests/initrd.py: initrds for tests: the built one, changed, or one made of given files."""

import io
import tarfile

from machine import INITRD

BLOCK = 512


def built_files():
    """The files of the built initrd by name."""
    with tarfile.open(INITRD) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def build(path, files):
    """Writes a ustar archive of these files and gives its path."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def small(path):
    """Writes an archive of a few of the built files, the shell first; gives their offsets."""
    files = built_files()
    build(path, {name: files[name] for name in ("sh", "echo", "cat", "README")})
    with tarfile.open(path) as archive:
        return {member.name: member.offset for member in archive}


def overwrite(path, offset, data):
    """Replaces some bytes of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
