"""The registry's schema, step by step. `gateway.stores.schema` runs these from the installed package."""
