"""One module for each group of commands: a few lines between what was typed and what is printed."""
