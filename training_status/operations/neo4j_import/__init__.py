"""Importing domains and training runs of the system before this one, from APOC's JSON export of its Neo4j."""
