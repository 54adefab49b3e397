-- A poller says that it lives, or that it leaves, and hears who else lives and for how many milliseconds at least.
-- KEYS: pollers.  ARGV: poller, now (0: by this server's clock), how long it lives; all milliseconds. 0 leaves.
local now = tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if tonumber(ARGV[3]) > 0 then
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
local found = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for place = 2, #found, 2 do
  found[place] = string.format('%.0f', found[place] - now)
end
return found
