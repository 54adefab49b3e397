"""Every metric, once. Names follow Prometheus's conventions: base units, `_total` for counters."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, ProcessCollector


class ReaderProcess:
    """The process of the annotate step's reader. What `process_…` says of ours, `tocsin_reader_process_…` says of it.

    Nothing is said while `pid` is None.
    """

    def __init__(self) -> None:
        self.pid: int | None = None
        ProcessCollector(namespace="tocsin_reader", pid=lambda: self.pid or "none")


READER = ReaderProcess()
RECORDS_IN = Counter("tocsin_records_in_total", "Records taken from a topic", ["step", "topic"])
RECORDS_OUT = Counter("tocsin_records_out_total", "Records produced and confirmed", ["step", "topic"])
REJECTS = Counter("tocsin_rejects_total", "Records refused", ["step", "error"])
RETRIES = Counter("tocsin_retries_total", "Transient failures tried again", ["step"])
BATCH_SECONDS = Histogram(
    "tocsin_batch_seconds", "Time from taking a batch to its acknowledgement", ["step"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)  # fmt: skip
LAG = Gauge("tocsin_lag_records", "Records waiting", ["step", "topic", "partition"])
LAST_PROGRESS = Gauge("tocsin_last_progress_timestamp_seconds", "When a batch was last acknowledged", ["step"])
ARTICLES_READ = Counter("tocsin_articles_read_total", "Articles read", ["lang"])
COPIES = Counter("tocsin_copies_total", "Articles not read again, because their text had just been read")
REPEATED_SENTENCES = Counter(
    "tocsin_repeated_sentences_total", "Sentences not parsed again, because the same had just been parsed"
)
EVENTS = Counter("tocsin_events_total", "Events found", ["type", "status"])
READER_DEATHS = Counter("tocsin_reader_deaths_total", "Times a reader's process ended while its step went on")
ALERTS = Counter("tocsin_alerts_total", "Alerts", ["pattern", "state"])
SUPPRESSED = Counter("tocsin_suppressed_matches_total", "Matches within the cooldown", ["pattern"])
PATTERN_RELOADS = Counter("tocsin_pattern_reloads_total", "Times the pattern files were loaded anew", ["outcome"])
PATTERNS_SOUND = Gauge(
    "tocsin_patterns_sound", "1 if the pattern files could be loaded when last looked at, else 0", ["step"]
)
MUTED = Counter("tocsin_muted_total", "Alerts of which a receiver was not told, and by what", ["receiver", "by"])
DELIVERIES = Counter("tocsin_deliveries_total", "Attempts to notify", ["receiver", "outcome"])
DELIVERY_SECONDS = Histogram("tocsin_delivery_seconds", "Time of one attempt", ["receiver"])
FEED_VISITS = Counter("tocsin_feed_visits_total", "Times a feed was asked", ["host", "outcome"])
FEED_ARTICLES = Counter("tocsin_feed_articles_total", "New or edited entries of feeds, produced", ["host"])
FEED_VISIT_SECONDS = Histogram(
    "tocsin_feed_visit_seconds", "Time of asking a feed, until Kafka and Redis had confirmed what came of it",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)  # fmt: skip
FEEDS = Gauge("tocsin_feeds", "Feeds of this poller, by how they stand", ["standing"])
FEEDS_LATE = Gauge("tocsin_feeds_late_seconds", "How long the feed that waits longest has been due")
FEEDS_SOUND = Gauge("tocsin_feeds_file_sound", "1 if feeds.yaml could be loaded when last looked at, else 0")
