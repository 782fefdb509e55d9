"""What every peer of the comparison offers, and the command line that runs one alone."""

import argparse
import json
import shutil
import sys
import tempfile
import time
import types

from lib import figures, machine
from lib.processes import BenchError

MEASUREMENT_DISK_BYTES = 12 << 30


class Peer:
    """Another broker, measured with its own tools.

    A measurement starts the server on an empty directory and free loopback ports, and ends it or, when it is to be
    repeated, pauses it; so the other side of the comparison never shares the machine with it. Names are those of
    `bench/ours.py`.
    """

    name = ""
    # Warming takes so long that --quick measures this peer once instead of three times.
    slow_to_warm = False

    def __init__(self, work_directory=None):
        self.work_directory = work_directory or tempfile.gettempdir()
        self._directories = []
        self._kept_name = self._kept_figures = None  # the measurement that is paused
        self._resumed = 0  # time.monotonic(), of the last resume

    def measurements(self):
        """{name: function of `quick` that returns the figure, or a generator of figures whose later ones need no
        new warm-up}."""
        raise NotImplementedError

    def prepare(self):
        """Installs and fetches what is missing; BenchError with one sentence when it cannot."""
        raise NotImplementedError

    def measure(self, name, quick=False, again=False):
        """{'unit', 'value', ...}: the figure and what else the run showed. BenchError when it cannot be had.

        `again`: the next call will ask for the same, so what is warm by then may stay, paused.
        """
        run = self.measurements().get(name)
        if run is None:
            raise BenchError(f"{self.name} has no measurement {name}; it has {', '.join(self.measurements())}")
        keep = False
        try:
            if self._kept_name == name:
                self._resumed = time.monotonic()
                self.resume()
                figure = next(self._kept_figures)
            else:
                self._clear()
                too_full = machine.require_free_disk(self.work_directory, MEASUREMENT_DISK_BYTES)
                if too_full:
                    raise BenchError(too_full)
                machine.settle()
                figure = run(quick)
                if isinstance(figure, types.GeneratorType):
                    self._kept_name, self._kept_figures = name, figure
                    figure = next(self._kept_figures)
            keep = again and self._kept_name == name
            return figure
        finally:
            if keep:
                self.pause()
            else:
                self._clear()

    def _clear(self):
        """Ends what a measurement started and deletes what it wrote."""
        if self._kept_figures:
            self._kept_figures.close()
        self._kept_name = self._kept_figures = None
        self.stop()
        while self._directories:
            shutil.rmtree(self._directories.pop(), ignore_errors=True)

    def pause(self):
        """Halts every process of a measurement that yields figures, so that another side may be measured."""
        raise NotImplementedError

    def resume(self):
        """Lets them go on."""
        raise NotImplementedError

    def stop(self):
        """Ends every process that a measurement started; harmless when there is none."""
        raise NotImplementedError

    def new_directory(self, purpose):
        """An empty directory that goes away after the measurement."""
        path = tempfile.mkdtemp(prefix=f"cafmq-bench-{purpose}-", dir=self.work_directory)
        self._directories.append(path)
        return path

    def __enter__(self):
        self.prepare()
        return self

    def __exit__(self, *_):
        self._clear()


def _extra(result):
    return ", ".join(f"{key} {figures.show(value) if isinstance(value, (int, float)) else value}"
                     for key, value in result.items() if key not in ("unit", "value"))


def main(peer_class):
    """`python3 bench/peers/NAME.py`: measures one peer and prints a table."""
    parser = argparse.ArgumentParser(description=f"Measures {peer_class.name} with its own tools on loopback.")
    parser.add_argument("--quick", action="store_true", help="short warm-up and short windows: to see that it runs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these measurements instead of all")
    parser.add_argument("--list", action="store_true", help="print the names of the measurements")
    parser.add_argument("--json", metavar="FILE", nargs="?", const="-", help="write the figures as JSON, - for stdout")
    parser.add_argument("--work", metavar="DIR", help="where stores are written (a real disk, not tmpfs)")
    options = parser.parse_args()
    if options.list:
        print("\n".join(peer_class().measurements()))
        return 0
    results, failed = {}, False
    try:
        with peer_class(options.work) as peer:
            description = machine.describe(peer.work_directory)
            for name in options.only or peer.measurements():
                print(f"{peer.name}: {name} ...", file=sys.stderr, flush=True)
                try:
                    results[name] = peer.measure(name, options.quick)
                except BenchError as error:
                    failed = True
                    print(f"{peer.name}: {name}: {error}", file=sys.stderr)
    except BenchError as error:
        print(f"{peer_class.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json == "-":
        print(json.dumps({"machine": description, "peer": peer_class.name, "figures": results}, indent=2))
    else:
        print(description)
        print(figures.table(["name", "value", "<unit", "<beside it"],
                            [(name, figures.show(r["value"]), r["unit"], _extra(r)) for name, r in results.items()]))
        if options.json:
            figures.write_json(options.json, {"machine": description, "peer": peer_class.name, "figures": results})
    return 1 if failed else 0
