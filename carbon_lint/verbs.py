"""List the verbs of the command line: verb -> (module of `cli`, one line of help)."""

from __future__ import annotations

# Listed here and not discovered, so that `check` pays for nothing else.
VERBS = {
    "run": ("run", "run a command and measure its emissions, within a budget"),
    "gate": ("gate", "check a record against a budget"),
    "card": ("card", "write a record's figures into a model card"),
    "check": ("check", "lint model cards"),
    "doctor": ("doctor", "say what can be measured on this machine, and how"),
    "estimate": ("estimate", "say what a job would emit, before it runs"),
    "publish": ("publish", "commit a card to the Hugging Face Hub"),
    "find": ("find", "find models on the Hub by the emissions that their cards state"),
    "audit": ("audit", "judge every card of an organisation, or of a file of cards"),
    "verify": ("verify", "check a card's figure against its record and journal"),
    "merge": ("merge", "join the records of many nodes or attempts, nothing counted twice"),
    "recover": ("recover", "make the record of a run that was killed from its journal"),
    "ledger": ("ledger", "keep every run's record, and hold the month against the team's budget"),
    "report": ("report", "show a record: at the terminal, as a summary, as a comment"),
    "init": ("init", "propose workflow, hook and configuration for a repository"),
    "rules": ("rules", "list the rules, or explain one"),
}
