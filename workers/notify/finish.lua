-- Write down what came of an attempt, with its records for Kafka, in one step. Answers 1 if it counts, 0 if the lease
-- had passed to another worker meanwhile (a delivery counts even then).
-- KEYS: due, receiver, outbox, batches, group, then for each change that was told: alert, incident (whose message it
--       belongs to)
-- ARGV: order (JSON: token outcome now next_due keep ttl reason memo batch, tried, failures and open_until of the receiver,
--       disabled or "", failing: "" | an alert about the receiver, as JSON; changes {alert_id member sequence record_id
--       again {sequence at kind give_up_at} …} …), a record (JSON) for each change, then ids and values of further
--       records that go out only if it counts, in pairs
local o = cjson.decode(ARGV[1])
local due, receiver, outbox, batches, group = unpack(KEYS, 1, 5)

local function finish(change, key, incident, record)
  local function of(name) return change.sequence .. ':' .. name end
  redis.call('HSET', outbox, change.record_id, record)

  local held = redis.call('HMGET', key, of('lease'), of('outcome'), of('finished'), of('state'), 'stand', 'told',
                          of('alert'), of('group'), of('kind'))
  if held[3] == o.token then return 1 end -- the same command, sent again
  if held[2] ~= 'pending' or (held[1] ~= o.token and o.outcome ~= 'delivered') then return 0 end

  redis.call('HSET', key, of('finished'), o.token, of('reason'), o.reason, of('record'), record)
  redis.call('HDEL', key, of('lease'), of('what'))
  if o.outcome == 'retrying' then
    redis.call('ZADD', due, o.next_due, change.member)
    return 1
  end
  local left = {}
  for other in string.gmatch(redis.call('HGET', key, 'pending') or '', '[^,]+') do
    if other ~= change.sequence then left[#left + 1] = other end
  end
  redis.call('HSET', key, of('outcome'), o.outcome, of('ended_at'), o.now)
  redis.call('HDEL', key, of('alert'), of('batch'))
  redis.call('ZREM', due, change.member)
  if o.outcome == 'delivered' then redis.call('HSET', key, 'told', held[4], 'told_at', o.now) end
  -- A firing that failed stands for nothing any more: whatever takes its place must be told.
  if o.outcome == 'failed' and held[4] == 'firing' and held[5] == change.alert_id and held[6] ~= 'firing' then
    redis.call('HSET', key, 'stand', '')
  end
  if o.memo ~= '' then redis.call('HSET', incident, 'memo', o.memo) end
  if o.outcome == 'delivered' then -- what time was to bring about is reckoned anew
    local real = {}
    for _, other in ipairs(left) do
      local kind, attempts = unpack(redis.call('HMGET', key, other .. ':kind', other .. ':attempts'))
      if (kind or '') == '' or attempts ~= '0' then
        real[#real + 1] = other
      else
        redis.call('HDEL', key, other .. ':outcome', other .. ':alert')
        redis.call('ZREM', due, change.alert_id .. ':' .. other)
      end
    end
    left = real
  end
  if o.outcome == 'delivered' and #left == 0 then -- what time brings about, if nothing else is said of it before
    for _, timer in ipairs(change.again) do
      local function at(name) return timer.sequence .. ':' .. name end
      local member = change.alert_id .. ':' .. timer.sequence
      redis.call('HSET', key, at('outcome'), 'pending', at('state'), 'firing', at('alert'), held[7] or '',
                 at('kind'), timer.kind, at('attempts'), 0, at('accepted_at'), o.now, at('give_up_at'),
                 timer.give_up_at, at('group'), held[8] or '')
      redis.call('HDEL', key, at('finished'), at('begun'))
      left[#left + 1] = timer.sequence
      redis.call('ZADD', due, timer.at, member)
      if (held[8] or '') ~= '' then redis.call('HSET', group, 'm:' .. member, '') end
    end
    if #left > 0 then
      redis.call('EXPIRE', key, o.ttl)
      redis.call('EXPIRE', due, o.ttl)
      if (held[8] or '') ~= '' then redis.call('EXPIRE', group, o.ttl) end
    end
  end
  redis.call('HSET', key, 'pending', table.concat(left, ','))
  if #left == 0 then redis.call('EXPIRE', key, o.keep) end
  return 1
end

local counts = 0
for place, change in ipairs(o.changes) do
  counts = math.max(counts, finish(change, KEYS[4 + 2 * place], KEYS[5 + 2 * place], ARGV[1 + place]))
end
redis.call('EXPIRE', outbox, o.keep)
if counts == 0 then return 0 end
if o.batch ~= '' then
  if o.outcome == 'retrying' then redis.call('EXPIRE', batches, o.ttl) else redis.call('HDEL', batches, o.batch) end
end

if o.tried then
  redis.call('HSET', receiver, 'failures', o.failures, 'open_until', o.open_until)
  if o.disabled ~= '' then redis.call('HSETNX', receiver, 'disabled', o.disabled) end
  if o.outcome == 'delivered' then redis.call('HDEL', receiver, 'failing') end
end
local announced = o.failing == '' or redis.call('HSETNX', receiver, 'failing', o.failing) == 1
for i = 2 + #o.changes, #ARGV, 2 do
  if announced or string.sub(ARGV[i], 1, 7) ~= 'alerts|' then redis.call('HSET', outbox, ARGV[i], ARGV[i + 1]) end
end
return 1
