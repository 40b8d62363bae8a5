"""The pages at the server's root: traces by folder, and a trace's tree."""
