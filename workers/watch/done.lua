-- Notes up to which offset of a partition the whole step has its effects.
-- KEYS: meta
-- ARGV: next offset, what this worker knows to be noted ('': the partition is not its own any more), seconds meta lives
-- Answers 1; 0 if Redis has less than this worker noted: it was set back.

local done = tonumber(redis.call('HGET', KEYS[1], 'done') or '0')
if ARGV[2] == '' then
  -- Its new owner may be further.
  if tonumber(ARGV[1]) <= done then return 1 end
elseif done < tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], 'done', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
