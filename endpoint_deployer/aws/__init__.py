"""The calls of AWS by the command line. It imports only the errors."""
