-- Stores by what a pattern's state is collected from now on, if nobody changed the state since that was looked at.
-- KEYS: meta
-- ARGV: expected version, in_force, settled, blind, due (each or ""), seconds to live, by how much the version grows
-- Answers 1 if it was stored, else 0.

local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end
for place, name in ipairs({'in_force', 'settled', 'blind', 'due'}) do
  local found = ARGV[1 + place]
  if found ~= '' then redis.call('HSET', KEYS[1], name, found) else redis.call('HDEL', KEYS[1], name) end
end
redis.call('HINCRBY', KEYS[1], 'version', ARGV[7])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
