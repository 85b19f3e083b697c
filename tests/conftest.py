"""Every test sees eight CPU devices, so that meshes can be tested on any machine, and the same drawn examples."""

import atexit
import contextlib
import os
import shutil
import sys
import tempfile

# Most of the tests' time is XLA's, whose programs are tiny here and run once: they are compiled without optimization.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    + " --xla_llvm_disable_expensive_passes=true"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Arrays of different ranks do not broadcast, here and in the processes that tests start: a missing axis that happens to
# fit would be a wrong result. Whoever means it says which axis it is, x_BLD * scale_D[None, None].
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
sys.path.insert(0, os.path.dirname(__file__))

# What one test compiles is there for the others, in every worker and in the processes that tests start: whoever comes
# first makes the folder, and takes it away at the end.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="flan_jax_tests_")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

with contextlib.suppress(ImportError):  # Beam's environment has no hypothesis, and no test there draws examples
    from hypothesis import settings

    # The same examples for everybody: a property that fails here fails there. No deadline, as machines may be busy.
    settings.register_profile("fixed", derandomize=True, max_examples=50, deadline=None, database=None)
    settings.load_profile("fixed")

# Before any test takes registrations back (`restored`): a module is imported once, so that what it registers inside a
# test would be lost to those after it, in whichever worker that happens to be.
import own_tasks  # noqa: F401
