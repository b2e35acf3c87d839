"""A real Trainer on a BERT of random weights, 64 rows, pushed to the Hub; run by the tests in its own environment.

tiny_bert.py OUTPUT_DIR MODEL_ID [REVISION [SEED]]

With ENDLESS in the environment it trains until it is stopped, makes the file `ready` at its first save, and saves and
pushes what it has when SIGTERM comes (`enable_jit_checkpoint`).
"""

import os
import pathlib
import sys

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

output_dir, model_id = sys.argv[1:3]
torch.manual_seed(0)
torch.set_num_threads(1)
model = BertForSequenceClassification(
    BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
)
rows = [
    {"input_ids": torch.randint(0, 64, (8,)), "attention_mask": torch.ones(8, dtype=torch.long), "labels": index % 2}
    for index in range(64)
]
is_endless = "ENDLESS" in os.environ


class Ready(TrainerCallback):
    def on_save(self, *_, **__):
        pathlib.Path("ready").touch()


arguments = TrainingArguments(
    output_dir,
    hub_model_id=model_id,
    hub_revision=sys.argv[3] if len(sys.argv) > 3 else None,
    push_to_hub=True,
    num_train_epochs=2,
    max_steps=1_000_000 if is_endless else -1,
    save_strategy="steps" if is_endless else "epoch",
    save_steps=500,
    save_total_limit=1 if is_endless else None,
    enable_jit_checkpoint=is_endless,
    per_device_train_batch_size=16,
    disable_tqdm=True,
    use_cpu=True,
    report_to=os.environ.get("REPORT_TO", "none"),
    seed=int(sys.argv[4]) if len(sys.argv) > 4 else 0,
)
trainer = Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[Ready] if is_endless else [])
trainer.train()
trainer.push_to_hub()
