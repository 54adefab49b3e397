-- Takes one article's contribution into the counts of its partition, once: the article's guard says what is in already.
-- KEYS: meta guard buckets …
-- ARGV: next offset, offset that this worker knows to be applied, event time or "", the field of meta that keeps the
--   newest of such times, expected guard or "", new guard or "", seconds the guard lives, seconds meta lives,
--   then for each bucket: seconds it lives, number of members, then per member: its id, +1 or -1
-- Answers: ok; lost (the counts are older than what this worker wrote: they must be rebuilt); moved (the guard changed).

local applied = tonumber(redis.call('HGET', KEYS[1], 'applied') or '0')
if applied < tonumber(ARGV[2]) then return 'lost' end
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[5] then return 'moved' end

local at = 9
for i = 3, #KEYS do
  local lives, members = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  for _ = 1, members do
    local count = redis.call('ZINCRBY', KEYS[i], ARGV[at + 1], ARGV[at])
    if tonumber(count) <= 0 then redis.call('ZREM', KEYS[i], ARGV[at]) end
    at = at + 2
  end
  redis.call('EXPIRE', KEYS[i], lives)
end
if ARGV[6] ~= '' then redis.call('SET', KEYS[2], ARGV[6], 'EX', ARGV[7]) end
if tonumber(ARGV[1]) > applied then redis.call('HSET', KEYS[1], 'applied', ARGV[1]) end
if ARGV[3] ~= '' then
  local newest = redis.call('HGET', KEYS[1], ARGV[4])
  local time = tonumber(ARGV[3])
  if not newest or tonumber(newest) < time then redis.call('HSET', KEYS[1], ARGV[4], ARGV[3]) end
end
redis.call('EXPIRE', KEYS[1], ARGV[8])
return 'ok'
