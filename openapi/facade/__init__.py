"""Renders ``Kayba`` and ``AsyncKayba`` from what the generator has parsed of the contract, and the contract itself."""
