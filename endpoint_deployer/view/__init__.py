"""What is printed: progress, differences and tables. It imports what is read, and calls nothing."""
