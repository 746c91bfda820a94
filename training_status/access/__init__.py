"""Who may do what: tokens, roles, and the two together on a request."""
