"""Say where the energy comes from and what a kWh of it emits: a place, or the grid's own figure by the hour."""
