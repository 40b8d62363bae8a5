"""The comparison of a contract and a client with those of the last release."""
