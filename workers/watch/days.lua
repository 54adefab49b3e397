-- Which days the stream has had articles of, each with its first event time: a set, whatever the order of arrival.
-- KEYS: days
-- ARGV: days kept before the newest, seconds to live, then for each: day (since 1970), event time

for i = 3, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if not known or tonumber(ARGV[i + 1]) < tonumber(known) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
local days = redis.call('HKEYS', KEYS[1])
local newest
for _, day in ipairs(days) do newest = math.max(newest or tonumber(day), tonumber(day)) end
for _, day in ipairs(days) do
  if tonumber(day) < newest - tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], day) end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 'ok'
