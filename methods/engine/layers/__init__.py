"""Parts of a network, and the inner loops behind them."""
