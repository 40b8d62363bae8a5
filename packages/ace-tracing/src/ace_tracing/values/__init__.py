"""Any Python value as bounded JSON: what is looked at, how it is told, what the user's mask makes of it."""
