"""The augmentor: a probability of each action at each item, by the items up to it (eqs. 3 and 4).

It reads the original sequence. So the decisions of a sequence are independent of one another, as of a bandit.
"""

import torch
from torch import Tensor, nn

FORMS = ("softmax", "printed")
FLOOR = 1e-6


class Augmentor(nn.Module):
    """form: softmax, over the items up to each; printed: eq. 3 as it stands, a quotient of raw products, which may have
    any sign and size; a sum whose size is below FLOOR is moved there, and `floored` counts how often."""

    def __init__(self, catalogue: int, dim: int, longest: int, actions: int, form: str = "softmax") -> None:
        super().__init__()
        self.form, self.floored = form, 0
        self.items, self.positions = nn.Embedding(catalogue, dim), nn.Embedding(longest, dim)
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.act = nn.Linear(dim, actions, bias=False)
        for table in (self.items, self.positions):
            nn.init.normal_(table.weight, std=dim**-0.5)

    def states(self, items: Tensor) -> Tensor:
        """h_k, eq. 3. items (rows, width); result (rows, width, dim)."""
        vectors = self.items(items) + self.positions.weight[: items.shape[1]]
        products = self.query(vectors) @ self.key(vectors).transpose(1, 2) / vectors.shape[2] ** 0.5
        before = torch.ones(items.shape[1], items.shape[1], dtype=torch.bool, device=items.device).tril()
        if self.form == "softmax":
            shares = products.masked_fill(~before, -torch.inf).softmax(2)
        else:
            products = products * before
            sums = products.sum(2, keepdim=True)
            small = sums.abs() < FLOOR
            self.floored += int(small.sum())
            shares = products / torch.where(small, torch.where(sums < 0, -FLOOR, FLOOR), sums)
        return shares @ self.value(vectors)

    def forward(self, items: Tensor) -> Tensor:
        """log pi, eq. 4. Shape (rows, width, actions)."""
        return self.act(self.states(items)).log_softmax(2)
