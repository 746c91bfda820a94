"""The HTTP interface: thin views over `ingest` and `read`."""
