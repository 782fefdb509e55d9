"""The figures of each round in a file, so that a run which was interrupted goes on where it ended."""

import json
import os
import pathlib

from lib.processes import BenchError


class RoundsFile:
    """{side: {measurement: [figure, a round each]}}, written after every figure.

    `identity`, an object of plain values, says what was measured on which machine: figures are never mixed with
    those of another. BenchError when the file is somebody else's.
    """

    def __init__(self, path, identity):
        self._path = pathlib.Path(path)
        self._identity = identity
        self.figures = self._read()

    def _read(self):
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            found, figures = content["identity"], content["figures"]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BenchError(f"{self._path} cannot be read as the rounds of a run ({error}); name another file") from error
        for key, wanted in self._identity.items():
            if found.get(key) != wanted:
                raise BenchError(f"{self._path} was measured with {key} {found.get(key)}, this run has {wanted}: "
                                 "name another file, or delete it")
        # What failed is tried again.
        return {side: {name: [figure for figure in rounds if figure is not None] for name, rounds in by_name.items()}
                for side, by_name in figures.items()}

    def write(self):
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_text(json.dumps({"identity": self._identity, "figures": self.figures}, indent=1) + "\n",
                         encoding="utf-8")
        os.replace(draft, self._path)
