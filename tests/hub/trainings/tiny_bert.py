"""A real Trainer on a BERT of random weights, 64 rows, pushed to the Hub; run by the tests in its own environment.

tiny_bert.py OUTPUT_DIR MODEL_ID [REVISION]
"""

import os
import sys

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

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
arguments = TrainingArguments(
    output_dir,
    hub_model_id=model_id,
    hub_revision=sys.argv[3] if len(sys.argv) > 3 else None,
    push_to_hub=True,
    num_train_epochs=2,
    save_strategy="epoch",
    per_device_train_batch_size=16,
    disable_tqdm=True,
    use_cpu=True,
    report_to=os.environ.get("REPORT_TO", "none"),
    seed=int(sys.argv[4]) if len(sys.argv) > 4 else 0,
)
trainer = Trainer(model=model, args=arguments, train_dataset=rows)
trainer.train()
trainer.push_to_hub()
