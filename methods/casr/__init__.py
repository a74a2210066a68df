"""CASR: counterfactual data-augmented sequential recommendation (Wang et al., SIGIR 2021)."""
