"""CASR's equations once more, sample by sample and item by item, without batches, branches or shared prefixes."""

import math

import torch


def observed_sample(windows, window, start, depth):
    """The history up to the sample's end, and the item that follows it."""
    history = [int(item) for item in windows.inputs[window, : start + depth]]
    return history, int(windows.targets[window, start + depth - 1])


def logits(model, history, place, delta):
    """Scores after the whole history, with `delta` added to the embedding of the item at `place`."""
    vectors = []
    for position, item in enumerate(history):
        vector = model.item_embedding.weight[item]
        vectors.append(vector + delta if position == place else vector)
    return model.item_scores(model.encode(torch.stack(vectors)[None]).states[0, len(history) - 1])


def probabilities(scores):
    weights = [math.exp(float(score) - float(max(scores))) for score in scores]
    return [weight / sum(weights) for weight in weights]


def next_item(sampler, history, place, delta):
    """Eq. 2 and the confidence."""
    with torch.no_grad():
        chances = probabilities(logits(sampler, history, place, delta))
    return max(range(len(chances)), key=chances.__getitem__), max(chances)


def candidates(split, item, choice):
    return [
        other
        for other in range(split.catalogue)
        if other != item and (choice == "all" or split.categories[other] == split.categories[item])
    ]


def spread(embedding):
    values = [float(value) for row in embedding.weight.detach() for value in row]
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def descend(loss_of, dim, weight, settings, scale):
    """Steps down the gradient, as long as the last curvature says; `loss_of` says whether Delta ends there, too."""

    def look(at):
        at = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        loss, ends = loss_of(at)
        return float(loss.detach()), torch.autograd.grad(loss, at)[0].tolist(), ends

    def dot(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True))

    point, curvature, reach = [0.0] * dim, 2 * weight, settings["rate"] * scale * math.sqrt(dim)
    loss, slope, ended = look(point)
    for _ in range(settings["steps"]):
        if ended:
            break
        steepness = math.sqrt(dot(slope, slope))
        length = min(reach, steepness / curvature) if curvature > 0 else reach
        step = [-length * each / steepness for each in slope]
        trial = [old + new for old, new in zip(point, step, strict=True)]
        its_loss, its_slope, ends = look(trial)
        curvature = (dot(its_slope, step) - dot(slope, step)) / length**2
        ended = length <= 1e-4 * math.sqrt(dot(trial, trial))
        if its_loss < loss:
            point, loss, slope, reach, ended = trial, its_loss, its_slope, 2 * reach, ended or ends
        else:
            reach = length / 4
    return torch.tensor(point, dtype=torch.float64)


def data_oriented(sampler, split, history, place, label, settings):
    """Eqs. 3 to 5: the replacement."""

    def loss_of(delta):
        scores = logits(sampler, history, place, delta)
        chance = scores.exp()[label] / scores.exp().sum()
        return (delta * delta).sum() + settings["alpha"] * chance, int(scores.argmax()) != label

    embedding = sampler.item_embedding
    delta = descend(loss_of, embedding.embedding_dim, 1.0, settings, spread(embedding))
    point = embedding.weight[history[place]].detach() + delta
    best, shortest = None, math.inf
    for item in candidates(split, history[place], settings["candidates"]):
        length = float(((point - embedding.weight[item].detach()) ** 2).sum())
        if length < shortest:
            best, shortest = item, length
    return best


def model_oriented(sampler, anchor, history, place, shift, settings):
    """Eq. 7: Delta of one round, on top of the `shift` of earlier rounds."""

    def loss_of(delta):
        scores_of_sampler = logits(sampler, history, place, shift + delta)
        scores_of_anchor = logits(anchor, history, place, shift + delta)
        weights = (settings["tau"] * scores_of_sampler).exp()
        chances = scores_of_anchor.exp() / scores_of_anchor.exp().sum()
        expected = sum(weights[item] * chances[item].log() for item in range(len(weights))) / weights.sum()
        return expected + settings["beta"] * (delta * delta).sum(), False

    scale = min(spread(sampler.item_embedding), spread(anchor.item_embedding))
    return descend(loss_of, sampler.item_embedding.embedding_dim, settings["beta"], settings, scale)
