"""How torch stands when a cell begins."""

import subprocess
import sys

from workflow.cells.provenance import ROOT

ASKED = """
import torch
from workflow.cells.steps import prepare_torch
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True  # as an environment may have it
device = prepare_torch(1)
print(device.type, torch.get_num_threads(), torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision())
with torch.backends.cudnn.flags(enabled=False):  # as the search has it, which torch refuses where its switches disagree
    pass
print(torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
"""


def test_a_gpu_multiplies_with_all_bits_of_float32():
    asked = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = (line.split() for line in asked.stdout.splitlines())
    assert first[1:] == ["1", "False", "highest"] and second == ["False", "False"]
