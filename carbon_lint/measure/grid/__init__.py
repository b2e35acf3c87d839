"""Where the energy comes from and what a kilowatt-hour of it emits: a place, or the grid's own figure by the hour."""
