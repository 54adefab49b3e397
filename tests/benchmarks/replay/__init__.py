"""Replay of an archive: how fast, and whether it always comes to the same."""
