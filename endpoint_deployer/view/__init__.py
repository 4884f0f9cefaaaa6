"""The printed output: progress, differences and tables. It calls nothing."""
