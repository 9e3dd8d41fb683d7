"""What is counted, and what is traced; nothing here knows what a chat is."""
