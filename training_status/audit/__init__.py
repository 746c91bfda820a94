"""The audit log: an entry for every action of an operator, stored in the transaction of the action."""
