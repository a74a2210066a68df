"""What methods are made of: data they are given, layers of networks, ways to fit, and the contracts of methods."""
