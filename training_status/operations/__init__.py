"""What operators do with whole runs: taking them out and putting them back."""
