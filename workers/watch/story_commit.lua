-- Remembers an article, its story and its text, if nothing of what they were found by has changed since it was read.
-- KEYS: hash of each cell that was read …, of the story's cell if it changes, of each cell that is written …
-- ARGV: number of cells that were read, 1 if the story changes or 0, articles it had (0: it was not there),
--   seconds to live, then of each cell read: its field and the length it had; the story's field; of each cell that is
--   written: its field and its value
-- Answers: 'ok', or 'moved' if somebody has written there since. Postings only grow until they are full, so their length
--   tells; a story begins with the number of its articles.

local reads, stories, lives = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4]
local at = 5
for i = 1, reads do
  if redis.call('HSTRLEN', KEYS[i], ARGV[at]) ~= tonumber(ARGV[at + 1]) then return 'moved' end
  at = at + 2
end
if stories == 1 then
  local story = redis.call('HGET', KEYS[reads + 1], ARGV[at])
  local articles = story and string.match(story, '^%[(%d+),') or '0'
  if articles ~= ARGV[3] then return 'moved' end
  at = at + 1
end
for i = reads + stories + 1, #KEYS do
  redis.call('HSET', KEYS[i], ARGV[at], ARGV[at + 1])
  redis.call('EXPIRE', KEYS[i], lives)
  at = at + 2
end
return 'ok'
