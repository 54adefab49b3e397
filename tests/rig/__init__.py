"""Real servers for tests: each starts on a free loopback port in a folder of its own and is gone afterwards.

    with real_kafka() as kafka, real_redis() as redis, http_receiver() as receiver:
        ...

Nothing here pretends: a server that cannot be started is an error that says what to install, never a skipped test.
"""
