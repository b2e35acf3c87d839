"""A real Trainer that shows its bar: of 2,000 steps of 0.1 s, with evaluations in between; run by the tests.

with_bar.py OUTPUT_DIR ENOUGH: it stops when there is a file ENOUGH, and after 100 steps at the earliest.
"""

import os
import sys
import time

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments


class ASlowStep(TrainerCallback):
    """Without it 2,000 steps of so small a model would be over before a forecast is made."""

    def on_step_end(self, args, state, control, **kwargs):
        time.sleep(0.1)
        control.should_training_stop = state.global_step >= 100 and os.path.exists(sys.argv[2])


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
    sys.argv[1],
    max_steps=2000,
    per_device_train_batch_size=16,
    eval_strategy="steps",
    eval_steps=50,
    logging_steps=25,
    save_strategy="no",
    use_cpu=True,
    report_to="none",
)
Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows, callbacks=[ASlowStep()]).train()
