"""The fault campaign: does what can happen to a run, over a thousand times, and says how each trial ended.

`make faults` runs it, and writes the table of docs/reliability.md. A *trial* does one fault (a kill, a call that fails,
a damaged file, a full disk, a nonsensical setting) to one command, takes the fault away, runs the command again, and
compares what is left with an undisturbed run:

    outcome              good  what it is
    same result          yes   it ended bit for bit as the undisturbed run, at once or when it was run again
    recovered and said   yes   exit 0, and a line that names the damaged file
    one line             yes   exit above 0, and the last line on standard error names the path or the setting
    silent               no    exit 0 with another result, and no word of it
    unclear              no    exit above 0 with a last line that names nothing
    traceback            no    a Python traceback
    lost                 no    the same command cannot go on when the fault is gone
    litter               no    all is right, but files of the run that was broken off stay for ever
    hang                 no    no end within the limit

Files: `shim.c` and `shim.py` (faults of system calls), `server.py` and `commands.py` (commands, quickly), `stages.py`
(the undisturbed run), `compare.py` and `outcomes.py` (how it ended), `bench.py` (one trial), a file for each family of
faults, `campaign.py` and `table.py` (all of it). Nothing of flan_jax knows of any of this.

Why a shim of our own rather than libfiu's `fiu-run` (Debian's fiu-utils 1.1), which lets POSIX calls fail: its points
have a probability or none, but no path, no "the n-th time" and no kill. It fails Python's own imports as readily as a
rename of a checkpoint, and no trial could say at which point it landed. What `shim.c` has beyond it is just that.
Python's audit hooks would see neither TensorStore's threads nor safetensors' Rust.
"""
