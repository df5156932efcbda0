"""Names that files can have, and writing files all or nothing."""

import contextlib
import os
from pathlib import Path


def can_be_name(path: str | os.PathLike) -> bool:
    """Say whether a file could have this name; there need not be one.

    Args:
        path: The name.

    Returns:
        False if the system cannot even look for it: there is a NUL in it, or half a character.

    Example:
        >>> can_be_name("run.pt"), can_be_name("run" + chr(0))
        (True, False)
    """
    try:
        with contextlib.suppress(OSError):  # said better by whoever reads or writes it
            os.stat(path)
    except ValueError:
        return False
    return True


def write_atomically(path: str | os.PathLike, content: bytes) -> None:
    """Put `content` into a file; whatever goes wrong, a file that was there before stays whole.

    The bytes go into a new file beside it, which takes its place when they are safely on the disk:
    a reader finds the old content or the new one, never a half (POSIX, *rename*).

    Args:
        path: The file; its folder must exist.
        content: All of its bytes.

    Raises:
        OSError: If the file cannot be written: the disk is full, the folder is missing or
            protected. The file is as it was.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
        >>> write_atomically(path, b"six, six, one")
        >>> path.read_text()
        'six, six, one'
    """
    path = Path(path)
    fresh = path.with_name(f"{path.name}.tmp")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk may show only now
        os.replace(fresh, path)
    except OSError as error:
        message = f"{path} could not be written and is as it was before: {error.strerror}"
        raise OSError(error.errno, message) from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink()  # there is one only if something went wrong
