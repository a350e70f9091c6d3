"""bailian-wizard: from questions and answers in a file to a fine-tuned Qwen model on Alibaba Cloud Bailian."""

__version__ = "0.1.0"
