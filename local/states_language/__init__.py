"""Amazon States Language, as strict as Step Functions reads it: paths, parameters, choices, retries and data limits.

Virtual time runs on it, and `local.aws.corrections` gives it to MiniStack. It holds what the project's definitions use
and refuses everything else; it imports nothing of the project.
"""
