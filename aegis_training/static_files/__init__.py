"""Static files: hashed names, collected once for each release, compressed, served with the headers that caches need."""
