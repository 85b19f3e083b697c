"""Batches made and moved to the devices ahead of the step that needs them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

__all__ = ["FedBatch", "prefetch"]


class FedBatch(NamedTuple):
    """One step's batch on the devices, and how long the caller had to wait for it."""

    step: int
    batch: Any
    wait_secs: float


class _Failure(NamedTuple):
    error: BaseException


def prefetch(
    make_batch: Callable[[int], dict[str, Any]],
    start_step: int,
    stop_step: int,
    put: Callable[[dict[str, Any]], Any],
    depth: int = 2,
) -> Generator[FedBatch, None, None]:
    """Yields the batches of steps start_step..stop_step-1, `depth` of them made ahead by one background thread.

    make_batch: step -> host arrays. put: host arrays -> device arrays (it should only start the transfer, as
    `jax.device_put` does). An exception in either is raised here, at the step it belongs to. The thread ends when the
    last batch is made, when one fails, or when the iterator is closed (leaving a `for` loop over it lets go of it;
    call `close()` to wait for the thread).
    """
    if depth < 1:
        raise ValueError(f"depth is {depth}: at least 1 batch must be made ahead")
    return _prefetch(make_batch, start_step, stop_step, put, depth)


def _prefetch(
    make_batch: Callable[[int], dict[str, Any]],
    start_step: int,
    stop_step: int,
    put: Callable[[dict[str, Any]], Any],
    depth: int,
) -> Generator[FedBatch, None, None]:
    ready: queue.Queue[Any] = queue.Queue()
    slots = threading.Semaphore(depth)  # batches that may be made or lie ready; freed when the caller takes one
    stopped = threading.Event()

    def work() -> None:
        for step in range(start_step, stop_step):
            slots.acquire()
            if stopped.is_set():
                return
            try:
                ready.put(put(make_batch(step)))
            except BaseException as error:  # whatever it is belongs to the caller's thread
                ready.put(_Failure(error))
                return

    thread = threading.Thread(target=work, name="flan_jax-feed", daemon=True)
    thread.start()
    try:
        for step in range(start_step, stop_step):
            begin = time.perf_counter()
            item = ready.get()
            wait_secs = time.perf_counter() - begin
            if isinstance(item, _Failure):
                raise item.error
            slots.release()
            yield FedBatch(step, item, wait_secs)
    finally:
        stopped.set()
        slots.release()
        thread.join()
