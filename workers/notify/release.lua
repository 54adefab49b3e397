-- What muted some changes has ended: each that nobody has begun to send is due now.
-- KEYS: due, muted, then the alert of each change
-- ARGV: now, then for each change its member and its sequence
local due, muted = KEYS[1], KEYS[2]
for place = 3, #KEYS do
  local member, sequence = ARGV[2 * place - 4], ARGV[2 * place - 3]
  local outcome, attempts = unpack(redis.call('HMGET', KEYS[place], sequence .. ':outcome', sequence .. ':attempts'))
  if outcome == 'pending' and attempts == '0' then redis.call('ZADD', due, 'XX', 'LT', ARGV[1], member) end
  redis.call('HDEL', muted, member)
end
return 1
