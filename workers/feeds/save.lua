-- Keeps the state of a feed if the lease of its host is still the writer's. Answers 1, or 0 if it is not.
-- KEYS: lease, feed.  ARGV: poller, token, now (0: by this server's clock), seconds to keep it, field, value, …
local now = tonumber(ARGV[3])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local found = redis.call('HMGET', KEYS[1], 'owner', 'until', 'token')
if found[1] ~= ARGV[1] or found[3] ~= ARGV[2] or tonumber(found[2]) <= now then return 0 end
for place = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[place], ARGV[place + 1])
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
