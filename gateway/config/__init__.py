"""The YAML file as frozen, typed objects; every fault of a bad file at once, with its line and remedy (H3)."""
