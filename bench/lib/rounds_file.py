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
        self.write()  # a place that cannot be written is told now, not after the first measurement

    def _read(self):
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            found = dict(content["identity"])
            # What failed is tried again.
            figures = {side: {name: [figure for figure in rounds if figure is not None]
                              for name, rounds in by_name.items()}
                       for side, by_name in content["figures"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BenchError(f"{self._path} cannot be read as the rounds of a run ({error}): "
                             "name another file") from error
        for key, wanted in self._identity.items():
            if found.get(key) != wanted:
                raise BenchError(f"{self._path} was measured with {key} {found.get(key)}, this run has {wanted}: "
                                 "name another file, or delete it")
        return figures

    def write(self):
        draft = self._path.with_name(self._path.name + ".new")
        try:
            draft.write_text(json.dumps({"identity": self._identity, "figures": self.figures}, indent=1) + "\n",
                             encoding="utf-8")
            os.replace(draft, self._path)
        except OSError as error:
            raise BenchError(f"the rounds cannot be kept in {self._path} ({error.strerror}): "
                             "name a file that can be written") from error
