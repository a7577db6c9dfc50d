"""The rules, without I/O, clock or randomness: who may reach what, what a code is worth, what passes on the wire."""
