"""Files that are whole or not there."""

import os
import pathlib


def write_durably(path: pathlib.Path, content: bytes) -> None:
    """Write a file so that, whatever happens, its name stands for the old content or for the new one.

    The new content is on disk before it gets the name. Raises OSError if that fails; nothing has changed then.
    """
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
