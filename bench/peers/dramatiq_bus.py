"""Messages a second through Dramatiq on RabbitMQ: dramatiq_bus.py URL consume|softfail MESSAGES

A worker with eight threads takes messages that were sent before. `consume` acknowledges each;
`softfail` raises, and Dramatiq publishes it anew to its delay queue, for an hour.
"""

import logging
import sys
import threading
import time
import uuid

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import AgeLimit, Retries, TimeLimit

logging.disable(logging.CRITICAL)

url, act, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])
queue = f"dramatiq-{uuid.uuid4().hex}"
hour = 3_600_000
broker = RabbitmqBroker(
    url=url, middleware=[AgeLimit(), TimeLimit(), Retries(min_backoff=hour, max_backoff=hour)]
)
dramatiq.set_broker(broker)
seen, first, last, over = 0, None, None, threading.Event()
lock = threading.Lock()


@dramatiq.actor(queue_name=queue)
def handle(body):
    global seen, first, last
    with lock:
        seen += 1
        now = time.monotonic()
        first = first or now
        if seen == messages:
            last = now
            over.set()
    if act == "softfail":
        raise RuntimeError("later")


for _ in range(messages):
    handle.send("x" * 100)
worker = dramatiq.Worker(broker, worker_threads=8, worker_timeout=100)
worker.start()
over.wait()
print((messages - 1) / (last - first))
sys.stdout.flush()
worker.stop(timeout=1000)
