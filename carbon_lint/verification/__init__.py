"""Check a card's figure against the evidence: card, record, journal, and what attests the record."""
