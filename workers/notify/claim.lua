-- Take a parked task, so that no other worker sends it before the lease ends. Answers nil, or
-- {"send" | "untold", attempt, alert, trace_id, accepted_at, give_up_at}.
-- KEYS: due, task, firing (the task itself for a firing).   ARGV: member, now, token, lease_until, firing's member
local due, task, firing = KEYS[1], KEYS[2], KEYS[3]
local member, now, token = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local score = redis.call('ZSCORE', due, member)
if not score then return nil end
local outcome = redis.call('HGET', task, 'outcome')
if outcome ~= 'pending' then -- ended or expired: nothing is left to send
  redis.call('ZREM', due, member)
  return nil
end

local function claimed(what)
  local t = redis.call('HMGET', task, 'attempts', 'alert', 'trace_id', 'accepted_at', 'give_up_at')
  return {what, tonumber(t[1]), t[2] or '', t[3] or '', t[4], t[5]}
end

local what = 'send'
if firing ~= task then -- a retraction goes after its firing, and only to whom that reached
  local told = redis.call('HMGET', firing, 'outcome', 'lease')
  if told[1] == 'pending' then
    -- While the firing is under way look again soon: it will end long before its lease does.
    local after = now + 0.25
    if not told[2] then after = math.max(after, tonumber(redis.call('ZSCORE', due, ARGV[5]) or now)) end
    redis.call('ZADD', due, after, member)
    return nil
  end
  if told[1] ~= 'delivered' then what = 'untold' end
end

if redis.call('HGET', task, 'lease') == token then return claimed(what) end -- the same command, sent again
if tonumber(score) > now then return nil end
redis.call('HSET', task, 'lease', token)
if what == 'send' then redis.call('HINCRBY', task, 'attempts', 1) end
redis.call('ZADD', due, ARGV[4], member)
return claimed(what)
