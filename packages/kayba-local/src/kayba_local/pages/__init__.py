"""HTML pages at the server's root: traces by folder, the tree of one trace, and insights."""
