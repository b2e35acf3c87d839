"""The Hugging Face Hub: the only room that imports huggingface_hub."""
