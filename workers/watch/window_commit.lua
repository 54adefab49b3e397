-- Stores what arrivals changed in a pattern, if nobody else changed it since it was loaded; else nothing.
-- KEYS: meta times sightings bodies anchors rings alerts outbox
-- ARGV: expected version, newest, settled, due (each or ""), suppressed, horizon of sightings, horizon of rings,
--   alerts to keep, most sightings, seconds to live, by how much the version grows,
--   number of sightings, then for each: article id, time, sighting, body,
--   number of alerts, then for each: alert id, time, ring, alert,
--   number of announcements, then for each: key, value
-- Answers 1 if it was stored, else 0.

local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end

local at = 12
local function take(fields)
  local rows = {}
  for row = 1, tonumber(ARGV[at]) do
    rows[row] = {unpack(ARGV, at + 1 + (row - 1) * fields, at + row * fields)}
  end
  at = at + 1 + #rows * fields
  return rows
end

for _, row in ipairs(take(4)) do
  redis.call('ZADD', KEYS[2], row[2], row[1])
  redis.call('HSET', KEYS[3], row[1], row[3])
  redis.call('HSET', KEYS[4], row[1], row[4])
end
for _, row in ipairs(take(4)) do
  redis.call('ZADD', KEYS[5], row[2], row[1])
  redis.call('HSET', KEYS[6], row[1], row[3])
  redis.call('HSET', KEYS[7], row[1], row[4])
end
for _, row in ipairs(take(2)) do
  redis.call('HSET', KEYS[8], row[1], row[2])
end

local function drop(order, ids, ...)
  for first = 1, #ids, 1000 do
    local last = math.min(first + 999, #ids)
    redis.call('ZREM', order, unpack(ids, first, last))
    for _, hash in ipairs({...}) do
      redis.call('HDEL', hash, unpack(ids, first, last))
    end
  end
end

for place, name in ipairs({'settled', 'due'}) do
  local moment = ARGV[2 + place]
  if moment ~= '' then redis.call('HSET', KEYS[1], name, moment) else redis.call('HDEL', KEYS[1], name) end
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'newest', ARGV[2])
  drop(KEYS[2], redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[6]), KEYS[3], KEYS[4])
  local excess = redis.call('ZCARD', KEYS[5]) - tonumber(ARGV[8])
  if excess > 0 then
    local old = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. ARGV[7], 'LIMIT', 0, excess)
    drop(KEYS[5], old, KEYS[6], KEYS[7])
  end
end
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[9])
if surplus > 0 then
  local last = redis.call('ZRANGE', KEYS[2], surplus - 1, surplus - 1, 'WITHSCORES')
  redis.call('HSET', KEYS[1], 'floor', last[2])
  drop(KEYS[2], redis.call('ZRANGE', KEYS[2], 0, surplus - 1), KEYS[3], KEYS[4])
end
if ARGV[5] ~= '0' then redis.call('HINCRBY', KEYS[1], 'suppressed', ARGV[5]) end
redis.call('HINCRBY', KEYS[1], 'version', ARGV[11])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[10]) end
return 1
