"""Everything that runs a ledger again."""
