"""What a user without root's rights meets: files and folders that may not be read or written."""

import contextlib
import ctypes
import os

_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2  # the capabilities by which root reads and writes whatever the modes say


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextlib.contextmanager
def unprivileged():
    """In here modes of files hold for root too; for others nothing changes."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0
    before = sets[0].effective
    sets[0].effective = before & ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0


@contextlib.contextmanager
def mode(mode_of, *paths):
    """The files and folders have `mode_of` in here, and then their own mode again."""
    before = {path: path.stat().st_mode for path in paths}
    for path in reversed(paths):
        path.chmod(mode_of)
    try:
        with unprivileged():
            yield
    finally:
        for path in paths:
            path.chmod(before[path])
