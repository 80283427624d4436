"""Files that try to do harm, and the proof that none of them does."""
