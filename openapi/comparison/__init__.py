"""What a new contract and a new client change for those who use the old ones."""
