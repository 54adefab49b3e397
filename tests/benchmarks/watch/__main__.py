"""`python -m tests.benchmarks.watch WHAT`: see the README beside this file."""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks.watch import backtests, oracle_runs, phases, tables, throughput
from tests.benchmarks.watch import latency as latencies


def main(arguments: list[str]) -> int:
    """Run one of them. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.watch", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    oracle = what.add_parser("oracle", help="generated streams on which engine and brute force agree")
    oracle.add_argument("--factor", type=int, default=1, help="so many times the usual number of streams")
    what.add_parser("hard-cases", help="the hard cases, expected and got, on a real Redis")
    what.add_parser("broken-patterns", help="broken pattern files and their messages")
    speed = what.add_parser("backtest", help="annotations a second with more and more patterns")
    speed.add_argument("--articles", type=int, default=20_000)
    speed.add_argument("--patterns", type=int, nargs="+", default=[1, 10, 100, 1000])
    speed.add_argument("--rounds", type=int, default=3)
    step = what.add_parser("phases", help="what the step spends its time on, without Kafka")
    step.add_argument("--articles", type=int, default=4_000)
    step.add_argument("--patterns", type=int, nargs="+", default=[10, 100, 1000])
    step.add_argument("--batch", type=int, default=64)
    through = what.add_parser("throughput", help="annotations a second through Kafka and Redis, beside two other loops")
    through.add_argument("--articles", type=int, default=10_000)
    through.add_argument("--quix", metavar="PYTHON", help="an interpreter that has quixstreams and redis")
    through.add_argument("--rounds", type=int, default=3)
    latency = what.add_parser("latency", help="from produce to the webhook, p50, p95, p99")
    latency.add_argument(
        "--rate", type=float, required=True, help="annotations a second: half of what `throughput` says"
    )
    latency.add_argument("--seconds", type=float, default=60)
    for command in (through, latency):
        command.add_argument("--broker", choices=("kafka", "embedded"), default="kafka")
    chosen = parser.parse_args(arguments)
    if chosen.what == "oracle":
        return oracle_runs.run(chosen.factor)
    if chosen.what == "backtest":
        return backtests.measure(chosen.articles, chosen.patterns, chosen.rounds)
    if chosen.what == "throughput":
        return throughput.measure(chosen.articles, chosen.broker, chosen.quix, chosen.rounds)
    if chosen.what == "latency":
        return latencies.measure(chosen.seconds, chosen.broker, chosen.rate)
    if chosen.what == "phases":
        return phases.measure(chosen.articles, chosen.patterns, chosen.batch)
    return 1 if {"hard-cases": tables.hard_cases, "broken-patterns": tables.broken_patterns}[chosen.what]() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
