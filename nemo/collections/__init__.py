"""The collections of models, by domain, and `common`, what they share."""
