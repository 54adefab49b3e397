-- Park one state of one alert for one receiver, once. Answers {outcome, cause}; the same when asked again.
-- KEYS: due, task, firing (the alert that a human was told of; the task itself for a firing), superseded firings…
-- ARGV: member, now, give_up_at, ttl (s, pending), keep (s, ended), alert, trace_id, superseded_by, told ("1": taken as
--       told), firing's member, alert id, ids of the superseded alerts…
local due, task, firing = KEYS[1], KEYS[2], KEYS[3]
local member, now, keep = ARGV[1], ARGV[2], ARGV[5]

local known = redis.call('HMGET', task, 'outcome', 'cause')
if known[1] then return {known[1], known[2] or ''} end

local function close(key, outcome, cause, stands_for)
  redis.call('HSET', key, 'outcome', outcome, 'cause', cause, 'ended_at', now)
  if stands_for then redis.call('HSET', key, 'stands_for', stands_for) end
  redis.call('HDEL', key, 'alert', 'lease')
  redis.call('EXPIRE', key, keep)
  return {outcome, cause}
end

if ARGV[9] == '1' then return close(task, 'delivered', 'rebuilt') end

if firing ~= task then -- a retraction
  if ARGV[8] ~= '' then return close(task, 'suppressed', 'superseded') end
  local told = redis.call('HMGET', firing, 'outcome', 'attempts')
  if told[1] == 'pending' and tonumber(told[2] or '0') == 0 then
    redis.call('ZREM', due, ARGV[10])
    close(firing, 'suppressed', 'retracted')
    return close(task, 'suppressed', 'unsent')
  end
  if told[1] ~= 'pending' and told[1] ~= 'delivered' then return close(task, 'suppressed', 'untold') end
else
  for i = 4, #KEYS do
    local old = redis.call('HMGET', KEYS[i], 'outcome', 'cause', 'stands_for')
    local counts = old[1] == 'pending' or old[1] == 'delivered'
        or (old[1] == 'suppressed' and (old[2] == 'supersedes' or old[2] == 'superseded'))
    if counts then return close(task, 'suppressed', 'supersedes', old[3] or ARGV[8 + i]) end
  end
  for i = 4, #KEYS do -- should a superseded alert come in after this one, it is not told either
    if redis.call('EXISTS', KEYS[i]) == 0 then close(KEYS[i], 'suppressed', 'superseded', ARGV[11]) end
  end
end

redis.call('HSET', task, 'outcome', 'pending', 'cause', '', 'alert', ARGV[6], 'trace_id', ARGV[7], 'attempts', 0,
           'accepted_at', now, 'give_up_at', ARGV[3], 'firing', ARGV[10])
redis.call('EXPIRE', task, ARGV[4])
redis.call('ZADD', due, now, member)
redis.call('EXPIRE', due, ARGV[4])
return {'pending', ''}
