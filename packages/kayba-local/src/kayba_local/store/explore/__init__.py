"""Questions about many traces: rows of lists, sums, facets, sessions, and the outline of one trace."""
