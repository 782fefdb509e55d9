"""Runs both sides of each case in turn and judges the medians."""

from cases import HIGHER
from lib import figures
from lib.processes import BenchError

OURS = "ours"


class Comparison:
    """Measurements by side and name, several rounds each; a measurement that serves several rows runs once a round."""

    def __init__(self, sides, *, quick, rounds, say=lambda text: None, results=None, measured=lambda: None):
        self._sides = sides  # {"ours" or a peer's key: object with measure()}
        self._quick = quick
        self._rounds = rounds
        self._say = say  # told what runs now and what went wrong
        # {side key: {measurement: [result or None, a round each]}}; what is there already is not measured again.
        self._results = {} if results is None else results
        self._measured = measured  # called when a result has been added
        self.failures = []

    def run(self, wanted):
        """Measures what the cases need and returns the rows."""
        for case in wanted:
            for round_number in range(self._rounds):
                # Neighbours in time: what disturbs the machine disturbs both sides.
                self._measure(OURS, case.ours, round_number)
                if case.peer is not None:
                    self._measure(case.peer_key, case.peer, round_number)
        return self.rows(wanted)

    def rounds_of(self, key):
        return 1 if self._quick and self._sides[key].slow_to_warm else self._rounds

    def exceptions(self):
        """Which sides have fewer rounds, as the end of a sentence."""
        fewer = [side.name for key, side in self._sides.items() if self.rounds_of(key) < self._rounds]
        return f"; 1 round of {', '.join(fewer)}" if fewer else ""

    def _measure(self, key, figure, round_number):
        if key not in self._sides or round_number >= self.rounds_of(key):
            return
        results = self._results.setdefault(key, {}).setdefault(figure.measurement, [])
        if len(results) > round_number:
            return
        side = self._sides[key]
        self._say(f"{side.name}: {figure.measurement}, round {round_number + 1} of {self.rounds_of(key)}")
        try:
            result = side.measure(figure.measurement, self._quick, again=round_number + 1 < self.rounds_of(key))
            results.append(result)
            self._say(f"  {figures.show(result['value'])} {result['unit']}")
        except BenchError as error:
            results.append(None)
            self.failures.append(f"{side.name}, {figure.measurement}: {error}")
            self._say(f"  {error}")
        self._measured()

    def _median(self, key, figure):
        results = self._results.get(key, {}).get(figure.measurement, [])
        value = figures.median([result.get(figure.key) for result in results if result is not None])
        return None if value is None else value / figure.scale

    def rows(self, wanted):
        """What --json writes: an object a case."""
        return [self._row(case) for case in wanted]

    def _row(self, case):
        ours = self._median(OURS, case.ours)
        # Rounds kept earlier may tell of a side that is not asked for now.
        peer = self._median(case.peer_key, case.peer) if case.peer and case.peer_key in self._sides else None
        return {"name": case.name, "unit": case.unit, "ours": ours, "peer": peer,
                "peerName": self._sides[case.peer_key].name if peer is not None else None,
                "ratio": ours / peer if ours is not None and peer else None,
                "target": target_text(case), "met": is_met(case, ours, peer)}

    @staticmethod
    def table(rows):
        verdict = {True: "yes", False: "NO", None: "-"}
        return figures.table(
            ["name", "<unit", "ours", "peer", "<peer's name", "ratio", "<target", "<met"],
            [(row["name"], row["unit"], figures.show(row["ours"]), figures.show(row["peer"]), row["peerName"] or "-",
              figures.show(row["ratio"]), row["target"] or "-", verdict[row["met"]]) for row in rows])


def target_text(case):
    """'>= 5 x peer' or '<= 100 ms'; None without a target."""
    if case.target is None:
        return None
    sign = ">=" if case.better == HIGHER else "<="
    if case.target.times is not None:
        return f"{sign} {case.target.times:g} x peer"
    return f"{sign} {case.target.absolute:,} {case.unit}"


def is_met(case, ours, peer):
    """Whether ours reaches the target; None when there is none or a side was not measured."""
    if case.target is None or ours is None:
        return None
    limit = case.target.absolute
    if case.target.times is not None:
        if peer is None:
            return None
        limit = case.target.times * peer
    return ours >= limit if case.better == HIGHER else ours <= limit
