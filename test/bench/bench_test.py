#!/usr/bin/env python3
"""The benchmark's own arithmetic and parsing: no broker is started. Run: python3 test/bench/bench_test.py"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import cases
from comparison import Comparison
from lib import figures
from lib.processes import BenchError, Child, cpu_seconds, memory_bytes, run_to_end
from lib.rounds_file import RoundsFile
from ours import CommandLines, Ours
from peers.nats import Nats, parse_rate
from peers.peer import Peer
from peers.redis import Redis, parse_csv
from peers.rocketmq import RateLines, RocketMq


class FakeSide:
    """Answers each measurement with the next of `values`; an exception among them is raised."""

    def __init__(self, name, values, slow_to_warm=False):
        self.name = name
        self.slow_to_warm = slow_to_warm
        self.calls = []
        self.again = []
        self._values = list(values)

    def measure(self, name, quick, again):
        self.again.append(again)
        self.calls.append(name)
        value = self._values[len(self.calls) - 1]
        if isinstance(value, Exception):
            raise value
        return {"unit": "msg/s", "value": value, "rssBytes": 2e6}


def case(**changes):
    return cases.Case(**({"name": "send", "unit": "msg/s", "ours": cases.Figure("send"), "peer": cases.Figure("send"),
                          "peer_key": "nats", "target": cases.Target(times=2)} | changes))


class WarmPeer(Peer):
    """A peer whose measurement `warm` goes on between rounds; `self.seen` is what happened."""

    name = "warm"

    def __init__(self):
        super().__init__()
        self.seen = []

    def measurements(self):
        return {"warm": self._warm, "once": lambda quick: {"value": 7}}

    def _warm(self, quick):
        self.new_directory("warm")
        self.seen.append("start")
        try:
            for value in (1, 2, 3):
                if value == 3:
                    raise BenchError("it broke")
                yield {"value": value}
        finally:
            self.seen.append("closed")

    def stop(self):
        self.seen.append("stop")

    def pause(self):
        self.seen.append("pause")

    def resume(self):
        self.seen.append("resume")


class PeerTest(unittest.TestCase):
    def setUp(self):
        self.peer = WarmPeer()
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)
        self.peer.work_directory = self.work.name

    def left_behind(self):
        return os.listdir(self.work.name)

    def test_what_is_wanted_again_is_paused_and_goes_on_without_a_new_start(self):
        self.assertEqual(self.peer.measure("warm", again=True)["value"], 1)
        self.assertEqual(len(self.left_behind()), 1)
        self.assertEqual(self.peer.measure("warm", again=False)["value"], 2)
        self.assertEqual(self.peer.seen, ["stop", "start", "pause", "resume", "closed", "stop"])
        self.assertEqual(self.left_behind(), [])

    def test_another_measurement_ends_the_paused_one(self):
        self.peer.measure("warm", again=True)
        self.assertEqual(self.peer.measure("once", again=True)["value"], 7)
        self.assertEqual(self.peer.seen, ["stop", "start", "pause", "closed", "stop", "stop"])
        self.assertEqual(self.left_behind(), [])

    def test_a_failure_in_a_later_round_ends_it_and_the_next_round_starts_anew(self):
        self.peer.measure("warm", again=True)
        self.peer.measure("warm", again=True)
        with self.assertRaisesRegex(BenchError, "it broke"):
            self.peer.measure("warm", again=True)
        self.assertEqual(self.left_behind(), [])
        self.assertEqual(self.peer.measure("warm", again=True)["value"], 1)

    def test_leaving_the_peer_ends_what_is_paused(self):
        self.peer.measure("warm", again=True)
        self.peer.__exit__()
        self.assertEqual(self.peer.seen[-2:], ["closed", "stop"])
        self.assertEqual(self.left_behind(), [])


class ComparisonTest(unittest.TestCase):
    def run_case(self, ours, peer, wanted, quick=False, slow=False):
        self.sides = {"ours": FakeSide("CafMQ", ours), "nats": FakeSide("NATS", peer, slow)}
        self.comparison = Comparison(self.sides, quick=quick, rounds=3)
        return self.comparison.run([wanted])[0]

    def test_a_row_has_exactly_the_promised_keys(self):
        row = self.run_case([1, 2, 3], [1, 2, 3], case())
        self.assertEqual(list(row), ["name", "unit", "ours", "peer", "peerName", "ratio", "target", "met"])

    def test_the_median_of_three_rounds_counts(self):
        row = self.run_case([10, 500, 40], [20, 1, 10], case())
        self.assertEqual((row["ours"], row["peer"], row["ratio"], row["met"]), (40, 10, 4, True))

    def test_every_round_but_the_last_asks_to_stay_warm(self):
        self.run_case([1, 2, 3], [1, 2, 3], case())
        self.assertEqual(self.sides["nats"].again, [True, True, False])

    def test_a_target_of_twice_the_peer_is_missed_below_it(self):
        self.assertIs(self.run_case([19] * 3, [10] * 3, case())["met"], False)
        self.assertIs(self.run_case([20] * 3, [10] * 3, case())["met"], True)

    def test_lower_is_better_turns_the_comparison_round(self):
        wanted = case(better=cases.LOWER, target=cases.Target(times=0.2))
        self.assertIs(self.run_case([2] * 3, [10] * 3, wanted)["met"], True)
        self.assertIs(self.run_case([3] * 3, [10] * 3, wanted)["met"], False)

    def test_an_absolute_target_needs_no_peer(self):
        row = self.run_case([5] * 3, [], case(peer=None, peer_key=None, target=cases.Target(absolute=4)))
        self.assertEqual((row["peer"], row["peerName"], row["ratio"], row["met"]), (None, None, None, True))
        self.assertEqual(row["target"], ">= 4 msg/s")

    def test_a_failed_round_is_told_and_the_others_count(self):
        row = self.run_case([BenchError("it broke"), 8, 9], [1, 1, 1], case())
        self.assertEqual(row["ours"], 8.5)
        self.assertEqual(self.comparison.failures, ["CafMQ, send: it broke"])

    def test_without_any_figure_nothing_is_judged(self):
        row = self.run_case([BenchError("a")] * 3, [1, 1, 1], case())
        self.assertEqual((row["ours"], row["ratio"], row["met"]), (None, None, None))

    def test_a_quick_run_measures_a_peer_that_is_slow_to_warm_once(self):
        self.run_case([1] * 3, [1], case(), quick=True, slow=True)
        self.assertEqual((len(self.sides["ours"].calls), len(self.sides["nats"].calls)), (3, 1))

    def test_rows_of_one_measurement_share_its_runs(self):
        sides = {"ours": FakeSide("CafMQ", [1] * 3)}
        comparison = Comparison(sides, quick=False, rounds=3)
        rows = comparison.run([case(peer=None, target=None),
                               case(peer=None, target=None, ours=cases.Figure("send", "rssBytes", cases.MB))])
        self.assertEqual((len(sides["ours"].calls), rows[1]["ours"]), (3, 2.0))

    def test_rounds_of_a_peer_that_is_not_asked_for_now_are_left_out(self):
        kept = {"nats": {"send": [{"value": 5, "unit": "msg/s"}]}}
        row = Comparison({"ours": FakeSide("CafMQ", [7])}, quick=False, rounds=1, results=kept).run([case()])[0]
        self.assertEqual((row["ours"], row["peer"], row["peerName"], row["met"]), (7, None, None, None))

    def test_a_run_goes_on_where_the_one_with_its_rounds_file_ended(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "rounds.json"
            first = RoundsFile(path, {"program": "p1", "quick": False})
            Comparison({"ours": FakeSide("CafMQ", [5, BenchError("it broke")])}, quick=False, rounds=2,
                       results=first.figures, measured=first.write).run([case(peer=None, target=None)])
            second = RoundsFile(path, {"program": "p1", "quick": False})
            side = FakeSide("CafMQ", [7, 9])
            row = Comparison({"ours": side}, quick=False, rounds=3, results=second.figures,
                             measured=second.write).run([case(peer=None, target=None)])[0]
            self.assertEqual((row["ours"], len(side.calls)), (7, 2))

    def test_a_rounds_file_of_another_program_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "rounds.json"
            RoundsFile(path, {"program": "p1"})
            with self.assertRaisesRegex(BenchError, "measured with program p1, this run has p2"):
                RoundsFile(path, {"program": "p2"})

    def test_a_rounds_file_that_is_none_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "rounds.json"
            for content in ("", "[]", '{"identity": {}}', '{"identity": {}, "figures": []}', '{"identity": 1, "figures": {}}'):
                path.write_text(content)
                with self.assertRaisesRegex(BenchError, "cannot be read", msg=content):
                    RoundsFile(path, {})
                self.assertEqual(path.read_text(), content)

    def test_a_rounds_file_that_cannot_be_written_is_told_before_anything_is_measured(self):
        with self.assertRaisesRegex(BenchError, "cannot be kept in /proc/no/rounds.json"):
            RoundsFile("/proc/no/rounds.json", {})

    def test_a_missing_side_leaves_its_column_empty(self):
        row = Comparison({"ours": FakeSide("CafMQ", [1] * 3)}, quick=False, rounds=3).run([case()])[0]
        self.assertEqual((row["ours"], row["peer"], row["met"]), (1, None, None))


class CasesTest(unittest.TestCase):
    def test_every_case_names_measurements_that_exist(self):
        peers = {"rocketmq": RocketMq, "nats": Nats, "redis": Redis}
        known = {key: peer().measurements() for key, peer in peers.items()}
        for one in cases.all_cases():
            self.assertIn(one.ours.measurement, Ours().measurements(), one.name)
            if one.peer:
                self.assertIn(one.peer.measurement, known[one.peer_key], one.name)

    def test_no_two_rows_are_the_same(self):
        rows = [(one.name, one.peer_key) for one in cases.all_cases()]
        self.assertEqual(len(rows), len(set(rows)))

    def test_run_lists_its_rows(self):
        listed = subprocess.run([str(BENCH / "run"), "--list"], capture_output=True, text=True, timeout=60, check=True)
        self.assertIn("send, 64 sync senders, 1 KiB", listed.stdout.splitlines())


class ParsingTest(unittest.TestCase):
    def test_rocketmq_producer_line(self):
        lines = RateLines()
        lines(12.0, "Current Time: 2026-01-02 03:04:05,678 | Send TPS: 20123 | Max RT(ms): 91 | Average RT(ms):   3.180"
                    " | Send Failed: 0 | Response Failed: 0")
        [(seconds, numbers)] = lines.rows()
        self.assertEqual((seconds, lines.rate(numbers), numbers["Average RT(ms)"]), (12.0, 20123, 3.18))

    def test_rocketmq_batch_line_counts_messages_not_requests(self):
        lines = RateLines()
        lines(1.0, "Current Time: 2026-01-02 03:04:05,678 | Send TPS: 7500 | Send MPS: 120000 | Max RT(ms): 9 | "
                   "Average RT(ms):   8.1 | Average Message RT(ms):   0.5 | Send Failed: 0 | Send Message Failed: 0")
        self.assertEqual(lines.rate(lines.rows()[0][1]), 120000)

    def test_rocketmq_consumer_line(self):
        lines = RateLines()
        lines(1.0, "Current Time: 2026-01-02 03:04:05,678 | Consume TPS: 131683 | AVG(B2C) RT(ms): 37.806 | "
                   "AVG(S2C) RT(ms): 34.785 | MAX(B2C) RT(ms): 66 | MAX(S2C) RT(ms): 60 | Consume Fail: 0")
        numbers = lines.rows()[0][1]
        self.assertEqual((lines.rate(numbers), numbers["AVG(B2C) RT(ms)"]), (131683, 37.806))

    def test_rocketmq_log_noise_is_no_figure(self):
        lines = RateLines()
        lines(1.0, "15:06:57,840 |-INFO in logback Send TPS: 1")
        self.assertEqual(lines.rows(), [])

    def test_nats_of_one_client_and_of_many(self):
        self.assertEqual(
            parse_rate(["NATS JetStream asynchronous publisher stats: 206,857 msgs/sec ~ 20 MiB/sec"]), 206857)
        self.assertEqual(parse_rate(["  [1] 72,290 msgs/sec ~ 6.9 MiB/sec",
                                     " NATS JetStream asynchronous publisher aggregated stats: 279,928 msgs/sec ~ 27"]),
                         279928)

    def test_nats_without_figures_is_an_error(self):
        with self.assertRaises(BenchError):
            parse_rate(["nats: error: no servers available"])

    def test_redis_csv_after_a_warning(self):
        row = parse_csv(["WARNING: could not fetch CONFIG", '"test","rps","p50_latency_ms"',
                         '"XADD s * f xx","59594.76","0.927"'])
        self.assertEqual((row["rps"], row["p50_latency_ms"]), ("59594.76", "0.927"))

    def test_our_ready_line_and_our_result(self):
        self.assertIsNone(CommandLines.ready("starting"))
        self.assertIsNone(CommandLines.ready("7"))
        self.assertEqual(CommandLines.ready('{"event": "ready", "nameServer": "127.0.0.1:9876"}'), "127.0.0.1:9876")
        self.assertEqual(CommandLines.result(['{"messages": 1}', '{"messages": 2}', ""]), {"messages": 2})
        with self.assertRaises(BenchError):
            CommandLines.result(["no JSON"])


class FiguresTest(unittest.TestCase):
    def test_median_leaves_out_what_was_not_measured(self):
        self.assertEqual(figures.median([None, 3, 1]), 2)
        self.assertIsNone(figures.median([None]))

    def test_numbers_for_people(self):
        self.assertEqual([figures.show(v) for v in (None, 0.1234, 12.34, 123.4, 1234567)],
                         ["-", "0.123", "12.3", "123", "1,234,567"])

    def test_json_is_a_list_of_objects(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "rows.json"
            figures.write_json(path, [{"name": "x", "ours": None}])
            self.assertEqual(json.loads(path.read_text()), [{"name": "x", "ours": None}])


class ProcessesTest(unittest.TestCase):
    def test_cpu_and_memory_of_this_process(self):
        self.assertGreater(cpu_seconds("self"), 0)
        self.assertGreater(memory_bytes("self")["rss"], 1 << 20)

    def test_a_program_that_fails_is_told_with_its_last_words(self):
        with self.assertRaisesRegex(BenchError, "ended with 3: alas"):
            run_to_end(["sh", "-c", "echo alas; exit 3"], timeout_seconds=10)

    def test_a_program_that_does_not_end_is_killed(self):
        with self.assertRaisesRegex(BenchError, "had not ended"):
            run_to_end(["sleep", "60"], timeout_seconds=0.1)

    def test_a_missing_program_is_one_sentence(self):
        with self.assertRaisesRegex(BenchError, "cannot start no-such-program"):
            Child(["no-such-program"])


if __name__ == "__main__":
    unittest.main()
