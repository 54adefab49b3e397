"""The steps of Tocsin and what they share. See `workers/README.md` for the map."""

from workers.lean import load_lean

load_lean()
