"""Inner loops of SASRec on a CPU: attention over whole histories, branches of one, and from the last place alone."""
