"""HTTP delivery: the client, one export attempt and the meaning of each response."""
