-- Takes one article's contribution into the counts of its partition, once: the article's guard says what is in already.
-- KEYS: meta, guard; if it counts: log of its hour, numbers of names (hash), names (string); log of what counted before, if any
-- ARGV: next offset, offset that this worker knows to be applied, event time or '', the field of meta that keeps the
--   newest of such times, expected guard or '', new guard or '', seconds the guard and the log live, seconds meta lives,
--   head of the record, source or '', then for each kind: number of ids, and the ids
-- A guard is kept with '@' and the place of its record in the log.
-- Answers: ok; lost (the counts are older than what this worker wrote: they must be rebuilt); moved (the guard changed).

local applied = tonumber(redis.call('HGET', KEYS[1], 'applied') or '0')
if applied < tonumber(ARGV[2]) then return 'lost' end
local guard = redis.call('GET', KEYS[2]) or ''
local before, place = string.match(guard, '^(.*)@(%d+)$')
if (before or '') ~= ARGV[5] then return 'moved' end

local function varint(number)
  local found = ''
  while number > 127 do
    found = found .. string.char(number % 128 + 128)
    number = math.floor(number / 128)
  end
  return found .. string.char(number)
end

-- The numbers of names, new ones where there are none yet.
local function numbered(names)
  if #names == 0 then return {} end
  local known = redis.call('HMGET', KEYS[4], unpack(names))
  local last, new = nil, {}
  for i = 1, #names do
    if not known[i] then
      last = last or redis.call('HLEN', KEYS[4])
      if redis.call('HSETNX', KEYS[4], names[i], last) == 1 then
        new[#new + 1] = names[i] .. '\n'
        known[i], last = last, last + 1
      else
        known[i] = redis.call('HGET', KEYS[4], names[i])
      end
    end
  end
  if #new > 0 then redis.call('APPEND', KEYS[5], table.concat(new)) end
  return known
end

if ARGV[6] ~= '' then
  if #KEYS == 6 and redis.call('STRLEN', KEYS[6]) > tonumber(place) then redis.call('SETRANGE', KEYS[6], place, '\0') end
  local names = {}
  if ARGV[10] ~= '' then names[1] = ARGV[10] end
  local at, counts = 11, {}
  while at <= #ARGV do
    local count = tonumber(ARGV[at])
    counts[#counts + 1] = count
    for i = at + 1, at + count do names[#names + 1] = ARGV[i] end
    at = at + 1 + count
  end
  local ids = numbered(names)
  local parts, n, length = {}, 0, 5
  if ARGV[10] ~= '' then
    parts[1], n = varint(ids[1] + 1), 1
  else
    parts[1] = varint(0)
  end
  for _, count in ipairs(counts) do
    parts[#parts + 1] = varint(count)
    for i = n + 1, n + count do parts[#parts + 1] = varint(tonumber(ids[i])) end
    n, length = n + count, length + 1 + count
  end
  local record = '\1' .. varint(length) .. ARGV[9] .. table.concat(parts)
  place = redis.call('APPEND', KEYS[3], record) - #record
  redis.call('SET', KEYS[2], ARGV[6] .. '@' .. place, 'EX', ARGV[7])
  for i = 3, 5 do redis.call('EXPIRE', KEYS[i], ARGV[7]) end
end
if tonumber(ARGV[1]) > applied then redis.call('HSET', KEYS[1], 'applied', ARGV[1]) end
if ARGV[3] ~= '' then
  local newest = redis.call('HGET', KEYS[1], ARGV[4])
  local time = tonumber(ARGV[3])
  if not newest or tonumber(newest) < time then redis.call('HSET', KEYS[1], ARGV[4], ARGV[3]) end
end
redis.call('EXPIRE', KEYS[1], ARGV[8])
return 'ok'
