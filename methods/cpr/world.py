"""The learnt simulator as a file: what all anchors, strategies and k of a split and seed share."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Size, Tensor

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file
from methods.cpr.fit import World
from methods.cpr.posterior import Gaussian
from methods.cpr.simulator import Simulator

EXOGENOUS = ("alpha", "beta")


def save_world(world: World, file: Path) -> None:
    """Write a world as safetensors; its curves are not kept."""
    tensors = {f"simulator.{name}": tensor for name, tensor in world.simulator.state_dict().items()}
    for name in EXOGENOUS:
        posterior = getattr(world, name)
        tensors |= {f"{name}.mean": posterior.mean, f"{name}.deviation": posterior.deviation}
    with whole_file(file) as temporary:
        save_file({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, temporary)


def load_world(file: Path) -> World:
    """Read what `save_world` wrote. A file that is no world is an error that says so."""
    try:
        tensors = load_file(file)
        weights = {name.removeprefix("simulator."): tensor for name, tensor in tensors.items() if "simulator" in name}
        users, shown = weights["exposure.users.weight"].shape
        sizes = {
            "exposure_embedding": shown,
            "choice_embedding": weights["choice.users.weight"].shape[1],
            "length": len(weights["choice.weight"]),
            "initial_std": 1.0,  # of weights that are replaced at once
        }
        items = len(weights["exposure.weight"])
        posteriors = {name: Gaussian(tensors[f"{name}.mean"], tensors[f"{name}.deviation"]) for name in EXOGENOUS}
    except (SafetensorError, KeyError, ValueError, IndexError, TypeError) as error:
        raise BadInput(f"{file}: not a world of CPR ({error}); draw the pool again") from error
    simulator = Simulator(users, items, sizes)
    if shapes(weights) != shapes(simulator.state_dict()):
        raise BadInput(f"{file}: not a world of CPR (its weights are of other shapes); draw the pool again")
    simulator.load_state_dict(weights)
    return World(simulator, **posteriors, curves={})


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}
