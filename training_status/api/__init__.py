"""The HTTP API: thin views over `ingest` and `read`."""
