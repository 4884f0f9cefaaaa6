"""Many uploads for many endpoints at once: what becomes of them, what it takes, and what it would cost."""
