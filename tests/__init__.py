"""The tests, and the rig of real servers that they run on. Nothing here is installed with Tocsin."""
