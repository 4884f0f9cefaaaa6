"""What the functions share: requests, plans, clean-up, drift, the adapters of AWS services, and the errors."""
