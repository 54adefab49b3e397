"""The notify step: one delivery per alert and receiver, retried, signed, recorded. Only `agent.py` knows Faust."""
