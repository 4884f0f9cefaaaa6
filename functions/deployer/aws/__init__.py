"""One adapter for each AWS service; nothing else in this project calls AWS."""
