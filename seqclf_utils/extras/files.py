"""Check paths, and write files atomically."""

import contextlib
import os
from pathlib import Path

from seqclf_utils.validation import require


def check_path(name: str, path: str | os.PathLike) -> Path:
    """Return the path of a file, which need not exist yet.

    Args:
        name: Name of the argument, for the message.
        path: Its value.

    Returns:
        The path.

    Raises:
        TypeError: If it is not a path.
        ValueError: If it is a folder, or no file can have that name, as with a NUL character.

    Example:
        >>> check_path("checkpoint", "run.pt").name
        'run.pt'
    """
    allowed = "the path of a file"
    require(isinstance(path, str | os.PathLike), name, path, allowed, TypeError)
    try:
        with contextlib.suppress(OSError):  # reading or writing the file reports it better
            os.stat(path)
    except ValueError:  # such as a NUL character
        require(False, name, path, allowed)
    require(not Path(path).is_dir(), name, path, allowed)
    return Path(path)


def write_atomically(path: str | os.PathLike, content: bytes) -> None:
    """Write `content` to a file; if that fails, the previous file stays intact.

    The bytes go to a temporary file in the same folder, which is renamed once they are on the
    disk: readers find the old content or the new one, never a part (POSIX, *rename*).

    Args:
        path: The file; its folder must exist.
        content: All of its bytes.

    Raises:
        OSError: If the file cannot be written: the disk is full, the folder is missing or
            read-only.

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
            os.fsync(file.fileno())  # a full disk may show only now
        os.replace(temporary, path)
    except OSError as error:
        message = f"{path} could not be written and is unchanged: {error.strerror}"
        raise OSError(error.errno, message) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()  # left over only after an error
