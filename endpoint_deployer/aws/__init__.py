"""What the command line reads from AWS, and what it asks AWS to do. It imports only the errors."""
