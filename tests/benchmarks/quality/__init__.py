"""How well the reader reads: scores against labelled texts. Speed is measured in `tests/benchmarks/speed`."""
