"""Statistics of paired results. Knows nothing of papers: numbers in, numbers out.

Three units, never mixed. The *user*: results are averaged over seeds first, so that users times seeds are never counted
as if they were independent (`paired`). The *seed*, as a level of its own beside the users (`two_levels`, `bootstrap`).
The *data set*, when methods are ranked across several (`across`). `effects` says how large a difference is,
`correction` what many tests cost, `pooled` how much the deviation of several cells knows.
"""

from paper_tables.statistics.across import Friedman, cliques, critical_difference, friedman, posthoc
from paper_tables.statistics.bootstrap import bootstrap_means, percentiles, seed_weights, user_weights
from paper_tables.statistics.correction import LEVEL, holm, holm_within
from paper_tables.statistics.effects import common_language, paired_d, relative
from paper_tables.statistics.paired import detectable, interval, sign_flip, wilcoxon
from paper_tables.statistics.pooled import Pooled, pooled
from paper_tables.statistics.two_levels import Difference, seeds_needed, users_needed

__all__ = [
    "LEVEL",
    "Difference",
    "Friedman",
    "Pooled",
    "bootstrap_means",
    "cliques",
    "common_language",
    "critical_difference",
    "detectable",
    "friedman",
    "holm",
    "holm_within",
    "interval",
    "paired_d",
    "percentiles",
    "pooled",
    "posthoc",
    "relative",
    "seed_weights",
    "seeds_needed",
    "sign_flip",
    "user_weights",
    "users_needed",
    "wilcoxon",
]
