"""What the service does by itself, with nobody asking: giving up runs that went silent, and letting old logs go."""
