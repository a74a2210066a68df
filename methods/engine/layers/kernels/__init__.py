"""Inner loops of a CPU that torch would walk in several passes. Compiled at their first use, and kept beside the files.

They take numpy arrays, let other threads run, and use one core: what uses several calls them by `over_cores`.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from numba import config, njit
from numba.core.codegen import get_host_cpu_features
from numpy import ndarray
from torch import Tensor

# LLVM takes half of AVX-512's width by itself, because a core that takes all of it runs a little slower. Here torch's
# products take all of it anyway
if config.CPU_FEATURES is None and "+avx512f" in get_host_cpu_features():
    config.CPU_FEATURES = f"{get_host_cpu_features()},-prefer-256-bit"

# numba knows what it keeps by the file of a kernel alone: one that calls another's would not notice that one's changes
FILES = sorted(Path(__file__).parent.glob("*.py"))
KEPT = Path(config.CACHE_DIR or Path(__file__).parent / "__pycache__")
config.CACHE_DIR = str(KEPT / hashlib.sha256(b"".join(file.read_bytes() for file in FILES)).hexdigest()[:12])

# sums may be taken in another order, so that several numbers are added side by side, and a product and its sum be
# rounded once; all else is as written
compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})


def arrays(*tensors: Tensor) -> Iterator[ndarray]:
    """The tensors as kernels take them, without a copy."""
    return (each.numpy() for each in tensors)
