"""A stand-in for a language model: rules that answer from the text of the prompt, and from nothing else."""
