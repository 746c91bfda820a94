"""Access control: sessions, tokens, stream tickets, and the roles that they give."""
