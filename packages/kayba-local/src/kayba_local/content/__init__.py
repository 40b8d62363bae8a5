"""Contents of spans as people read them: chat messages, documents, exceptions, text, media and other JSON.

Pages, previews and tools for agents use these readers, so a value reads alike everywhere.
"""
