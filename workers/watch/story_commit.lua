-- Remembers what a batch of articles told, if nobody has written since the caller knew what is here.
-- KEYS: version, log, then the hash of each cell
-- ARGV: the version that the caller knows, or '*' for any; what makes the new one unique; newest span of time written;
--   seconds to live; entries that the log keeps; JSON of the places that change, null for all of them;
--   of how many cells, the first ones, the hash is to live longer; then for each cell: field, value
-- Answers: the new version; '' if somebody has written.
-- A version is its number, what makes it unique, and the newest span of time of which there are cells.

local version = redis.call('GET', KEYS[1]) or ''
if ARGV[1] ~= '*' and version ~= ARGV[1] then return '' end
for i = 3, #KEYS do
  local new = redis.call('HSET', KEYS[i], ARGV[2 * i + 2], ARGV[2 * i + 3])
  if i - 2 <= tonumber(ARGV[7]) or (new == 1 and redis.call('HLEN', KEYS[i]) == 1) then
    redis.call('EXPIRE', KEYS[i], ARGV[4])
  end
end
local number, newest = string.match(version, '^(%d+):%x*:(-?%d+)$')
newest = math.max(tonumber(newest or ARGV[3]), tonumber(ARGV[3]))
version = string.format('%d:%s:%d', (number or 0) + 1, ARGV[2], newest)
redis.call('SET', KEYS[1], version, 'EX', ARGV[4])
redis.call('RPUSH', KEYS[2], '["' .. version .. '",' .. ARGV[6] .. ']')
redis.call('LTRIM', KEYS[2], -ARGV[5], -1)
redis.call('EXPIRE', KEYS[2], ARGV[4])
return version
