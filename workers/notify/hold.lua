-- Hold a parked change back that nobody has begun to send, or end it unsent. Answers 1 if it counts, else 0.
-- KEYS: due, alert, muted, outbox
-- ARGV: order (JSON: member sequence now until outcome ("pending" holds it), cause, muted_by or "" (it is only too early),
--       keep record_id), record (JSON) or ""
local o = cjson.decode(ARGV[1])
local due, key, muted, outbox = unpack(KEYS)
local function of(name) return o.sequence .. ':' .. name end

local t = redis.call('HMGET', key, of('outcome'), of('attempts'), of('batch'), of('muted'))
local score = redis.call('ZSCORE', due, o.member)
if not score or t[1] ~= 'pending' or t[2] ~= '0' or (t[3] or '') ~= '' then return 0 end
if tonumber(score) > o.now then return 0 end
-- An alert's changes end in their order.
for sequence in string.gmatch(redis.call('HGET', key, 'pending') or '', '[^,]+') do
  if sequence == o.sequence then break end
  local kind, attempts = unpack(redis.call('HMGET', key, sequence .. ':kind', sequence .. ':attempts'))
  if (kind or '') == '' or attempts ~= '0' then
    redis.call('ZADD', due, math.max(o.now + 0.25, tonumber(redis.call('ZSCORE', due, string.match(key, ':alert:(.*)$')
      .. ':' .. sequence) or '0')), o.member)
    return 0
  end
end

if o.outcome == 'pending' then
  redis.call('ZADD', due, o.until_, o.member)
  if o.muted_by ~= '' then
    redis.call('HSET', muted, o.member, o.muted_by)
    redis.call('EXPIRE', muted, o.ttl)
    redis.call('EXPIRE', key, o.ttl)
    redis.call('EXPIRE', due, o.ttl)
    redis.call('HSET', key, of('muted'), o.muted_by, of('reason'), o.reason)
  end
else
  local left = {}
  for other in string.gmatch(redis.call('HGET', key, 'pending') or '', '[^,]+') do
    if other ~= o.sequence then left[#left + 1] = other end
  end
  redis.call('HSET', key, of('outcome'), o.outcome, of('cause'), o.cause, of('ended_at'), o.now,
             'pending', table.concat(left, ','))
  redis.call('HDEL', key, of('alert'))
  redis.call('ZREM', due, o.member)
  redis.call('HDEL', muted, o.member)
  if redis.call('HGET', key, 'told') ~= 'firing' then redis.call('HSET', key, 'stand', '') end
  if #left == 0 then redis.call('EXPIRE', key, o.keep) end
end
-- What mutes it is recorded once, not each time that somebody looks.
if ARGV[2] ~= '' and (o.outcome ~= 'pending' or t[4] ~= o.muted_by) then
  redis.call('HSET', key, of('record'), ARGV[2])
  redis.call('HSET', outbox, o.record_id, ARGV[2])
  redis.call('EXPIRE', outbox, o.keep)
end
return 1
