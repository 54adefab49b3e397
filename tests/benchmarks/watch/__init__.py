"""Benchmarks and shows of the watch step; run by hand, see the README beside this file."""
