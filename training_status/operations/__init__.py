"""What is done to whole runs: given up when they went silent, their old logs let go, taken out and put back."""
