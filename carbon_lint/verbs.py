"""List the verbs of the command line: verb -> (module of `cli`, one line of help)."""

from __future__ import annotations

# Listed here and not discovered, so that `check` pays for nothing else.
VERBS = {
    "run": ("run", "run a command, measure it, and keep it within a budget"),
    "gate": ("gate", "check a record against a budget"),
    "card": ("card", "write a record's figures into a model card"),
    "check": ("check", "lint model cards"),
    "doctor": ("doctor", "show what can be measured on this machine, and how"),
    "estimate": ("estimate", "estimate a job before it runs"),
    "publish": ("publish", "commit a card to the Hugging Face Hub"),
    "find": ("find", "find models on the Hub by the emissions that their cards state"),
    "audit": ("audit", "check every card of an organisation, or of a file of cards"),
    "verify": ("verify", "check a card's figure against its record and journal"),
    "merge": ("merge", "add up the records of many nodes or attempts"),
    "recover": ("recover", "make the record of a run that was killed"),
    "ledger": ("ledger", "keep every run's record, and check the month against a budget"),
    "report": ("report", "show a record: at the terminal, as a page, a comment, a badge"),
    "init": ("init", "propose a workflow, a hook and a configuration"),
    "rules": ("rules", "list the rules, or explain one"),
}
