"""The ledger of claims: what the papers' texts say of their results, tested on their numbers and on ours.

Read in this order: claim.py (an entry of claims.yaml), evidence.py (the rows it is tested on), kinds.py (the
statistics), decide.py (from a number to an answer), findings.py (all claims of a paper).
"""

from paper_tables.claims.claim import Claim, claims
from paper_tables.claims.findings import ledger

__all__ = ["Claim", "claims", "ledger"]
