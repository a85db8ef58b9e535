"""
Keeps a table of licenses, and counts what happened, from Keyledger's events over Kafka. Each event has its effect once,
whenever this is killed: the effect and the note that it was had are one transaction; Kafka's offsets follow after it.
Run it with `pip install -r requirements.txt && python consumer.py`. The table is in SQLite.
"""

import json
import os
import signal
import sqlite3
import sys

from confluent_kafka import Consumer, KafkaException

TOPIC = os.environ.get("TOPIC", "keyledger.licensing")
SESSION_TIMEOUT_MS = int(os.environ.get("SESSION_TIMEOUT_MS", "10000"))

consumer = Consumer(
    {
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
        "group.id": os.environ.get("GROUP", "my-team.license-table"),
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "heartbeat.interval.ms": SESSION_TIMEOUT_MS // 3,
    }
)

db = sqlite3.connect(os.environ.get("DATABASE", "licenses.sqlite"), isolation_level=None)
db.executescript(
    """
    pragma busy_timeout = 5000; -- First: the next line takes a lock.
    pragma journal_mode = wal;
    create table if not exists seen (id text primary key);
    create table if not exists licenses (id text primary key, status text not null, version integer not null);
    create table if not exists happened (type text primary key, count integer not null);
    """
)


def take(message):
    # A CloudEvent in binary mode: its attributes are headers, its data is the value.
    headers = {name: value.decode() for name, value in message.headers() or [] if value is not None}
    if headers.get("ce_specversion") != "1.0" or message.value() is None:
        print(f"offset {message.offset()} holds no CloudEvent 1.0: passed over", file=sys.stderr)
        return
    # The same event may come again: when Keyledger or this was killed, or when somebody republishes.
    if db.execute("insert or ignore into seen (id) values (?)", (headers["ce_id"],)).rowcount == 0:
        return
    event_type = headers["ce_type"]
    db.execute(
        "insert into happened (type, count) values (?, 1) on conflict (type) do update set count = count + 1",
        (event_type,),
    )
    # Types and fields that did not exist when this was written are none of our business.
    status = json.loads(message.value()).get("status")
    if event_type.startswith("license.") and isinstance(status, str):
        db.execute(
            """insert into licenses (id, status, version) values (?, ?, ?)
               on conflict (id) do update set status = excluded.status, version = excluded.version
               where version < excluded.version""",
            (headers["ce_subject"], status, int(headers["ce_streamversion"])),
        )


def take_batch(messages):
    db.execute("begin immediate")
    try:
        for message in messages:
            take(message)
        db.execute("commit")
    except BaseException:
        db.execute("rollback")
        raise


running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
consumer.subscribe([TOPIC])
while running:
    batch = consumer.consume(num_messages=100, timeout=0.5)
    for message in batch:
        if message.error():
            raise KafkaException(message.error())
    if batch:
        take_batch(batch)
        # What was consumed last, of each partition. Should this fail, the batch comes again and is known.
        consumer.commit(asynchronous=False)
consumer.close()
db.close()
