"""The report of one execution: its data, and the page that shows them. Pure."""
