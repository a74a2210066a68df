"""CPR: counterfactual data from a simulated recommender and its users, for top-N recommendation (CIKM 2021)."""
