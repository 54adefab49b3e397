"""Asks the step in this container whether it takes work: exit code 0 if so, else 1 and one line why.

Standard library only, and no import of Tocsin: it runs every few seconds.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_SECONDS = 4.0


def ask(port: str) -> tuple[bool, str]:
    """Whether `/readyz` on `port` says yes, and what it said."""
    if not port.isdigit():
        return False, f"TOCSIN_METRICS_PORT is {port!r}: set it to a port number, so that the step can be asked"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"the step does not answer on port {port}: {error}"
    finally:
        connection.close()
    return answer.status == 200, said


if __name__ == "__main__":
    ready, why = ask(os.environ.get("TOCSIN_METRICS_PORT", ""))
    sys.stdout.write(why + "\n")
    sys.exit(0 if ready else 1)
