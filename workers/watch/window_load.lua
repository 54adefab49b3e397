-- What a pattern holds around the earliest time that some articles bear on, as one consistent view.
-- KEYS: meta times sightings anchors rings outbox
-- ARGV: earliest time, timespan, reach (microseconds), article ids …
-- Answers: version, newest or "", floor or "", sightings and rings as JSON arrays, outbox as key, value, key, value …

local earliest = tonumber(ARGV[1])
for i = 4, #ARGV do
  local stored = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if stored and tonumber(stored) < earliest then earliest = tonumber(stored) end
end

local function since(distance)
  -- tostring would round: %.0f keeps every microsecond.
  return string.format('%.0f', earliest - tonumber(distance))
end

local function values(order, hash, from)
  local ids = redis.call('ZRANGEBYSCORE', order, from, '+inf')
  local found = {}
  for first = 1, #ids, 1000 do
    local part = redis.call('HMGET', hash, unpack(ids, first, math.min(first + 999, #ids)))
    for i = 1, #part do
      if part[i] then found[#found + 1] = part[i] end
    end
  end
  -- They are JSON already; one array is read much faster than many values.
  return '[' .. table.concat(found, ',') .. ']'
end

local meta = redis.call('HMGET', KEYS[1], 'version', 'newest', 'floor')
return {
  meta[1] or '0',
  meta[2] or '',
  meta[3] or '',
  values(KEYS[2], KEYS[3], since(ARGV[2])),
  values(KEYS[4], KEYS[5], since(ARGV[3])),
  redis.call('HGETALL', KEYS[6]),
}
