-- Take a parked change, so that no other worker sends it before the lease ends. Answers nil, or {"wait", until}
-- if the receiver must be left alone until then ("" for until somebody enables it), or
-- {"send" | "untold" | "expired", attempts, alert, trace_id, accepted_at, give_up_at, origin, reason, failures,
--  failing, memo}.
-- KEYS: due, alert, stood (the alert whose firing a retraction is about), incident (whose message it belongs to),
--       receiver
-- ARGV: order (JSON: member sequence now token lease_until interval circuit_after)
local o = cjson.decode(ARGV[1])
local due, key, stood, incident, receiver = unpack(KEYS)

local function of(name) return o.sequence .. ':' .. name end
local function get(k, name) return redis.call('HGET', k, name) end

local score = redis.call('ZSCORE', due, o.member)
if not score then return nil end
if get(key, of('outcome')) ~= 'pending' then -- ended or expired: nothing is left to send
  redis.call('ZREM', due, o.member)
  return nil
end

local function claimed(what)
  local t = redis.call('HMGET', key, of('attempts'), of('alert'), of('trace_id'), of('accepted_at'), of('give_up_at'),
                       of('origin'), of('reason'))
  local r = redis.call('HMGET', receiver, 'failures', 'failing')
  return {what, tonumber(t[1]), t[2] or '', t[3] or '', t[4], t[5], t[6] or '', t[7] or '', tonumber(r[1] or '0'),
          r[2] or '', get(incident, 'memo') or ''}
end

local function hold(what)
  redis.call('HSET', key, of('lease'), o.token, of('what'), what)
  redis.call('ZADD', due, o.lease_until, o.member)
  return claimed(what)
end

if get(key, of('lease')) == o.token then return claimed(get(key, of('what'))) end -- the same command, sent again
if tonumber(score) > o.now then return nil end

-- After what came before it of the same alert, and a retraction after the firing that it is about.
local function first_waiting(k)
  return string.match(get(k, 'pending') or '', '^[^,]+')
end
local function later(k, sequence)
  -- While that one is under way look again soon: it will end long before its lease does.
  local after = o.now + 0.25
  if not get(k, sequence .. ':lease') then
    local member = string.match(k, ':alert:(.*)$') .. ':' .. sequence
    after = math.max(after, tonumber(redis.call('ZSCORE', due, member) or o.now))
  end
  redis.call('ZADD', due, after, o.member)
  return nil
end
local front = first_waiting(key)
if front ~= o.sequence then return later(key, front) end
if get(key, of('state')) == 'retracted' then
  if stood ~= key and first_waiting(stood) then return later(stood, first_waiting(stood)) end
  if get(stood, 'told') ~= 'firing' then return hold('untold') end
end

local r = redis.call('HMGET', receiver, 'disabled', 'open_until', 'next_at', 'failures')
local open_until, next_at = tonumber(r[2] or '0'), tonumber(r[3] or '0')
local failing = tonumber(r[4] or '0') >= o.circuit_after
if r[1] or open_until > o.now then
  if o.now < tonumber(get(key, of('give_up_at'))) then
    return {'wait', r[1] and '' or string.format('%.3f', open_until)}
  end
  if r[1] or failing then return hold('expired') end -- else it only asked for a pause: the last try is made
end
if next_at > o.now then return {'wait', string.format('%.3f', next_at)} end
if o.interval > 0 then redis.call('HSET', receiver, 'next_at', string.format('%.3f', o.now + o.interval)) end
-- One worker at a time tries whether a receiver that failed so often is well again.
if failing then redis.call('HSET', receiver, 'open_until', o.lease_until) end
redis.call('HINCRBY', key, of('attempts'), 1)
return hold('send')
