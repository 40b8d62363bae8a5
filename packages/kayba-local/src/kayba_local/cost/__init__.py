"""The cost of a request's body, counted on its bytes before anything is converted."""
