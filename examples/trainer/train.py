"""Train a BERT of random weights on 64 made-up rows: a few seconds on one core."""

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)
model = BertForSequenceClassification(
    BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
)
rows = [
    {"input_ids": torch.randint(0, 64, (8,)), "attention_mask": torch.ones(8, dtype=torch.long), "labels": index % 2}
    for index in range(64)
]
arguments = TrainingArguments(
    "out",
    num_train_epochs=2,
    per_device_train_batch_size=16,
    save_strategy="no",
    report_to="none",  # carbon-lint measures: a second meter would count the same energy
)
trainer = Trainer(model=model, args=arguments, train_dataset=rows)
trainer.train()
trainer.save_model("out")
