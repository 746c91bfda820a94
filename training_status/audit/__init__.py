"""Who did what: an entry for every act of an operator, in the transaction of the act itself."""
