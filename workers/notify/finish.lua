-- Write down what came of an attempt, with its records for Kafka, in one step. Answers 1 if it counts, 0 if the lease
-- had passed to another worker meanwhile (a delivery counts even then).
-- KEYS: due, alert, incident (whose message it belongs to), outbox, receiver
-- ARGV: order (JSON: alert_id member sequence token outcome now next_due keep reason memo record_id, tried, failures and
--       open_until of the receiver, disabled or "", failing: "" | an alert about the receiver, as JSON), record (JSON),
--       then ids and values of further records that go out only if it counts, in pairs
local o = cjson.decode(ARGV[1])
local due, key, incident, outbox, receiver = unpack(KEYS)

local function of(name) return o.sequence .. ':' .. name end

redis.call('HSET', outbox, o.record_id, ARGV[2])
redis.call('EXPIRE', outbox, o.keep)

local held = redis.call('HMGET', key, of('lease'), of('outcome'), of('finished'), of('state'), 'stand', 'told')
if held[3] == o.token then return 1 end -- the same command, sent again
if held[2] ~= 'pending' or (held[1] ~= o.token and o.outcome ~= 'delivered') then return 0 end

redis.call('HSET', key, of('finished'), o.token, of('reason'), o.reason, of('record'), ARGV[2])
redis.call('HDEL', key, of('lease'), of('what'))
if o.outcome == 'retrying' then
  redis.call('ZADD', due, o.next_due, o.member)
else
  local left = {}
  for other in string.gmatch(redis.call('HGET', key, 'pending') or '', '[^,]+') do
    if other ~= o.sequence then left[#left + 1] = other end
  end
  redis.call('HSET', key, of('outcome'), o.outcome, of('ended_at'), o.now, 'pending', table.concat(left, ','))
  redis.call('HDEL', key, of('alert'))
  redis.call('ZREM', due, o.member)
  if o.outcome == 'delivered' then redis.call('HSET', key, 'told', held[4]) end
  -- A firing that failed stands for nothing any more: whatever takes its place must be told.
  if o.outcome == 'failed' and held[4] == 'firing' and held[5] == o.alert_id and held[6] ~= 'firing' then
    redis.call('HSET', key, 'stand', '')
  end
  if #left == 0 then redis.call('EXPIRE', key, o.keep) end
end
if o.memo ~= '' then redis.call('HSET', incident, 'memo', o.memo) end

if o.tried then
  redis.call('HSET', receiver, 'failures', o.failures, 'open_until', o.open_until)
  if o.disabled ~= '' then redis.call('HSETNX', receiver, 'disabled', o.disabled) end
  if o.outcome == 'delivered' then redis.call('HDEL', receiver, 'failing') end
end
local announced = o.failing == '' or redis.call('HSETNX', receiver, 'failing', o.failing) == 1
for i = 3, #ARGV, 2 do
  if announced or string.sub(ARGV[i], 1, 7) ~= 'alerts|' then redis.call('HSET', outbox, ARGV[i], ARGV[i + 1]) end
end
return 1
