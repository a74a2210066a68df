"""`make bench`: what this project's engine costs, beside RecBole, literal transcriptions and bare matrix products."""
