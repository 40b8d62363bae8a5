"""Reading traces back: queries, decoding, and the views of a trace."""
