-- What muted these changes has ended: each is looked at again, now, unless somebody is telling it or has tried to.
-- KEYS: due, muted, then the alert of each change
-- ARGV: now, then member and sequence of each
local due, muted = KEYS[1], KEYS[2]
for place = 3, #KEYS do
  local member, sequence = ARGV[2 * place - 4], ARGV[2 * place - 3]
  local attempts, lease = unpack(redis.call('HMGET', KEYS[place], sequence .. ':attempts', sequence .. ':lease'))
  -- A lease and the pause before the next try are scores, too: lowered, they would have it told by a second worker.
  if not lease and (attempts or '0') == '0' then redis.call('ZADD', due, 'XX', 'LT', ARGV[1], member) end
  redis.call('HDEL', muted, member)
end
return #KEYS - 2
