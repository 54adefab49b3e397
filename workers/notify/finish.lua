-- Write down what came of an attempt, and its record for the topic `deliveries`, in one step. Answers 1 if it counts,
-- 0 if the lease had passed to another worker meanwhile (a delivery counts even then).
-- KEYS: due, task, outbox.
-- ARGV: member, token, outcome (delivered failed suppressed retrying), now, next_due or "", keep (s), reason,
--       record's id, record
local due, task, outbox = KEYS[1], KEYS[2], KEYS[3]
local member, token, outcome, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[6]

redis.call('HSET', outbox, ARGV[8], ARGV[9])
redis.call('EXPIRE', outbox, keep)

local held = redis.call('HMGET', task, 'lease', 'outcome', 'finished')
if held[3] == token then return 1 end -- the same command, sent again
if held[2] ~= 'pending' or (held[1] ~= token and outcome ~= 'delivered') then return 0 end

redis.call('HSET', task, 'finished', token, 'reason', ARGV[7])
redis.call('HDEL', task, 'lease')
if outcome == 'retrying' then
  redis.call('ZADD', due, ARGV[5], member)
else
  redis.call('HSET', task, 'outcome', outcome, 'ended_at', ARGV[4])
  redis.call('HDEL', task, 'alert')
  redis.call('EXPIRE', task, keep)
  redis.call('ZREM', due, member)
end
return 1
