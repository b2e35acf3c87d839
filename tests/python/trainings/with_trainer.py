"""Two epochs of a real transformers Trainer with our callback, inside `measure`; run by the tests.

with_trainer.py OUTPUT_DIR
"""

import sys
import time

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

from carbon_lint.callbacks import TrainerProgress


class ASlowStep(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        time.sleep(0.05)


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
    sys.argv[1], num_train_epochs=2, per_device_train_batch_size=8, save_strategy="no", use_cpu=True, report_to="none"
)
Trainer(model, arguments, train_dataset=rows, callbacks=[ASlowStep(), TrainerProgress()]).train()
