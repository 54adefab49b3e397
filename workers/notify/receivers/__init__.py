"""How an alert looks to each kind of receiver. Rendering is pure; only `terminal` and `file` also write."""
