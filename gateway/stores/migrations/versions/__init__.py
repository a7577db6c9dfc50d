"""One module per step; each is named by its revision."""
