"""The prefetch thread: order, bounded lead, errors at the step they belong to, no thread left behind."""

import threading
import time

import pytest

from flan_jax.data import prefetch


def _feed_threads():
    return [thread for thread in threading.enumerate() if thread.name == "flan_jax-feed"]


def test_batches_come_in_order_and_are_put():
    fed = list(prefetch(lambda step: {"x": step * 10}, 3, 9, put=lambda batch: batch["x"] + 1))
    assert [(item.step, item.batch) for item in fed] == [(step, step * 10 + 1) for step in range(3, 9)]
    assert all(item.wait_secs >= 0 for item in fed) and not _feed_threads()


def test_no_steps_no_batches():
    assert list(prefetch(lambda step: {}, 5, 5, put=lambda batch: batch)) == []


def test_never_more_than_depth_batches_ahead():
    made = []
    feed = prefetch(lambda step: made.append(step) or {}, 0, 50, put=lambda batch: batch, depth=3)
    for step in range(5):
        assert next(feed).step == step
        deadline = time.monotonic() + 5
        while len(made) < step + 1 + 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert made == list(range(step + 1 + 3))
    feed.close()
    assert not _feed_threads()


@pytest.mark.parametrize("place", ["make", "put"])
def test_an_error_reaches_the_caller_at_its_step(place):
    def fail(value, here):
        if here == place and value == 4:
            raise OSError("the disk is gone")
        return value

    feed = prefetch(lambda step: fail(step, "make"), 0, 10, put=lambda batch: fail(batch, "put"))
    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        for item in feed:
            seen.append(item.step)
    assert seen == [0, 1, 2, 3] and not _feed_threads()


def test_leaving_the_loop_ends_the_thread():
    for item in prefetch(lambda step: {}, 0, 1_000_000, put=lambda batch: batch):
        if item.step == 3:
            break
    deadline = time.monotonic() + 5
    while _feed_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not _feed_threads()


def test_wait_is_what_the_caller_waits():
    made = []

    def slow(step):
        time.sleep(0.3)
        return {}

    def put(batch):
        made.append(batch)
        return batch

    feed = prefetch(slow, 0, 4, put)
    assert next(feed).wait_secs > 0.2  # nothing was ready
    while len(made) < 3:  # the step takes longer than the feed
        time.sleep(0.01)
    assert next(feed).wait_secs < 0.1
    feed.close()


def test_depth_must_be_positive():
    with pytest.raises(ValueError, match="depth is 0"):
        prefetch(lambda step: {}, 0, 1, put=lambda batch: batch, depth=0)
