-- Reads cells.
-- KEYS: hash …
-- ARGV: JSON, a list of fields for each hash
-- Answers: the cells, in order; '' where there is none.

local found = {}
for i, fields in ipairs(cjson.decode(ARGV[1])) do
  for _, cell in ipairs(redis.call('HMGET', KEYS[i], unpack(fields))) do found[#found + 1] = cell or '' end
end
return found
