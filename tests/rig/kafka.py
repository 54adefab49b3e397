"""A real Apache Kafka, one node in KRaft mode, without Docker: its jars, Java and a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.rig.jars import HERE, kafka_jars
from tests.rig.kafka_ready import answers
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.process import CannotStart, ServerProcess, temporary_folder

OLDEST_JAVA = 17
CLUSTER_ID = "tocsin-tests-0000000000"  # 16 bytes in base64 without padding, as Kafka wants it
START_SECONDS = 120.0

_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class KafkaServer(ServerProcess):
    """A broker and its controller in one process. `kill` and `restart` keep the topics.

    `bootstrap` is its address. `proxied_port` is a second listener that tells clients to come by
    `advertise_proxy` (a port on loopback), so that a test can cut what lies between; None without a proxy.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str], advertise_proxy: int | None) -> None:
        self.port = free_port()
        self.bootstrap = f"{LOOPBACK}:{self.port}"
        self.proxied_port = free_port() if advertise_proxy is not None else None
        self._properties = folder / "server.properties"
        values = self._values(folder / "data", free_port(), advertise_proxy) | dict(settings)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in values.items()), "utf-8")
        self._java = [java_binary(), *_JVM, f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"]
        # It unpacks native libraries there, and a killed one would leave them behind.
        self._java += [f"-Djava.io.tmpdir={folder}", "-cp", f"{kafka_jars()}/*"]
        super().__init__(
            "kafka",
            [*self._java, "kafka.Kafka", str(self._properties)],
            folder=folder,
            ready=lambda: answers(self.bootstrap),
            ready_seconds=START_SECONDS,
        )

    def format(self) -> None:
        """Write the cluster's id into its empty folder, as a new cluster needs. Raises CannotStart."""
        command = [*self._java, "kafka.tools.StorageTool", "format"]
        command += ["--config", str(self._properties), "--cluster-id", CLUSTER_ID]
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if done.returncode != 0:
            raise CannotStart(f"Kafka's StorageTool ended with code {done.returncode}:\n{done.stdout}{done.stderr}")

    def _values(self, data: Path, controller: int, advertise_proxy: int | None) -> dict[str, str]:
        listeners = [f"PLAINTEXT://{self.bootstrap}"]
        advertised = list(listeners)
        if advertise_proxy is not None:
            listeners.append(f"PROXIED://{LOOPBACK}:{self.proxied_port}")
            advertised.append(f"PROXIED://{LOOPBACK}:{advertise_proxy}")
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join([*listeners, f"CONTROLLER://{LOOPBACK}:{controller}"]),
            "advertised.listeners": ",".join(advertised),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(data),
            # As a careful production cluster has it: a misspelt topic is an error, not a new topic.
            "auto.create.topics.enable": "false",
            # One node cannot replicate.
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # Fifty partitions of internal topics would only slow the start.
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.num.partitions": "4",
            # After kill -9 the controller takes the broker back only when its old session has ended: 9 s by default.
            # With 2 s a loaded machine lost brokers that live: late with a heartbeat, they were listed no more.
            "broker.session.timeout.ms": "6000",
            "broker.heartbeat.interval.ms": "500",
            # A group of one member need not wait for others; a test may choose a short session.
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
        }


def java_binary() -> str:
    """Java's path. Raises CannotStart if it is missing or too old."""
    java = shutil.which("java")
    wanted = f"Apache Kafka needs Java {OLDEST_JAVA} or later"
    remedy = "Install it: `apt-get install default-jre-headless`, or run tests/rig/ci_setup.sh."
    if java is None:
        raise CannotStart(f"{wanted}; there is no java on the PATH. {remedy}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    version = said.partition('"')[2].partition('"')[0]
    major = version.partition(".")[0].partition("-")[0]
    if not major.isdigit() or int(major) < OLDEST_JAVA:
        raise CannotStart(f"{wanted}; {java} is {version or said.strip()!r}. {remedy}")
    return java


@contextmanager
def real_kafka(
    settings: Mapping[str, str] | None = None, *, advertise_proxy: int | None = None
) -> Iterator[KafkaServer]:
    """A running Kafka; `settings` are added to its server.properties."""
    with temporary_folder("kafka") as folder:
        server = KafkaServer(folder, settings=settings or {}, advertise_proxy=advertise_proxy)
        try:
            server.format()
            server.start()
            yield server
        finally:
            # Its data are thrown away, so there is nothing for it to put in order.
            server.kill()
