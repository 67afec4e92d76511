"""Messages a second through Celery on RabbitMQ: celery_bus.py URL consume|softfail MESSAGES

A worker of its own process takes tasks that were sent before. `consume` acknowledges each after it
ran (acks_late); `softfail` retries each in an hour, which publishes it anew.
"""

import os
import subprocess
import sys
import time
import uuid

from celery import Celery

URL = os.environ.get("PEER_URL") or sys.argv[1]
ACT = os.environ.get("PEER_ACT") or sys.argv[2]
QUEUE = os.environ.get("PEER_QUEUE") or f"celery-{uuid.uuid4().hex}"

app = Celery("celery_bus", broker=URL)
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=500,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


def note():
    os.write(int(os.environ["PEER_PIPE"]), b".")


@app.task(name="consume")
def consume(body):
    note()


@app.task(name="softfail", bind=True, max_retries=None)
def softfail(self, body):
    note()
    raise self.retry(countdown=3600)


def main():
    messages = int(sys.argv[3])
    task = {"consume": consume, "softfail": softfail}[ACT]
    with app.connection_for_write() as connection:
        with app.amqp.producer_pool.acquire(block=True):
            pass
        producer = app.amqp.Producer(connection)
        for _ in range(messages):
            task.apply_async(("x" * 100,), producer=producer)
    read, write = os.pipe()
    environment = dict(
        os.environ, PEER_URL=URL, PEER_ACT=ACT, PEER_QUEUE=QUEUE, PEER_PIPE=str(write)
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_bus", "worker", "--pool", "prefork",
         "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
        cwd=os.path.dirname(os.path.abspath(__file__)),
        env=environment,
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen, started = 0, None
    while seen < messages:
        seen += len(os.read(read, 65536))
        # Its start does not count.
        started = started or (time.monotonic(), seen)
    took = time.monotonic() - started[0]
    worker.terminate()
    worker.wait()
    print((messages - started[1]) / took)


if __name__ == "__main__":
    main()
