"""Check paths, and write files atomically."""

import contextlib
import os
from pathlib import Path

from seqclf_utils.validation import require


def check_path(name: str, path: str | os.PathLike) -> Path:
    """Return the path of a file, which need not exist yet.

    Args:
        name: Name of the argument, for the message.
        path: Value of the argument.

    Returns:
        The path.

    Raises:
        TypeError: If `path` is not a path.
        ValueError: If `path` is a folder.

    Example:
        >>> check_path("checkpoint", "run.pt").name
        'run.pt'
    """
    allowed = "the path of a file"
    require(isinstance(path, str | os.PathLike), name, path, allowed, TypeError)
    require(not Path(path).is_dir(), name, path, allowed)
    return Path(path)


def write_atomically(path: str | os.PathLike, content: bytes) -> None:
    """Write `content` to a file; if that fails, the previous file stays intact.

    The bytes go to a temporary file in the same folder. Once they are on the disk, the temporary
    file is renamed. Readers therefore find either the old content or the new content, never only a
    part (POSIX, *rename*).

    Args:
        path: The file; its folder must exist.
        content: All bytes of the file.

    Raises:
        OSError: If the file cannot be written, for example because the disk is full, or the
            folder is missing or read-only.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
        >>> write_atomically(path, b"six, six, one")
        >>> path.read_text()
        'six, six, one'
    """
    temporary = Path(f"{path}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk may cause an error only here
        os.replace(temporary, path)
    except OSError as error:
        message = f"{path} could not be written and is unchanged: {error.strerror}"
        raise OSError(error.errno, message) from error
    finally:
        with contextlib.suppress(OSError):  # not to hide the error above
            temporary.unlink()  # left over only after an error
