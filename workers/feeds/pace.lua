-- May the host be asked now? Answers 0 and books the moment, or the milliseconds to wait.
-- KEYS: pace.  ARGV: now (0: by this server's clock), gap, hold; milliseconds. Hold above 0: leave the host alone so long.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local free = tonumber(redis.call('GET', KEYS[1]) or 0)
local hold = tonumber(ARGV[3])
if hold > 0 then
  free = math.max(free, now + hold)
elseif free > now then
  return free - now
else
  free = now + ARGV[2]
end
-- Kept longer than needed: a clock that is told to us need not run as this server's does.
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', string.format('%.0f', free - now + 3600000))
return 0
