-- What a pattern holds around the earliest time that some articles bear on, as one consistent view.
-- KEYS: meta times sightings anchors rings outbox
-- ARGV: earliest time or "", lookback, reach (microseconds), 1 if the pattern waits, article ids …
-- Answers: version; newest, floor, settled, blind (each or ""); sightings and rings as JSON arrays; outbox as key, value, …

local meta = redis.call('HMGET', KEYS[1], 'version', 'newest', 'floor', 'settled', 'blind')
local earliest = tonumber(ARGV[1])
local function reach_back(moment)
  if moment and (not earliest or tonumber(moment) < earliest) then earliest = tonumber(moment) end
end
for i = 5, #ARGV do reach_back(redis.call('ZSCORE', KEYS[2], ARGV[i])) end
-- What waits and was never decided needs all that is there.
if ARGV[4] == '1' then
  if meta[4] then reach_back(meta[4]) else earliest = nil end
end

local function since(distance)
  -- tostring would round: %.0f keeps every microsecond.
  return earliest and string.format('%.0f', earliest - tonumber(distance)) or '-inf'
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

return {
  meta[1] or '0',
  meta[2] or '',
  meta[3] or '',
  meta[4] or '',
  meta[5] or '',
  values(KEYS[2], KEYS[3], since(ARGV[2])),
  values(KEYS[4], KEYS[5], since(ARGV[3])),
  redis.call('HGETALL', KEYS[6]),
}
