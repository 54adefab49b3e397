-- Takes or renews the lease of a host. Answers its token, or 0 if another has it.
-- The token grows with each taking, so that what a former owner still writes can be told and refused.
-- KEYS: lease.  ARGV: poller, now (0: by this server's clock), length; milliseconds. Length 0 gives it back.
local now = tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local found = redis.call('HMGET', KEYS[1], 'owner', 'until', 'token')
local free = not found[1] or tonumber(found[2]) <= now
local mine = found[1] == ARGV[1]
if tonumber(ARGV[3]) == 0 then
  if mine then redis.call('HDEL', KEYS[1], 'owner', 'until') end
  return 0
end
if not free and not mine then return 0 end
local token = tonumber(found[3] or 0)
if free then token = token + 1 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', now + ARGV[3], 'token', token)
redis.call('EXPIRE', KEYS[1], 7776000)
return token
