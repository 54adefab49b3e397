-- Reads cells, one of each hash named.
-- KEYS: hash …, one for each cell
-- ARGV: field …
-- Answers: the cells, in order; '' where there is none.

local found = {}
for i = 1, #KEYS do found[i] = redis.call('HGET', KEYS[i], ARGV[i]) or '' end
return found
