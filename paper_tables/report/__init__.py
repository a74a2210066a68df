"""The report of a scale: one self-contained page, made of nothing but files that other steps wrote."""
