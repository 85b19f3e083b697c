"""Where the data sets lie on this machine, and what to download where one does not.

Sources name a place under the data folder and look at it only when they are read, so that every task can be registered
anywhere. The folder comes from the environment variable FLAN_JAX_DATA_DIR, which the command line sets (`--data_dir`,
gin `DATA_DIR`) and processes that build caches inherit.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib

from flan_jax.core.errors import MissingDataError, TaskError

VARIABLE = "FLAN_JAX_DATA_DIR"
DEFAULT = "data"

__all__ = ["DEFAULT", "VARIABLE", "Download", "absent", "data_dir", "set_data_dir"]


def data_dir() -> pathlib.Path:
    """The data folder: FLAN_JAX_DATA_DIR, or `data` in the working directory. It need not exist."""
    return pathlib.Path(os.environ.get(VARIABLE) or DEFAULT).expanduser().resolve()


def set_data_dir(path: str | os.PathLike[str]) -> None:
    """Makes `path` the data folder of this process and of those that it starts. Raises `TaskError` for no folder."""
    folder = pathlib.Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise TaskError(f"data_dir {folder} is not a folder: give the folder that holds the data sets' own folders")
    os.environ[VARIABLE] = str(folder)


def absent(path: pathlib.Path, remedy: str) -> MissingDataError:
    """The error for data that is not there.

    Args:
      path: where it was looked for.
      remedy: what to download, from where, to where (`Download.line`).
    """
    return MissingDataError(
        f"{path} is not there. {remedy}. Data in another folder: name that in {VARIABLE}, in a recipe's DATA_DIR, or "
        f"in --data_dir on the command line"
    )


@dataclasses.dataclass(frozen=True)
class Download:
    """A data set as its publisher ships it.

    name: what it is called. url: where its files are. licence: its terms, as its publisher names them. folder: where
    its files go, below the data folder.
    """

    name: str
    url: str
    licence: str
    folder: str

    def path(self, *parts: str) -> pathlib.Path:
        """A file or folder of this data set, whether or not it is there."""
        return data_dir().joinpath(self.folder, *parts)

    def line(self, *parts: str) -> str:
        """What to download, from where, to where and under which licence, in one line."""
        return f"{self.name}: download {self.url} to {self.path(*parts)} (licence: {self.licence})"

    def require(self, *parts: str) -> pathlib.Path:
        """`path(*parts)`, which must be there. Raises `TaskError` with `line()` where it is not."""
        path = self.path(*parts)
        if not path.exists():
            raise absent(path, self.line(*parts))
        return path
