"""How fast articles are read, beside spaCy as it comes; memory, start-up, parity, scaling, and where the time goes."""
